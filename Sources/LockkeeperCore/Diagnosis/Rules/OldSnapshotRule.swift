/// Whoever holds the oldest snapshot, when it is old: vacuum cannot remove what it may still see, in any database.
enum OldSnapshotRule {
    static func findings(_ situation: Situation) -> [Finding] {
        let holders = (situation.server?.snapshotHolders ?? []).sorted { $0.transactions > $1.transactions }
        // The oldest may be somebody whose matter it is not: a migration, one that has ended meanwhile. The next one is as much in the way.
        guard let holder = holders.first(where: { isTrouble($0, situation) }) else { return [] }
        let which = holder.transactions == holders.first?.transactions ? "the oldest snapshot" : "an old snapshot"
        let since = holder.since == nil ? "" : " for \(situation.age(of: holder.since).readable)"
        let summary: String
        let actions: [Finding.Action]
        switch holder.kind {
        case .session:
            summary = "pid \(holder.pid) has held \(which)\(since)"
            let command =
                holder.state == .active
                ? "SELECT pg_cancel_backend(\(holder.pid))" : "SELECT pg_terminate_backend(\(holder.pid))"
            actions = [
                .init("Ask \(holder.user) whether it is still needed; if not, end it", command: command)
            ]
        case .preparedTransaction:
            summary = "Prepared transaction '\(holder.name)' has held \(which)\(since)"
            actions = Blocker(
                PreparedTransaction(
                    gid: holder.name, preparedAt: holder.since ?? situation.now, owner: holder.user,
                    database: holder.database)
            ).removals(cancel: nil)
        case .slot where holder.isInUse:
            summary =
                "A query on the replica of slot \(holder.name) holds back the cleanup of old rows (hot_standby_feedback)"
            actions = [.init("End the long query on the replica")]
        case .slot:
            summary = "Replication slot \(holder.name) holds back the cleanup of old rows"
            actions = [holder.drop]
        case .slotCatalogs where holder.isInUse:
            summary = "Replication slot \(holder.name) holds back the cleanup of the system's catalogs"
            actions = [
                .init(
                    "See what keeps its consumer (pid \(holder.pid)) from confirming: its disk, its network, or a long transaction on this server"
                )
            ]
        case .slotCatalogs:
            summary = "Replication slot \(holder.name) holds back the cleanup of the system's catalogs"
            actions = [holder.drop]
        case .standby:
            summary = "A query on replica \(holder.name) holds back the cleanup of old rows (hot_standby_feedback)"
            actions = [.init("End the long query on the replica")]
        }
        let extent =
            holder.kind == .slotCatalogs
            ? "in the system's catalogs: they grow, with every table that is created or altered. Your own tables are cleaned up."
            : "in any table: they grow, and what is in them gets slower."
        return [
            situation.finding(
                .oldSnapshot, .warning, database: holder.database, summary: summary,
                evidence: [
                    "\(holder.transactions.readable("transaction")) began since. Vacuum cannot remove what it may still see, \(extent)"
                ], actions: actions, weight: Double(holder.transactions))
        ]
    }

    private static func isTrouble(_ holder: SnapshotHolder, _ situation: Situation) -> Bool {
        // A run's own snapshot goes with it, and a holder that has ended since the catalogs were read is no holder.
        guard situation.runOfSession[holder.pid] == nil, isStillThere(holder, situation) else { return false }
        if holder.transactions >= situation.thresholds.oldSnapshotTransactions { return true }
        // What a standby reports is renewed all the time, however long ago it connected.
        return holder.since != nil && holder.kind != .standby
            && situation.age(of: holder.since) >= situation.thresholds.oldSnapshot
    }

    private static func isStillThere(_ holder: SnapshotHolder, _ situation: Situation) -> Bool {
        guard holder.kind == .session, situation.observation != nil else { return true }
        return situation.sessions[holder.pid]?.transactionStart == holder.since
    }
}

extension SnapshotHolder {
    /// Of a slot: whether somebody is connected to it. One in use cannot be dropped.
    fileprivate var isInUse: Bool { pid != 0 }

    /// Of a slot.
    fileprivate var drop: Finding.Action {
        .init(
            "Bring its consumer back; if it never comes back, drop the slot deliberately",
            command: ReplicationSlot(name: name).remedy)
    }
}
