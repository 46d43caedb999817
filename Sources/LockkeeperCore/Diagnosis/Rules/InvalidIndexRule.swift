/// Indexes that a failed CREATE INDEX, REINDEX or DROP INDEX CONCURRENTLY has left behind.
enum InvalidIndexRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.catalogs.flatMap { reading in
            reading.invalidIndexes.map { finding($0, in: reading, situation) }
        }
    }

    private static func finding(
        _ index: InvalidIndex, in reading: CatalogReading, _ situation: Situation
    ) -> Finding {
        var evidence = ["It is on \(index.table), not valid, and nothing is building it: no query uses it."]
        if index.isReady {
            let size = index.estimatedBytes > 0 ? " (about \(index.estimatedBytes.readableBytes))" : ""
            evidence.append("Every write to the table maintains it all the same\(size).")
        }
        let drop = Finding.Action("Drop it; that holds up nobody's queries", command: index.remedy)
        let actions: [Finding.Action]
        switch index.leftover {
        case _ where !index.isLive:
            // Only the second half of a DROP leaves that.
            evidence.append("A DROP INDEX CONCURRENTLY has failed or was cancelled before it was through.")
            actions = [.init("Drop it again; that holds up nobody's queries", command: index.remedy)]
        case .none:
            let duplicates = index.isUnique ? "; of a unique one duplicate rows are the usual reason" : ""
            // Not ready: it was never filled. Ready: the last step of a CREATE and the first one of a DROP leave the same.
            let cause =
                index.isReady
                ? "A CREATE INDEX CONCURRENTLY has failed or was cancelled\(duplicates); or a DROP INDEX CONCURRENTLY was cancelled while it waited for others."
                : "A CREATE INDEX CONCURRENTLY has failed or was cancelled\(duplicates)."
            evidence.append("\(cause) A CREATE run again with IF NOT EXISTS silently keeps the invalid one.")
            actions = [
                drop,
                .init(
                    "Then\(index.isReady ? ", unless it was to be dropped," : "") create it anew with the migration's CREATE INDEX CONCURRENTLY; or, instead of both, rebuild it in its place",
                    command: "REINDEX INDEX CONCURRENTLY \(index.name)"),
            ]
        case .newCopy:
            evidence.append("It is the unfinished copy of a REINDEX CONCURRENTLY; the index itself is as it was.")
            actions = [drop, .init("Then run the REINDEX CONCURRENTLY again")]
        case .oldCopy:
            evidence.append("It is what a REINDEX CONCURRENTLY has replaced and could not drop; the new one is valid.")
            actions = [drop]
        }
        return situation.finding(
            .invalidIndex, .warning, database: reading.database, summary: "Index \(index.name) is invalid",
            evidence: evidence, actions: actions, weight: Double(index.estimatedBytes))
    }
}
