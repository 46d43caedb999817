/// Dumps and base backups that run: an ALTER TABLE would wait for them, and everyone else behind it.
enum BackupRule {
    static func findings(_ situation: Situation) -> [Finding] {
        let dumps = (situation.observation?.sessions ?? []).filter {
            situation.blocker($0).isDump && $0.state != .idle
                || $0.backendType == "walsender" && $0.query.uppercased().hasPrefix("BASE_BACKUP")
        }
        // A parallel dump has many sessions.
        let groups = Dictionary(grouping: dumps) { "\($0.database)\u{1F}\($0.clientAddress)\u{1F}\($0.applicationName)" }
        return groups.values.compactMap { sessions in
            guard let oldest = sessions.min(by: { ($0.backendStart, $0.pid) < ($1.backendStart, $1.pid) }),
                sessions.allSatisfy({ situation.graph.victims(of: [$0.pid]).isEmpty })
            else { return nil }
            let blocker = situation.blocker(oldest)
            let age = situation.age(of: oldest.backendStart)
            let isDump = blocker.isDump
            let tables = Set(
                sessions.flatMap { situation.locks[$0.pid, default: []] }.filter { $0.relation?.isTable == true }
                    .compactMap { $0.relation?.oid })
            return situation.finding(
                .backup, .info, database: oldest.database,
                summary: "A \(isDump ? "pg_dump" : "base backup") has been running for \(age.readable)",
                evidence: isDump
                    ? [
                        "It is \(blocker.described(at: situation.now)), and holds ACCESS SHARE on \(tables.count.readable("table")) until it ends.",
                        "An ALTER TABLE of one of them would wait for it, and everyone else behind the ALTER TABLE.",
                    ] : ["It is \(blocker.described(at: situation.now)). It blocks no migration, but shares the disk with it."],
                actions: [
                    isDump
                        ? .init("Start no migration before it has ended, or give the migration a lock_timeout")
                        : .init("Nothing: let it end")
                ], weight: age.inSeconds)
        }
    }
}
