/// Whoever holds the oldest snapshot, when it is old: vacuum cannot remove what it may still see, in any database.
enum OldSnapshotRule {
    static func findings(_ situation: Situation) -> [Finding] {
        guard let oldest = situation.server?.snapshotHolders.max(by: { $0.transactions < $1.transactions }) else {
            return []
        }
        let age = situation.age(of: oldest.since)
        // A run's own snapshot goes with it, and a holder that has ended since the catalogs were read is no holder.
        guard situation.runOfSession[oldest.pid] == nil, isStillThere(oldest, situation) else { return [] }
        guard
            age >= situation.thresholds.oldSnapshot
                || oldest.transactions >= situation.thresholds.oldSnapshotTransactions
        else { return [] }
        let since = oldest.since == nil ? "" : " for \(age.readable)"
        let summary: String
        let actions: [Finding.Action]
        switch oldest.kind {
        case .session:
            summary = "pid \(oldest.pid) has held the oldest snapshot\(since)"
            let command =
                oldest.state == .active
                ? "SELECT pg_cancel_backend(\(oldest.pid))" : "SELECT pg_terminate_backend(\(oldest.pid))"
            actions = [
                .init("Ask \(oldest.user) whether it is still needed; if not, end it", command: command)
            ]
        case .preparedTransaction:
            summary = "Prepared transaction '\(oldest.name)' has held the oldest snapshot\(since)"
            actions = Blocker(
                PreparedTransaction(
                    gid: oldest.name, preparedAt: oldest.since ?? situation.now, owner: oldest.user,
                    database: oldest.database)
            ).removals(cancel: nil)
        case .slot:
            summary = "Replication slot \(oldest.name) holds back the cleanup of old rows"
            actions = [
                .init(
                    "Bring its consumer back; if it never comes back, drop the slot deliberately",
                    command: "SELECT pg_drop_replication_slot('\(oldest.name.replacing("'", with: "''"))')")
            ]
        case .standby:
            summary = "A query on replica \(oldest.name) holds back the cleanup of old rows (hot_standby_feedback)"
            actions = [.init("End the long query on the replica")]
        }
        return [
            situation.finding(
                .oldSnapshot, .warning, database: oldest.database, summary: summary,
                evidence: [
                    "\(oldest.transactions.readable("transaction")) began since. Vacuum cannot remove what it may still see, in any table: they grow, and what is in them gets slower."
                ], actions: actions, weight: Double(oldest.transactions))
        ]
    }

    private static func isStillThere(_ holder: SnapshotHolder, _ situation: Situation) -> Bool {
        guard holder.kind == .session, situation.observation != nil else { return true }
        return situation.sessions[holder.pid]?.transactionStart == holder.since
    }
}
