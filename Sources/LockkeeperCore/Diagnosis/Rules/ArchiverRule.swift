/// WAL that cannot be archived: it stays on the disk until that is full, and then the server stops.
enum ArchiverRule {
    static func findings(_ situation: Situation) -> [Finding] {
        guard let archiver = situation.server?.archiver, archiver.isFailing else { return [] }
        let since = archiver.lastArchivedAt ?? archiver.statisticsSince
        let age = situation.age(of: since)
        var evidence = [
            archiver.lastArchivedAt == nil
                ? "Nothing has ever been archived since its statistics began."
                : "The last file was archived \(age.readable) ago.",
            "\(archiver.failedCount.readable("attempt")) failed, the last \(situation.age(of: archiver.lastFailedAt).readable) ago\(archiver.lastFailedFile.map { " with \($0)" } ?? "").",
        ]
        if let bytes = situation.server?.walFolderBytes { evidence.append("pg_wal holds \(bytes.readableBytes).") }
        return [
            situation.finding(
                .archiver, age >= situation.thresholds.archiverCritical ? .critical : .warning,
                summary: "WAL cannot be archived", evidence: evidence,
                actions: [
                    .init("The server's log has the error of archive_command; mend it: place, network, permission"),
                    .init("Start no migration that writes much before", command: "SELECT * FROM pg_stat_archiver"),
                    .init("Never delete files in pg_wal by hand"),
                ], weight: age.inSeconds)
        ]
    }
}
