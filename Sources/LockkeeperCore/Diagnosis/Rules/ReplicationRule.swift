/// Replication slots that keep WAL for nobody or lose what they need, and replicas that lag: a migration that writes much makes it worse.
enum ReplicationRule {
    static func findings(_ situation: Situation) -> [Finding] {
        guard let server = situation.server else { return [] }
        return server.slots.filter { !$0.isTemporary }.compactMap { finding($0, server, situation) }
            // One that uses a slot is told of by its slot.
            + server.replicas.filter { $0.slot == nil && !$0.isBackup }.compactMap { finding($0, situation) }
    }

    private static func finding(
        _ slot: ReplicationSlot, _ server: ServerHealth, _ situation: Situation
    ) -> Finding? {
        let kept = max(slot.retainedBytes ?? 0, 0)
        let isLost = slot.walStatus == "lost" || slot.invalidation != nil
        let isInDanger = slot.walStatus == "unreserved" || (slot.safeWALBytes ?? .max) <= 0
        let lag = slot.lagBytes ?? 0
        let isBehind = lag >= situation.thresholds.replicationLag
        guard isLost || isInDanger || isBehind || kept >= situation.thresholds.replicationLag else { return nil }
        let kind = slot.isLogical ? "Logical" : "Physical"
        var evidence = ["\(kind) slot; \(kept.readableBytes) of WAL are kept for it."]
        if let lag = slot.unconfirmedBytes, slot.isLogical {
            evidence.append("Its receiver has not confirmed \(lag.readableBytes).")
        }
        if let status = slot.walStatus, status != "reserved" { evidence.append("Its wal_status is \(status).") }
        if let safe = slot.safeWALBytes {
            evidence.append("It is lost after \(max(0, safe).readableBytes) more of WAL.")
        }
        if let bytes = server.walFolderBytes { evidence.append("pg_wal holds \(bytes.readableBytes).") }
        if let since = slot.inactiveSince {
            evidence.append("Nobody has used it for \(situation.age(of: since).readable).")
        }
        // The server refuses to drop one that is in use.
        let drop =
            slot.isActive
            ? Finding.Action(
                "If it is not needed any more, stop its consumer\(slot.activePID.map { " (pid \($0))" } ?? ""), and drop it then: what was kept for it is gone"
            )
            : Finding.Action(
                "If its consumer never comes back, drop it deliberately: what was kept for it is gone then",
                command: slot.remedy)
        let summary: String
        let severity: Severity
        var actions: [Finding.Action]
        var blockers: [Blocker] = []
        if isLost {
            summary = "Replication slot \(slot.name) has lost what it needs and is of no use any more"
            severity = .warning
            actions = [.init("Build its consumer anew from a fresh copy"), drop]
        } else if slot.isActive, slot.isLogical, !isBehind {
            // Its consumer has confirmed what it was sent. What a transaction has written is sent when it commits: until then WAL is
            // kept from the begin of the oldest one on.
            summary =
                "Replication slot \(slot.name) keeps \(kept.readableBytes) of WAL, though its consumer has caught up"
            severity = isInDanger ? .critical : .warning
            let oldest = oldestWriter(situation)
            evidence.append(
                "WAL is kept from the begin of the oldest transaction that has written something, whatever database it is in."
            )
            if let oldest { evidence.append("The oldest is \(oldest.blocker.described(at: situation.now)).") }
            blockers = oldest.map { [$0.blocker] } ?? []
            actions =
                oldest.map(actionsAgainst) ?? [
                    .init(
                        "No transaction is open for long any more: look again in a minute, the slot follows with the next checkpoint"
                    )
                ]
        } else if slot.isActive {
            summary = "Replication slot \(slot.name) lags by \(lag.readableBytes)"
            severity = isInDanger ? .critical : .warning
            actions = [
                .init("Let the migration pause, or its batches be smaller, until the consumer has caught up"),
                .init("Look what holds the consumer up: its disk, the network, a long transaction there"),
            ]
        } else {
            summary = "Replication slot \(slot.name), which nobody uses, keeps \(kept.readableBytes) of WAL"
            severity = isInDanger ? .critical : .warning
            actions = [.init("Bring its consumer back, before the disk is full"), drop]
        }
        if slot.isActive, isInDanger { actions.append(drop) }
        return situation.finding(
            .replicationSlot, severity, database: slot.database, summary: summary, evidence: evidence, about: blockers,
            actions: actions, weight: Double(kept))
    }

    /// The transaction that logical decoding must be able to begin with again: the oldest that has an id; `nil` where none is so old that it
    /// could be the cause.
    private static func oldestWriter(_ situation: Situation) -> (blocker: Blocker, isRun: Bool)? {
        let session = (situation.observation?.sessions ?? [])
            .filter { $0.transactionID != nil && $0.transactionStart != nil }
            .min { ($0.transactionID ?? 0, $0.pid) < ($1.transactionID ?? 0, $1.pid) }
        let prepared = situation.observation?.preparedTransactions.min {
            ($0.preparedAt, $0.gid) < ($1.preparedAt, $1.gid)
        }
        func isOld(_ begin: Timestamp?) -> Bool { situation.age(of: begin) >= situation.thresholds.idleTransaction }
        // A prepared transaction shows no begin: it is at least as old as its PREPARE.
        if let prepared, session?.transactionStart.map({ prepared.preparedAt <= $0 }) ?? true {
            return isOld(prepared.preparedAt) ? (Blocker(prepared), false) : nil
        }
        guard let session, isOld(session.transactionStart) else { return nil }
        return (situation.blocker(session), situation.runOfSession[session.pid] != nil)
    }

    private static func actionsAgainst(_ oldest: (blocker: Blocker, isRun: Bool)) -> [Finding.Action] {
        if oldest.isRun {
            return [
                .init("It is the migration: let it commit, and next time do as much in smaller transactions"),
                .init("If the disk gets full before that, end it (it rolls back)", command: oldest.blocker.remedy),
            ]
        }
        return oldest.blocker.removals(cancel: nil)
    }

    private static func finding(_ replica: Replica, _ situation: Situation) -> Finding? {
        guard let lag = replica.lagBytes, lag >= situation.thresholds.replicationLag else { return nil }
        let name = replica.applicationName.isEmpty ? replica.clientAddress : replica.applicationName
        return situation.finding(
            .replicationSlot, .warning, summary: "Replica \(name) lags by \(lag.readableBytes)",
            evidence: [
                "It is \(replica.state), \(replica.syncState)\(replica.replayLag.map { "; what it replays now was written \($0.readable) ago" } ?? "")."
            ],
            actions: [.init("Let the migration pause, or its batches be smaller, until the replica has caught up")],
            weight: Double(lag))
    }
}
