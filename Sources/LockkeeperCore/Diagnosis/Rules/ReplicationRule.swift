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
        let isMuch = max(kept, slot.lagBytes ?? 0) >= situation.thresholds.replicationLag
        guard isLost || isInDanger || isMuch else { return nil }
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
        let drop = Finding.Action(
            "If its consumer never comes back, drop it deliberately: what was kept for it is gone then",
            command: slot.remedy)
        let summary: String
        let severity: Severity
        var actions: [Finding.Action]
        if isLost {
            summary = "Replication slot \(slot.name) has lost what it needs and is of no use any more"
            severity = .warning
            actions = [.init("Build its consumer anew from a fresh copy"), drop]
        } else if slot.isActive {
            summary = "Replication slot \(slot.name) lags by \(max(slot.lagBytes ?? 0, kept).readableBytes)"
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
            .replicationSlot, severity, database: slot.database, summary: summary, evidence: evidence,
            actions: actions, weight: Double(kept))
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
