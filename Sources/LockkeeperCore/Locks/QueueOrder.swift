/// In which order those who wait for an object are served.
enum QueueOrder {
    /// By when they began to wait. Who holds a lock on the object already goes ahead of the first one that must wait for that lock (source:
    /// `ProcSleep` in proc.c). A wait that has just begun has no time yet, and is the last.
    ///
    /// - Parameter holder: the position of an owner among the queue's holders.
    static func byStart(_ queue: LockQueue, holder: (Int) -> Int?) -> [LockWait] {
        let arrivals = queue.waiters.sorted {
            ($0.lock.waitStart?.microseconds ?? .max, $0.pid) < ($1.lock.waitStart?.microseconds ?? .max, $1.pid)
        }
        guard arrivals.contains(where: { holder($0.node) != nil }) else { return arrivals }
        var served: [Int] = []
        served.reserveCapacity(arrivals.count)
        /// Where the first of each mode stands.
        var first = Array(repeating: Int.max, count: LockMode.allCases.count)
        for (index, waiter) in arrivals.enumerated() {
            var position = served.count
            if let holder = holder(waiter.node) {
                let modes = queue.holders[holder].modes
                for mode in modes.modes {
                    for conflicting in mode.conflicts.modes { position = min(position, first[conflicting.strength]) }
                }
                // Others of the same parallel query do not wait for it.
                while position < served.count {
                    let other = arrivals[served[position]]
                    if other.node != waiter.node, !other.mode.conflicts.isDisjoint(with: modes) { break }
                    position += 1
                }
            }
            for mode in first.indices where first[mode] != .max && first[mode] >= position { first[mode] += 1 }
            first[waiter.mode.strength] = min(first[waiter.mode.strength], position)
            served.insert(index, at: position)
        }
        return served.map { arrivals[$0] }
    }

    /// By what `pg_blocking_pids()` says, for servers that do not say when a wait began: of two that conflict, the one that is named by the
    /// other and does not hold it up already by a lock is ahead. Those that do not conflict come in any order.
    static func byBlockingPIDs(_ queue: LockQueue, _ blockingPIDs: [Int32: [Int32]]) -> [LockWait] {
        let waiters = queue.waiters.sorted { $0.pid < $1.pid }
        // A parallel query is named by its leader, and the same ones block all of its processes.
        var positions: [LockOwner: [Int]] = [:]
        for (index, waiter) in waiters.enumerated() { positions[waiter.owner, default: []].append(index) }
        let named = waiters.map { Set((blockingPIDs[$0.pid] ?? []).map(LockOwner.session)) }
        let held = Dictionary(queue.holders.map { ($0.owner, $0.modes) }, uniquingKeysWith: { $0.union($1) })

        var behind: [[Int]] = Array(repeating: [], count: waiters.count)
        var ahead = Array(repeating: 0, count: waiters.count)
        for (index, waiter) in waiters.enumerated() {
            for owner in named[index] where owner != waiter.owner {
                let blocksHard = held[owner].map { !$0.isDisjoint(with: waiter.mode.conflicts) } ?? false
                for other in positions[owner] ?? [] where waiters[other].mode.conflicts(with: waiter.mode) {
                    guard !blocksHard || !named[other].contains(waiter.owner) else { continue }
                    behind[other].append(index)
                    ahead[index] += 1
                }
            }
        }
        var order: [Int] = waiters.indices.filter { ahead[$0] == 0 }
        var next = 0
        while next < order.count {
            for index in behind[order[next]] {
                ahead[index] -= 1
                if ahead[index] == 0 { order.append(index) }
            }
            next += 1
        }
        // The reading is not atomic: what it makes a cycle of comes last.
        return order.map { waiters[$0] } + waiters.indices.filter { ahead[$0] > 0 }.map { waiters[$0] }
    }
}
