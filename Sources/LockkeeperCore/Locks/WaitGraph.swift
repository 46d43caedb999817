/// Who waits for whom, computed from one reading of the lock table.
///
/// A waiter is blocked hard by whoever has been granted a conflicting lock on the same object, and softly by whoever asked for one
/// earlier: it must wait for those, too. That is what `pg_blocking_pids()` says, which would hold up all lock traffic for an
/// instant (source: lockfuncs.c). Edges are never listed: forty queued DDL statements have 780 of them, ten thousand have fifty million.
/// Walks go by queue and mode instead, and are linear in the number of locks.
///
/// One difference remains: to get out of a deadlock, the server may move a waiter ahead of one that came before it, after
/// `deadlock_timeout`; the lock table does not show that.
public struct WaitGraph: Sendable, Hashable {
    /// The objects that somebody waits for, in the order of the reading.
    public private(set) var queues: [LockQueue] = []
    /// Who holds or waits for one of those.
    private var owners: [LockOwner] = []
    /// For each owner, the queues that it holds a lock of.
    private var holdings: [[Holding]] = []
    /// For each owner, its places in queues: several for a parallel query.
    private var places: [[Place]] = []
    /// For each owner, whether somebody is in its way.
    private var isBlocked: [Bool] = []
    /// The waiters of all queues, one queue after the other, with no more than walks need; and where each queue lies there.
    private var waiting: [Waiter] = []
    private var lines: [Range<Int>] = []
    private var nodes: [LockOwner: Int] = [:]
    /// The leaders of processes that work for another.
    private var leaders: [Int32: Int32] = [:]

    private struct Holding: Sendable, Hashable {
        var queue: Int
        var modes: LockModeSet
    }

    private struct Holder: Hashable {
        var queue: Int
        var node: Int
    }

    private struct Waiter: Sendable, Hashable {
        var node: Int
        /// The modes that it would have to wait for.
        var conflicts: LockModeSet
    }

    private struct Place: Sendable, Hashable {
        var queue: Int
        var position: Int
        var mode: LockMode
    }

    /// - Parameters:
    ///   - locks: of one reading of `pg_locks`; those that nobody waits for may be missing.
    ///   - sessions: tell which processes work for a parallel query.
    ///   - preparedTransactions: name those that hold locks.
    ///   - blockingPIDs: what `pg_blocking_pids()` says of each waiter, where the server does not tell when waits began (PostgreSQL 13):
    ///     the order of the queues is taken from it.
    public init(
        locks: [HeldLock], sessions: [Session] = [], preparedTransactions: [PreparedTransaction] = [],
        blockingPIDs: [Int32: [Int32]] = [:]
    ) {
        var queueOf: [LockObject: Int] = [:]
        var queues: [LockQueue] = []
        for lock in locks where !lock.isGranted && lock.mode != .siRead && queueOf[lock.object] == nil {
            queueOf[lock.object] = queues.count
            queues.append(LockQueue(lock: lock))
        }
        guard !queues.isEmpty else { return }
        for session in sessions {
            if let leader = session.leaderPID, leader != session.pid { leaders[session.pid] = leader }
        }
        let prepared = PreparedOwners(locks: locks, preparedTransactions: preparedTransactions)
        let rows = Self.rows(of: locks)

        /// Where each owner stands among the holders of each queue.
        var held: [Holder: Int] = [:]
        for lock in locks where lock.mode != .siRead {
            guard let queue = queueOf[lock.object] else { continue }
            let owner = lock.pid == 0 ? prepared.owner(of: lock) : .session(leaders[lock.pid] ?? lock.pid)
            let node = node(of: owner)
            if !lock.isGranted {
                queues[queue].waiters.append(
                    LockWait(pid: lock.pid, owner: owner, lock: lock, rowOf: rows[lock.pid], node: node))
            } else if let holder = held[Holder(queue: queue, node: node)] {
                queues[queue].holders[holder].modes.insert(LockModeSet(lock.mode))
            } else {
                held[Holder(queue: queue, node: node)] = queues[queue].holders.count
                queues[queue].holders.append(.init(owner: owner, modes: LockModeSet(lock.mode), node: node))
            }
        }
        for queue in queues.indices where queues[queue].waiters.count > 1 {
            queues[queue].waiters =
                blockingPIDs.isEmpty
                ? QueueOrder.byStart(queues[queue]) { held[Holder(queue: queue, node: $0)] }
                : QueueOrder.byBlockingPIDs(queues[queue], blockingPIDs)
            if let first = queues[queue].waiters.first { queues[queue].lock = first.lock }
        }
        self.queues = queues
        for (index, queue) in queues.enumerated() { link(queue, index) }
    }

    /// For each process that waits for a transaction to end, the table of the row that it wants.
    private static func rows(of locks: [HeldLock]) -> [Int32: HeldLock.Relation] {
        let waiters = Set(locks.lazy.filter { !$0.isGranted && $0.kind == .transactionid }.map(\.pid))
        guard !waiters.isEmpty else { return [:] }
        return Dictionary(
            locks.lazy.filter { $0.isGranted && $0.kind == .tuple && waiters.contains($0.pid) }
                .compactMap { lock in lock.relation.map { (lock.pid, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    private mutating func node(of owner: LockOwner) -> Int {
        if let node = nodes[owner] { return node }
        nodes[owner] = owners.count
        owners.append(owner)
        holdings.append([])
        places.append([])
        isBlocked.append(false)
        return owners.count - 1
    }

    /// Notes for each owner where it stands in the queue, and whether somebody is in its way there.
    private mutating func link(_ queue: LockQueue, _ index: Int) {
        var held = Presence()
        for holder in queue.holders {
            holdings[holder.node].append(Holding(queue: index, modes: holder.modes))
            held.note(holder.modes, by: holder.node)
        }
        let begin = waiting.endIndex
        var ahead = Presence()
        for (position, waiter) in queue.waiters.enumerated() {
            places[waiter.node].append(Place(queue: index, position: position, mode: waiter.mode))
            let conflicts = waiter.mode.conflicts
            if held.hasAny(of: conflicts, besides: waiter.node) || ahead.hasAny(of: conflicts, besides: waiter.node) {
                isBlocked[waiter.node] = true
            }
            ahead.note(LockModeSet(waiter.mode), by: waiter.node)
            waiting.append(Waiter(node: waiter.node, conflicts: conflicts))
        }
        lines.append(begin..<waiting.endIndex)
    }

    // MARK: - Who waits

    /// Whether nobody waits.
    public var isEmpty: Bool { queues.isEmpty }

    /// Everything that is waited for, the longest wait first; what has only just begun last.
    public var waits: [LockWait] {
        let order = queues.indices.flatMap { queue in
            queues[queue].waiters.enumerated().map { position, wait in
                (since: wait.since?.microseconds ?? .max, pid: wait.pid, queue: queue, position: position)
            }
        }.sorted { ($0.since, $0.pid) < ($1.since, $1.pid) }
        return order.map { queues[$0.queue].waiters[$0.position] }
    }

    /// Whoever waits: a parallel query is one, however many of its processes do.
    public var waitingOwners: Set<LockOwner> {
        Set(places.indices.lazy.filter { !places[$0].isEmpty }.map { owners[$0] })
    }

    /// Whom a process works for: itself, or the leader of its parallel query.
    public func owner(of pid: Int32) -> LockOwner { .session(leaders[pid] ?? pid) }

    // MARK: - Who is in the way

    /// Who is directly in a waiter's way.
    public struct Blockers: Sendable, Hashable {
        /// They hold a conflicting lock.
        public var hard: [LockOwner] = []
        /// They hold none and have asked for one earlier.
        public var soft: [LockOwner] = []

        public init(hard: [LockOwner] = [], soft: [LockOwner] = []) {
            self.hard = hard
            self.soft = soft
        }
    }

    /// Who is directly in the way of a session, or of its parallel query.
    public func blockers(of pid: Int32) -> Blockers { blockers(of: owner(of: pid)) }

    public func blockers(of owner: LockOwner) -> Blockers {
        guard let node = nodes[owner] else { return Blockers() }
        var blockers = Blockers()
        var seen: Set<Int> = [node]
        for place in places[node] {
            for holder in queues[place.queue].holders
            where !holder.modes.isDisjoint(with: place.mode.conflicts) && seen.insert(holder.node).inserted {
                blockers.hard.append(holder.owner)
            }
        }
        for place in places[node] {
            for waiter in queues[place.queue].waiters.prefix(place.position)
            where waiter.mode.conflicts(with: place.mode) && seen.insert(waiter.node).inserted {
                blockers.soft.append(waiter.owner)
            }
        }
        return blockers
    }

    /// The sessions directly in a session's way, the holders of locks first; of a long queue only the first.
    func hindrances(of pid: Int32) -> some Sequence<Int32> {
        let blockers = blockers(of: pid)
        return (blockers.hard + blockers.soft).lazy.compactMap { owner in
            if case .session(let pid) = owner { pid } else { nil }
        }.prefix(Self.mostHindrances)
    }

    private static let mostHindrances = 50

    /// Whoever is at the root of a session's wait: in its way, directly or not, with nobody in their own. Empty if it does not wait, or there
    /// are only cycles.
    public func rootBlockers(of pid: Int32) -> Set<LockOwner> {
        guard let start = nodes[owner(of: pid)] else { return [] }
        var visited: Set<Int> = [start]
        var frontier = [start]
        var roots: Set<LockOwner> = []
        /// For each queue, the requested modes whose holders have been visited, and up to where the queue has been for each mode.
        var visitedHolders: [Int: LockModeSet] = [:]
        var visitedAhead: [Int: Int] = [:]
        func visit(_ node: Int) {
            guard visited.insert(node).inserted else { return }
            if isBlocked[node] { frontier.append(node) } else { roots.insert(owners[node]) }
        }
        while let node = frontier.popLast() {
            for place in places[node] {
                let queue = queues[place.queue]
                let conflicts = place.mode.conflicts
                if visitedHolders[place.queue, default: []].insert(LockModeSet(place.mode)).inserted {
                    for holder in queue.holders where !holder.modes.isDisjoint(with: conflicts) { visit(holder.node) }
                }
                let reached = place.queue * Self.modes + place.mode.strength
                let begin = visitedAhead[reached] ?? 0
                guard begin < place.position else { continue }
                for waiter in queue.waiters[begin..<place.position]
                where waiter.mode.conflicts(with: place.mode) {
                    visit(waiter.node)
                }
                visitedAhead[reached] = place.position
            }
        }
        return roots
    }

    /// Whoever others wait for and who waits for nobody.
    public var rootBlockers: Set<LockOwner> {
        var roots: Set<LockOwner> = []
        for queue in queues {
            var wanted = Presence()
            // Back to front, so that each waiter meets those behind it.
            for waiter in queue.waiters.reversed() {
                if !isBlocked[waiter.node], wanted.hasAny(of: waiter.mode.conflicts, besides: waiter.node) {
                    roots.insert(waiter.owner)
                }
                wanted.note(LockModeSet(waiter.mode), by: waiter.node)
            }
            for holder in queue.holders where !isBlocked[holder.node] {
                if holder.modes.modes.contains(where: { wanted.hasAny(of: $0.conflicts, besides: holder.node) }) {
                    roots.insert(holder.owner)
                }
            }
        }
        return roots
    }

    // MARK: - Who is held up

    /// Whoever waits behind any of these processes, directly or through others; they themselves are not among them.
    public func victims(of pids: some Sequence<Int32>) -> Set<LockOwner> {
        victims(of: pids.map(owner(of:)))
    }

    public func victims(of owners: some Sequence<LockOwner>) -> Set<LockOwner> {
        Set(reached(from: owners.compactMap { nodes[$0] }, andBeyond: true).map { self.owners[$0] })
    }

    /// Whoever waits for a lock that one of these has been granted.
    public func directVictims(of owners: some Sequence<LockOwner>) -> Set<LockOwner> {
        Set(reached(from: owners.compactMap { nodes[$0] }, andBeyond: false).map { self.owners[$0] })
    }

    /// How many are held up by each of some root blockers, directly or not.
    public func victimCounts(of roots: Set<LockOwner>) -> [LockOwner: Int] {
        // Who waits for nobody holds up the same ones as another with the same locks: a thousand readers are walked from once.
        var known: [[Holding]: Int] = [:]
        var counts: [LockOwner: Int] = [:]
        var walk = Walk(owners: owners.count, queues: queues.count)
        for root in roots {
            guard let node = nodes[root] else { continue }
            if places[node].isEmpty, let count = known[holdings[node]] {
                counts[root] = count
                continue
            }
            reach(from: [node], andBeyond: true, &walk)
            counts[root] = walk.found.count
            if places[node].isEmpty { known[holdings[node]] = walk.found.count }
        }
        return counts
    }

    /// What a walk has seen; used again for the next one, since a server may have thousands of roots.
    private struct Walk {
        var isVisited: [Bool]
        var frontier: [Int] = []
        var found: [Int] = []
        /// For each queue, the granted modes whose waiters have been visited.
        var waiters: [LockModeSet]
        /// For each queue and requested mode, from where on the queue has been visited.
        var behind: [Int]
        private var queues: [Int] = []
        private var start: [Int] = []

        init(owners: Int, queues: Int) {
            isVisited = Array(repeating: false, count: owners)
            waiters = Array(repeating: LockModeSet(), count: queues)
            behind = Array(repeating: .max, count: queues * WaitGraph.modes)
        }

        /// Forgets what the last walk has seen, and nothing else: that takes as long as that walk.
        mutating func begin(from nodes: [Int]) {
            for node in start + found { isVisited[node] = false }
            for queue in queues {
                waiters[queue] = []
                for mode in 0..<WaitGraph.modes { behind[queue * WaitGraph.modes + mode] = .max }
            }
            queues.removeAll(keepingCapacity: true)
            found.removeAll(keepingCapacity: true)
            start = nodes
            frontier = nodes
            for node in nodes { isVisited[node] = true }
        }

        mutating func touch(_ queue: Int) { queues.append(queue) }

        mutating func visit(_ node: Int, andBeyond: Bool) {
            guard !isVisited[node] else { return }
            isVisited[node] = true
            found.append(node)
            if andBeyond { frontier.append(node) }
        }
    }

    private func reached(from start: [Int], andBeyond: Bool) -> [Int] {
        var walk = Walk(owners: owners.count, queues: queues.count)
        reach(from: start, andBeyond: andBeyond, &walk)
        return walk.found
    }

    /// - Parameter andBeyond: also through those that wait, and for those that are queued behind them.
    private func reach(from start: [Int], andBeyond: Bool, _ walk: inout Walk) {
        walk.begin(from: start)
        while let node = walk.frontier.popLast() {
            for holding in holdings[node] {
                let modes = holding.modes.subtracting(walk.waiters[holding.queue])
                guard !modes.isEmpty else { continue }
                walk.touch(holding.queue)
                walk.waiters[holding.queue].formUnion(modes)
                for place in line(holding.queue) where !modes.isDisjoint(with: place.conflicts) {
                    walk.visit(place.node, andBeyond: andBeyond)
                }
            }
            guard andBeyond else { continue }
            for place in places[node] {
                let reached = place.queue * Self.modes + place.mode.strength
                let line = line(place.queue)
                let begin = line.startIndex + place.position + 1
                let end = min(walk.behind[reached], line.endIndex)
                guard begin < end else { continue }
                walk.touch(place.queue)
                let mode = LockModeSet(place.mode)
                for waiter in line[begin..<end] where !waiter.conflicts.isDisjoint(with: mode) {
                    walk.visit(waiter.node, andBeyond: true)
                }
                walk.behind[reached] = begin
            }
        }
    }

    /// Those who wait in a queue, in its order.
    private func line(_ queue: Int) -> ArraySlice<Waiter> { waiting[lines[queue]] }

    private static let modes = LockMode.allCases.count
}

extension Observation {
    /// Who waits for whom. Computed anew each time.
    public var waitGraph: WaitGraph {
        WaitGraph(
            locks: locks, sessions: sessions, preparedTransactions: preparedTransactions, blockingPIDs: blockingPIDs)
    }
}

/// For each mode, whether one owner has it, or several.
private struct Presence {
    /// By strength; predicate locks, the ninth mode, are in no queue.
    private var first = SIMD8<Int>(repeating: -1)
    /// The modes that owners besides the first have.
    private var several = LockModeSet()
    private var any = LockModeSet()

    mutating func note(_ modes: LockModeSet, by node: Int) {
        any.formUnion(modes)
        for strength in first.indices where modes.rawValue & 1 << strength != 0 {
            if first[strength] < 0 {
                first[strength] = node
            } else if first[strength] != node {
                several.insert(LockModeSet(rawValue: 1 << strength))
            }
        }
    }

    func hasAny(of modes: LockModeSet, besides node: Int) -> Bool {
        if !modes.isDisjoint(with: several) { return true }
        let present = modes.intersection(any)
        guard !present.isEmpty else { return false }
        return first.indices.contains { present.rawValue & 1 << $0 != 0 && first[$0] != node }
    }
}

/// Ties the locks of prepared transactions, which have no pid, to their names.
///
/// All of a transaction's locks have its virtual transaction in common, and the one on its own transaction id says which one it is (source:
/// `MarkAsPreparingGuts` in twophase.c). After a restart the virtual transaction is `-1/` and that id.
private struct PreparedOwners {
    private var gids: [String: String] = [:]

    init(locks: [HeldLock], preparedTransactions: [PreparedTransaction]) {
        guard !preparedTransactions.isEmpty else { return }
        let byID = Dictionary(
            preparedTransactions.compactMap { prepared in prepared.transactionID.map { ($0, prepared.gid) } },
            uniquingKeysWith: { first, _ in first })
        for lock in locks where lock.pid == 0 {
            guard let virtualTransaction = lock.virtualTransaction, gids[virtualTransaction] == nil else { continue }
            if virtualTransaction.hasPrefix("-1/"),
                let gid = UInt32(virtualTransaction.dropFirst(3)).flatMap({ byID[$0] })
            {
                gids[virtualTransaction] = gid
            } else if lock.kind == .transactionid, lock.isGranted,
                let gid = lock.object.transaction.flatMap({ byID[$0] })
            {
                gids[virtualTransaction] = gid
            }
        }
    }

    func owner(of lock: HeldLock) -> LockOwner {
        .preparedTransaction(lock.virtualTransaction.flatMap { gids[$0] } ?? "")
    }
}
