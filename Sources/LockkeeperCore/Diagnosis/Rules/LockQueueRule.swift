/// Queues for locks that no migration accounts for: what stands at the root of each, and what to cancel first.
enum LockQueueRule {
    static func findings(_ situation: Situation) -> [Finding] {
        let accounted = accountedFor(situation)
        return situation.graph.rootBlockers.sorted().flatMap { root -> [Finding] in
            guard situation.runOfSession[root] == nil else { return [] }
            let victims = situation.graph.victims(of: [root]).subtracting(accounted)
            guard let first = situation.waits(of: victims).first,
                situation.now - first.since >= situation.thresholds.lockQueue
                    || victims.count >= situation.thresholds.lockQueueSessions
            else { return [] }
            return [finding(root, victims, situation)]
        }
    }

    /// The sessions of runs and those that wait behind one: their runs' findings tell of them.
    private static func accountedFor(_ situation: Situation) -> Set<Int32> {
        let pids = Set(situation.runOfSession.keys)
        return pids.union(situation.graph.victims(of: pids))
    }

    private static func finding(_ root: Int32, _ victims: Set<Int32>, _ situation: Situation) -> Finding {
        let now = situation.now
        let waits = situation.waits(of: victims)
        let longest = situation.age(of: waits.first?.since)
        let blockers = blockers(root, victims, situation)
        let severity: Severity =
            if longest >= situation.thresholds.blockedTraffic, victims.count >= situation.thresholds.manySessions {
                .critical
            } else if longest >= situation.thresholds.blockedTraffic
                || victims.count >= situation.thresholds.lockQueueSessions
            {
                .warning
            } else { .info }
        var objects: [String] = []
        for wait in waits where !objects.contains(wait.lock.readable) { objects.append(wait.lock.readable) }
        let name = blockers.first?.name ?? "pid \(root)"
        let waiting = victims.count == 1 ? "waits" : "wait"
        var evidence = [
            "The longest has waited for \(longest.readable). Wanted: \(objects.readable(limit: 3)).",
            "At the root: \(blockers.map { $0.described(at: now) }.joined(separator: "; ")).",
        ]
        evidence += blockers.compactMap(\.peculiarity)
        var actions: [Finding.Action] = []
        let gate = gate(among: victims, situation)
        if let gate {
            evidence.append(
                "\(gate.behind.readable("session")) of them wait not for \(name) but behind the waiting pid \(gate.pid)\(gate.mode.map { ", which wants \($0)" } ?? "")."
            )
            actions.append(
                .init(
                    "Let the queue go by cancelling the waiting pid \(gate.pid) first; retry it with lock_timeout set",
                    command: "SELECT pg_cancel_backend(\(gate.pid))"))
        }
        actions += blockers.flatMap { $0.removals(cancel: nil) }
        return situation.finding(
            blockers.first?.verdict ?? .lockQueue, severity,
            database: situation.sessions[root]?.database ?? blockers.first?.database ?? "",
            summary: "\(victims.count.readable("session")) \(waiting) for locks behind \(name)", evidence: evidence,
            about: blockers + [gate.flatMap { situation.sessions[$0.pid] }.map(situation.blocker)].compactMap(\.self),
            actions: actions, weight: Finding.weight(sessions: victims.count, lasting: longest))
    }

    /// The root in words: a session, or the prepared transactions that may be it.
    private static func blockers(_ root: Int32, _ victims: Set<Int32>, _ situation: Situation) -> [Blocker] {
        guard root == 0 else {
            return [situation.sessions[root].map(situation.blocker) ?? Blocker(pid: root)]
        }
        return (situation.observation?.preparedTransactions ?? []).map(Blocker.init)
    }

    /// The waiting session with the most others behind it, if more wait for it than for nobody: the one to cancel first.
    private static func gate(
        among victims: Set<Int32>, _ situation: Situation
    ) -> (pid: Int32, behind: Int, mode: String?)? {
        // Only what wants a strong lock makes others queue; rows' locks are queued for one by one.
        let strong = situation.waits(of: victims).filter { $0.lock.kind == .relation && $0.lock.mode >= .share }
        let gates = strong.map { wait in
            (
                pid: wait.lock.pid, behind: situation.graph.victims(of: [wait.lock.pid]).intersection(victims).count,
                mode: wait.lock.readable
            )
        }
        guard let best = gates.max(by: { ($0.behind, $1.pid) < ($1.behind, $0.pid) }), best.behind > 0 else {
            return nil
        }
        return (best.pid, best.behind, best.mode)
    }
}
