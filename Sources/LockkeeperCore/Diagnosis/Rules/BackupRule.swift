/// Dumps and base backups that run: an ALTER TABLE would wait for a dump, and everyone else behind it.
enum BackupRule {
    static func findings(_ situation: Situation) -> [Finding] {
        // A parallel dump has many sessions.
        let groups = Dictionary(grouping: situation.observation?.runningBackups ?? []) {
            [$0.kind.rawValue, $0.database, $0.applicationName, $0.user]
        }
        return groups.values.compactMap { backups in
            guard let oldest = backups.min(by: { ($0.since, $0.session.pid) < ($1.since, $1.session.pid) }),
                let session = situation.sessions[oldest.session.pid],
                // One that is in the way is told of with the queue.
                backups.allSatisfy({ situation.graph.victims(of: [$0.session.pid]).isEmpty })
            else { return nil }
            let blocker = situation.blocker(session)
            let age = situation.age(of: oldest.since)
            switch oldest.kind {
            case .dump:
                return situation.finding(
                    .backup, .info, database: oldest.database,
                    summary: "A pg_dump has been running for \(age.readable)",
                    evidence: [
                        "It is \(blocker.described(at: situation.now)), and holds ACCESS SHARE on every table that it dumps until it ends.",
                        "An ALTER TABLE of one of them would wait for it, and everyone else behind the ALTER TABLE.",
                    ],
                    actions: [.init("Start no migration before it has ended, or give the migration a lock_timeout")],
                    weight: age.inSeconds)
            case .baseBackup:
                let ratio =
                    oldest.progress?.current?.counter.ratio.map { ", \(Int(($0 * 100).rounded())) % done" } ?? ""
                return situation.finding(
                    .backup, .info, summary: "A base backup has been running for \(age.readable)\(ratio)",
                    evidence: [
                        "It is \(blocker.described(at: situation.now)). It blocks no migration, and shares the disk with it."
                    ], actions: [.init("Nothing: let it end")], weight: age.inSeconds)
            }
        }
    }
}
