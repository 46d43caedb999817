/// A migration tool's advisory lock that stays with a session which is no migration any more: a pooler handed the connection on, or its
/// client died. The next run of the tool waits for ever.
enum AdvisoryLockRule {
    static func findings(_ situation: Situation) -> [Finding] {
        (situation.observation?.sessions ?? []).compactMap { session in
            guard session.backendType == "client backend", let (lock, tool) = toolLock(of: session, situation) else {
                return nil
            }
            let waits = situation.waits(of: situation.graph.victims(of: [session.pid]))
                .filter { $0.wait.lock.advisoryKey == lock.advisoryKey }
            let waiters = Set(waits.map(\.wait.pid))
            let waited = situation.age(of: waits.first?.since)
            guard isOrphaned(session, tool, waiters: waiters, waited: waited, situation) else { return nil }
            let blocker = situation.blocker(session)
            let doing =
                session.state == .idle
                ? "It has been idle, outside of any transaction, for \(situation.age(of: session.stateChange).readable)."
                : "It runs a statement that has nothing to do with a migration."
            let waiting =
                waiters.isEmpty
                ? []
                : [
                    "\(waiters.count.readable("session")) wait\(waiters.count == 1 ? "s" : "") for it, the longest for \(waited.readable)."
                ]
            return situation.finding(
                .orphanedAdvisoryLock, .warning, database: session.database,
                summary:
                    "pid \(session.pid) holds \(tool.name)'s migration lock and runs no migration",
                evidence: [doing, "It is \(blocker.described(at: situation.now))."] + waiting + [
                    "An advisory lock of a session stays until the session ends: behind a pooler that may be never."
                ], about: [blocker],
                actions: [
                    .init(
                        "End the session: that gives the lock back",
                        command: "SELECT pg_terminate_backend(\(session.pid))"),
                    .init("Run \(tool.name) by a direct connection, not through the pooler"),
                ], weight: Finding.weight(sessions: waiters.count, lasting: waited))
        }
    }

    private static func toolLock(of session: Session, _ situation: Situation) -> (HeldLock, MigrationTool)? {
        for lock in situation.locks[session.pid, default: []] where lock.isGranted && lock.kind == .advisory {
            guard let key = lock.advisoryKey, let tool = MigrationTool.owning(key, database: session.database) else {
                continue
            }
            return (lock, tool)
        }
        return nil
    }

    /// Whether another session may be the one that works under the lock: by a change of the schema, for the same run, or by a transaction of
    /// the same program that is so long that the lock may well be kept for it, a backfill.
    private static func mayWork(_ other: Session, beside holder: Session, _ situation: Situation) -> Bool {
        let run = situation.runOfSession[holder.pid]?.id
        if run != nil, situation.runOfSession[other.pid]?.id == run {
            return other.state != .idle
                || situation.age(of: other.stateChange) < situation.thresholds.idleAdvisoryLock
        }
        guard other.state != .idle else { return false }
        if StatementClass.classify(other.query) == .schemaChange { return true }
        return other.user == holder.user && other.applicationName == holder.applicationName
            && situation.age(of: other.transactionStart ?? other.queryStart)
                >= situation.thresholds.idleAdvisoryLock
    }

    private static func isOrphaned(
        _ session: Session, _ tool: MigrationTool, waiters: Set<Int32>, waited: Duration, _ situation: Situation
    ) -> Bool {
        let thresholds = situation.thresholds
        // Some tools hold the lock by one connection and work by another.
        let isAtWork = (situation.observation?.sessions ?? []).contains { other in
            other.pid != session.pid && !waiters.contains(other.pid) && other.database == session.database
                && other.backendType == "client backend" && other.clientAddress == session.clientAddress
                && mayWork(other, beside: session, situation)
        }
        guard !isAtWork else { return false }
        switch session.state {
        case .idle: return situation.age(of: session.stateChange) >= thresholds.idleAdvisoryLock
        // Tools run all kinds of statements under their lock: only when another run has been kept waiting is it worth a doubt, and only
        // what began after that is unrelated to the lock for sure.
        case .active:
            let began = situation.age(of: session.transactionStart ?? session.queryStart)
            return waited >= thresholds.blockedMigration && began < waited
                && StatementClass.classify(session.query) == .other
                && !SQLLexer(session.query).contains { $0.name.map { MigrationTool.tellingTables[$0] != nil } ?? false }
        default: return false
        }
    }
}
