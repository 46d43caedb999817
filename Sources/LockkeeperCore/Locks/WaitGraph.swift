/// Who waits for whom: edges from each waiting session to the sessions that are in its way.
///
/// The edges come from one reading that is not atomic, so they may hold cycles that never existed: every walk keeps the sessions it has
/// visited. Walks are linear in the edges; a tree in SQL doubles with each queued DDL statement.
public struct WaitGraph: Sendable, Hashable {
    /// For each waiting pid the pids in its way, 0 for a prepared transaction.
    public let blockers: [Int32: [Int32]]
    private let waiters: [Int32: [Int32]]

    public init(blockers: [Int32: [Int32]]) {
        self.blockers = blockers
        var waiters: [Int32: [Int32]] = [:]
        for (waiter, holders) in blockers {
            for holder in Set(holders) where holder != waiter { waiters[holder, default: []].append(waiter) }
        }
        self.waiters = waiters
    }

    /// The sessions that wait behind any of `pids`, directly or through other waiters; `pids` themselves are not among them.
    public func victims(of pids: Set<Int32>) -> Set<Int32> {
        reachable(from: pids, by: waiters)
    }

    /// The sessions in the way of `pid`, directly or not, that do not wait themselves. Empty if there are only cycles.
    public func rootBlockers(of pid: Int32) -> Set<Int32> {
        reachable(from: [pid], by: blockers).filter { blockers[$0, default: []].isEmpty }
    }

    /// The sessions that others wait for and that do not wait themselves.
    public var rootBlockers: Set<Int32> {
        Set(waiters.keys.filter { blockers[$0, default: []].isEmpty })
    }

    private func reachable(from start: Set<Int32>, by edges: [Int32: [Int32]]) -> Set<Int32> {
        var visited = start
        var frontier = Array(start)
        while let pid = frontier.popLast() {
            for next in edges[pid, default: []] where visited.insert(next).inserted { frontier.append(next) }
        }
        return visited.subtracting(start)
    }
}
