/// Queues for locks that no migration accounts for: what stands at the root of each, and what to cancel first.
enum LockQueueRule {
    /// Sessions, or prepared transactions, at the root of the same queue: a hundred readers, say.
    private struct Root {
        var owners: [LockOwner]
        var victims: Set<LockOwner>
    }

    static func findings(_ situation: Situation) -> [Finding] {
        roots(situation).compactMap { root in
            let waits = situation.waits(of: root.victims)
            guard let first = waits.first,
                situation.now - first.since >= situation.thresholds.lockQueue
                    || root.victims.count >= situation.thresholds.lockQueueSessions
            else { return nil }
            return finding(root, waits, situation)
        }
    }

    /// The worst roots, and whom each holds up besides those that runs' findings tell of.
    private static func roots(_ situation: Situation) -> [Root] {
        let graph = situation.graph
        guard !graph.isEmpty else { return [] }
        let members = Set(situation.runOfSession.keys.map(graph.owner(of:)))
        let accounted = members.union(graph.victims(of: members))
        let counts = graph.victimCounts(of: graph.rootBlockers.subtracting(members))
        // Each walk is linear in the queue: only the worst are walked from.
        let worst = counts.sorted { ($0.value, $1.key.order) > ($1.value, $0.key.order) }.prefix(Diagnosis.limit * 5)
        var roots: [Root] = []
        for owner in worst.map(\.key) {
            let victims = graph.victims(of: [owner]).subtracting(accounted)
            guard !victims.isEmpty else { continue }
            if let index = roots.firstIndex(where: { $0.victims == victims }) {
                roots[index].owners.append(owner)
            } else {
                roots.append(Root(owners: [owner], victims: victims))
            }
        }
        return roots
    }

    private static func finding(
        _ root: Root, _ waits: [(wait: LockWait, since: Timestamp)], _ situation: Situation
    ) -> Finding? {
        guard let observation = situation.observation else { return nil }
        let now = situation.now
        let count = root.victims.count
        let longest = situation.age(of: waits.first?.since)
        let blockers = root.owners.compactMap {
            Blocker($0, in: observation, sessions: situation.sessions, privacy: situation.privacy)
        }.sorted { ($0.transactionStart ?? now, $0.pid) < ($1.transactionStart ?? now, $1.pid) }
        guard let first = blockers.first else { return nil }
        let isLong = longest >= situation.thresholds.blockedTraffic
        let severity: Severity =
            isLong && count >= situation.thresholds.manySessions
            ? .critical : isLong || count >= situation.thresholds.lockQueueSessions ? .warning : .info
        var objects: [String] = []
        for wait in waits.map(\.wait.readable) where !objects.contains(wait) { objects.append(wait) }
        let others = blockers.count > 1 ? " and \((blockers.count - 1).readable("other"))" : ""
        let shown = blockers.prefix(3)
        var evidence = [
            "The longest has waited for \(longest.readable). Wanted: \(objects.readable(limit: 3)).",
            "At the root: \(shown.map { $0.described(at: now) }.joined(separator: "; "))\(blockers.count > 3 ? " and \(blockers.count - 3) more" : "").",
        ]
        evidence += shown.compactMap(\.peculiarity)
        var actions: [Finding.Action] = []
        let gate = gate(root, waits, situation)
        if let gate {
            evidence.append(
                "\(gate.behind.readable("session")) of them wait\(gate.behind == 1 ? "s" : "") behind the waiting pid \(gate.wait.pid), which wants \(gate.wait.readable)."
            )
            actions.append(
                .init(
                    "Let the queue go by cancelling the waiting pid \(gate.wait.pid) first; retry it with lock_timeout set",
                    command: "SELECT pg_cancel_backend(\(gate.wait.pid))"))
        }
        actions += shown.flatMap { $0.removals(cancel: nil) }
        // Where the waiters are: the root may be elsewhere, when it is about what all databases share.
        let place = waits.first.flatMap { situation.sessions[$0.wait.pid]?.database } ?? first.database
        return situation.finding(
            shown.lazy.compactMap(\.verdict).first ?? .lockQueue, severity, database: place,
            summary:
                "\(count.readable("session")) wait\(count == 1 ? "s" : "") for locks behind \(first.name)\(others)",
            evidence: evidence,
            about: shown + [gate.flatMap { situation.sessions[$0.wait.pid] }.map(situation.blocker)].compactMap(\.self),
            actions: actions, weight: Finding.weight(sessions: count, lasting: longest))
    }

    /// The waiting session with the most others behind it: the one to cancel first.
    private static func gate(
        _ root: Root, _ waits: [(wait: LockWait, since: Timestamp)], _ situation: Situation
    ) -> (wait: LockWait, behind: Int)? {
        // Only what wants a strong lock makes others queue; rows' locks are queued for one by one. Whoever came first has most behind it.
        let strong = waits.map(\.wait).filter { wait in
            // On a standby the replay waits as well, which no function cancels.
            wait.lock.kind == .relation && wait.mode >= .share
                && situation.sessions[wait.pid]?.backendType != "startup"
        }.prefix(5)
        let gates = strong.map { wait in
            (wait: wait, behind: situation.graph.victims(of: [wait.owner]).intersection(root.victims).count)
        }
        guard let best = gates.max(by: { ($0.behind, $1.wait.pid) < ($1.behind, $0.wait.pid) }), best.behind > 0 else {
            return nil
        }
        return best
    }
}

extension LockOwner {
    /// For a fixed order.
    fileprivate var order: String {
        switch self {
        case .session(let pid): "pid \(pid)"
        case .preparedTransaction(let gid): "gid \(gid)"
        }
    }
}
