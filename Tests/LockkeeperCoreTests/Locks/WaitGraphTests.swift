import Testing

@testable import LockkeeperCore

struct WaitGraphTests {
    private static let begin = Timestamp(seconds: 1_700_000_000)
    private static let orders = LockObject(kind: .relation, database: 5, relation: 20_000)
    private static let customers = LockObject(kind: .relation, database: 5, relation: 20_001)

    private static func held(_ pid: Int32, _ mode: LockMode, _ object: LockObject = orders) -> HeldLock {
        HeldLock(pid: pid, object: object, mode: mode, isGranted: true)
    }

    /// - Parameter after: seconds.
    private static func wanted(
        _ pid: Int32, _ mode: LockMode, _ object: LockObject = orders, after: Int? = nil
    ) -> HeldLock {
        HeldLock(
            pid: pid, object: object, mode: mode, isGranted: false,
            waitStart: begin + .seconds(after ?? Int(pid)))
    }

    private static func sessions(_ pids: Int32...) -> Set<LockOwner> { Set(pids.map(LockOwner.session)) }

    @Test func whoHoldsIsToldFromWhoHasOnlyAskedEarlier() {
        let graph = WaitGraph(locks: [
            Self.held(1, .accessShare), Self.wanted(2, .accessExclusive), Self.wanted(3, .accessShare),
            Self.wanted(4, .rowExclusive), Self.wanted(5, .accessExclusive),
        ])
        #expect(graph.blockers(of: 2) == .init(hard: [.session(1)], soft: []))
        #expect(graph.blockers(of: 3) == .init(hard: [], soft: [.session(2)]))
        #expect(graph.blockers(of: 4) == .init(hard: [], soft: [.session(2)]), "a reader that waits is not in its way")
        #expect(graph.blockers(of: 5) == .init(hard: [.session(1)], soft: [.session(2), .session(3), .session(4)]))
        #expect(graph.blockers(of: 1) == .init())
        #expect(graph.rootBlockers == Self.sessions(1))
        #expect(graph.rootBlockers(of: 4) == Self.sessions(1))
        #expect(graph.rootBlockers(of: 1).isEmpty)
        #expect(graph.victims(of: [1]) == Self.sessions(2, 3, 4, 5))
        #expect(graph.directVictims(of: Self.sessions(1)) == Self.sessions(2, 5))
        #expect(graph.victims(of: [2]) == Self.sessions(3, 4, 5))
        #expect(graph.victims(of: [3]) == Self.sessions(5))
        #expect(graph.queues.map(\.depth) == [4])
        #expect(graph.waits.map(\.pid) == [2, 3, 4, 5])
    }

    @Test func locksOnDifferentObjectsHaveNothingToDoWithEachOther() {
        var row = LockObject(kind: .tuple, database: 5, relation: 20_000, page: 3, tuple: 7)
        let held = row
        row.tuple = 8
        var elsewhere = Self.orders
        elsewhere.database = 6
        let graph = WaitGraph(locks: [
            Self.held(1, .exclusive, held), Self.held(1, .accessExclusive, elsewhere),
            Self.held(3, .accessExclusive, .advisory(.pair(0, 1))),
            Self.wanted(2, .exclusive, row), Self.wanted(4, .accessShare),
            Self.wanted(5, .share, .advisory(.single(1))),
        ])
        #expect([2, 4, 5].allSatisfy { graph.blockers(of: $0) == .init() })
        #expect(graph.rootBlockers.isEmpty)
    }

    @Test func whoExtendsATableOrHoldsAPageOfItIsInTheWayOfThoseThatWantTheSame() {
        let growth = LockObject(kind: .extend, database: 5, relation: 20_000)
        var page = LockObject(kind: .page, database: 5, relation: 20_002, page: 7)
        let first = page
        page.page = 8
        let graph = WaitGraph(locks: [
            // Of a table and of its extension the locks have nothing to do with each other.
            Self.held(1, .rowExclusive), Self.held(2, .rowExclusive), Self.held(3, .rowExclusive),
            Self.held(1, .exclusive, growth), Self.wanted(2, .exclusive, growth, after: 1),
            Self.wanted(3, .exclusive, growth, after: 2),
            // Hash and GIN indexes lock pages.
            Self.held(2, .exclusive, first), Self.wanted(4, .share, first), Self.held(5, .share, page),
            Self.wanted(6, .share, page),
        ])
        #expect(graph.blockers(of: 2) == .init(hard: [.session(1)], soft: []))
        #expect(graph.blockers(of: 3) == .init(hard: [.session(1)], soft: [.session(2)]))
        #expect(graph.blockers(of: 4) == .init(hard: [.session(2)], soft: []))
        #expect(graph.blockers(of: 6) == .init(), "two readers of a page, and of another page than the writer's")
        #expect(graph.rootBlockers == Self.sessions(1))
        #expect(graph.victims(of: [1]) == Self.sessions(2, 3, 4))
        #expect(graph.queues.count == 3)
        let texts = graph.queues.map { $0.object.readable(HeldLock.Relation(oid: 1, name: "public.orders")) }
        #expect(Set(texts).contains("the extension of public.orders"))
        #expect(Set(texts).contains("page 7 of public.orders"))
    }

    @Test func whoHoldsALockAlreadyGoesAheadOfThoseThatMustWaitForIt() {
        let graph = WaitGraph(locks: [
            Self.held(1, .share), Self.held(2, .accessShare), Self.wanted(3, .accessExclusive, after: 1),
            Self.wanted(4, .rowExclusive, after: 2), Self.wanted(2, .rowExclusive, after: 3),
        ])
        #expect(graph.queues[0].waiters.map(\.pid) == [2, 3, 4])
        #expect(graph.blockers(of: 2) == .init(hard: [.session(1)], soft: []))
        #expect(graph.blockers(of: 3) == .init(hard: [.session(1), .session(2)], soft: []))
        #expect(graph.blockers(of: 4) == .init(hard: [.session(1)], soft: [.session(3)]))
    }

    @Test func theProcessesOfAParallelQueryAreOne() {
        let sessions = [1, 11, 12].map { pid in
            Session(pid: pid, backendStart: Self.begin, leaderPID: pid == 1 ? nil : 1)
        }
        let graph = WaitGraph(
            locks: [
                Self.held(1, .accessShare), Self.held(11, .accessShare), Self.held(12, .accessShare),
                Self.wanted(2, .accessExclusive), Self.wanted(3, .accessShare),
                Self.held(4, .accessExclusive, Self.customers), Self.wanted(11, .accessShare, Self.customers),
                Self.wanted(12, .accessShare, Self.customers),
            ], sessions: sessions)
        #expect(graph.blockers(of: 2) == .init(hard: [.session(1)], soft: []))
        #expect(graph.blockers(of: 1) == .init(hard: [.session(4)], soft: []))
        #expect(graph.blockers(of: 12) == graph.blockers(of: 1))
        #expect(graph.rootBlockers(of: 3) == Self.sessions(4))
        #expect(graph.victims(of: [4]) == Self.sessions(1, 2, 3))
        #expect(graph.waitingOwners == Self.sessions(1, 2, 3))
    }

    @Test func aPreparedTransactionIsNamedByItsLocks() {
        func lock(_ object: LockObject, _ mode: LockMode, _ virtual: String) -> HeldLock {
            HeldLock(pid: 0, object: object, mode: mode, isGranted: true, virtualTransaction: virtual)
        }
        let graph = WaitGraph(
            locks: [
                lock(Self.orders, .accessExclusive, "3/17"),
                lock(LockObject(kind: .transactionid, transaction: 900), .exclusive, "3/17"),
                // After a restart.
                lock(Self.customers, .accessExclusive, "-1/901"),
                lock(LockObject(kind: .advisory, objectID: 1), .exclusive, "4/4"),
                Self.wanted(1, .accessShare), Self.wanted(2, .accessShare, Self.customers),
                Self.wanted(3, .share, LockObject(kind: .transactionid, transaction: 900)),
                Self.wanted(4, .exclusive, LockObject(kind: .advisory, objectID: 1)),
            ],
            preparedTransactions: [
                PreparedTransaction(
                    gid: "a", preparedAt: Self.begin, owner: "", database: "shop", transactionID: 900),
                PreparedTransaction(
                    gid: "b", preparedAt: Self.begin, owner: "", database: "shop", transactionID: 901),
            ])
        #expect(graph.blockers(of: 1).hard == [.preparedTransaction("a")])
        #expect(graph.blockers(of: 2).hard == [.preparedTransaction("b")])
        #expect(graph.blockers(of: 3).hard == [.preparedTransaction("a")])
        #expect(graph.blockers(of: 4).hard == [.preparedTransaction("")], "there, though nobody says which")
        #expect(graph.victims(of: [LockOwner.preparedTransaction("a")]) == Self.sessions(1, 3))
    }

    @Test func predicateLocksBlockNobody() {
        let graph = WaitGraph(locks: [Self.held(1, .siRead), Self.wanted(2, .accessExclusive)])
        #expect(graph.blockers(of: 2) == .init())
        #expect(graph.rootBlockers.isEmpty)
    }

    @Test func cyclesEndWalks() {
        let graph = WaitGraph(locks: [
            Self.held(1, .accessExclusive), Self.wanted(2, .accessShare),
            Self.held(2, .accessExclusive, Self.customers),
            Self.wanted(1, .accessShare, Self.customers), Self.wanted(3, .accessShare),
        ])
        #expect(graph.victims(of: [3]).isEmpty)
        #expect(graph.victims(of: [1]) == Self.sessions(2, 3))
        #expect(graph.rootBlockers(of: 3).isEmpty && graph.rootBlockers.isEmpty)
    }

    @Test func aWaitThatHasOnlyJustBegunIsTheLast() {
        var newest = Self.wanted(1, .accessExclusive)
        newest.waitStart = nil
        let graph = WaitGraph(locks: [newest, Self.held(9, .accessShare), Self.wanted(5, .accessExclusive)])
        #expect(graph.queues[0].waiters.map(\.pid) == [5, 1])
        #expect(graph.waits.map(\.pid) == [5, 1])
    }

    @Test func aRowIsNamedByItsTableThoughItsTransactionIsWaitedFor() {
        let table = HeldLock.Relation(oid: 20_000, name: "public.orders")
        let row = LockObject(kind: .tuple, database: 5, relation: 20_000, page: 0, tuple: 1)
        let graph = WaitGraph(locks: [
            Self.held(1, .exclusive, LockObject(kind: .transactionid, transaction: 9)),
            HeldLock(pid: 2, object: row, mode: .exclusive, isGranted: true, relation: table),
            Self.wanted(2, .share, LockObject(kind: .transactionid, transaction: 9)),
            HeldLock(
                pid: 3, object: row, mode: .exclusive, isGranted: false, waitStart: Self.begin + .seconds(9),
                relation: table),
        ])
        #expect(
            graph.waits.map(\.readable) == [
                "a row of public.orders that another transaction has changed",
                "a row of public.orders that others wait for, too",
            ])
        #expect(graph.rootBlockers(of: 3) == Self.sessions(1))
    }

    @Test func fortyQueuedStatementsAreCountedOnce() {
        var locks = [Self.held(1, .accessShare)]
        for pid in Int32(2)...41 { locks.append(Self.wanted(pid, .accessExclusive)) }
        let graph = WaitGraph(locks: locks)
        #expect(graph.victims(of: [1]).count == 40)
        #expect(graph.victims(of: [20]) == Set((Int32(21)...41).map(LockOwner.session)))
        #expect(graph.rootBlockers(of: 41) == Self.sessions(1))
        #expect(graph.blockers(of: 41).soft.count == 39)
        #expect(graph.victimCounts(of: graph.rootBlockers) == [.session(1): 40])
    }

    @Test func tenThousandWaitersAreCountedExactly() {
        var locks: [HeldLock] = []
        // Half behind one migration, which waits for readers; half in pairs on rows.
        for pid in Int32(1)...50 { locks.append(Self.held(pid, .accessShare)) }
        locks.append(Self.wanted(100, .accessExclusive))
        for pid in Int32(1000)..<6000 {
            locks.append(Self.wanted(pid, pid % 7 == 0 ? .shareUpdateExclusive : .accessShare))
        }
        for pid in Int32(10_000)..<15_000 {
            let object = LockObject(kind: .transactionid, transaction: UInt32(pid))
            locks += [Self.held(pid + 10_000, .exclusive, object), Self.wanted(pid, .share, object)]
        }
        let graph = WaitGraph(locks: locks)
        #expect(graph.waits.count == 10_001)
        #expect(graph.victims(of: [1]).count == 5001)
        #expect(graph.rootBlockers(of: 5999) == Set((Int32(1)...50).map(LockOwner.session)))
        let roots = graph.rootBlockers
        #expect(roots.count == 5050)
        #expect(graph.victimCounts(of: roots).values.reduce(0, +) == 50 * 5001 + 5000)
    }

    @Test func theOrderOfAQueueIsTakenFromTheServerWhereItDoesNotTellWhenWaitsBegan() {
        let locks = [
            Self.held(1, .accessShare), Self.wanted(4, .accessExclusive), Self.wanted(3, .accessShare),
            Self.wanted(2, .rowExclusive), Self.wanted(5, .accessExclusive),
        ].map { lock in
            var lock = lock
            lock.waitStart = nil
            return lock
        }
        let graph = WaitGraph(locks: locks, blockingPIDs: [4: [1], 3: [4], 2: [4], 5: [1, 4, 3, 2]])
        #expect(graph.blockers(of: 4) == .init(hard: [.session(1)], soft: []))
        #expect(graph.blockers(of: 2) == .init(hard: [], soft: [.session(4)]))
        #expect(graph.blockers(of: 3) == .init(hard: [], soft: [.session(4)]))
        #expect(Set(graph.blockers(of: 5).soft) == Self.sessions(2, 3, 4))
    }

    @Test("says the same as walking over every single edge", arguments: 0..<200)
    func everyEdge(seed: Int) {
        var world = LockWorld(seed: UInt64(seed))
        world.play(steps: 60)
        let graph = WaitGraph(locks: world.locks, sessions: world.sessions)
        let edges = world.edges
        let all = Set(edges.keys).union(edges.values.flatMap(\.self))
        for owner in all {
            let blockers = graph.blockers(of: .session(owner))
            let found = Set((blockers.hard + blockers.soft))
            #expect(found == Set(edges[owner, default: []].map(LockOwner.session)), "blockers of \(owner)")
            #expect(blockers.hard.count + blockers.soft.count == found.count)

            var behind: Set<Int32> = [owner], ahead: Set<Int32> = [owner]
            var isGrowing = true
            while isGrowing {
                let size = behind.count + ahead.count
                behind.formUnion(edges.filter { !$0.value.isDisjoint(with: behind) }.keys)
                ahead.formUnion(ahead.flatMap { edges[$0, default: []] })
                isGrowing = behind.count + ahead.count > size
            }
            #expect(
                graph.victims(of: [owner]) == Set(behind.subtracting([owner]).map(LockOwner.session)),
                "victims of \(owner)")
            let roots = ahead.subtracting([owner]).filter { edges[$0, default: []].isEmpty }
            #expect(graph.rootBlockers(of: owner) == Set(roots.map(LockOwner.session)), "roots of \(owner)")
        }
        let roots = Set(edges.values.flatMap(\.self)).filter { edges[$0, default: []].isEmpty }
        #expect(graph.rootBlockers == Set(roots.map(LockOwner.session)))
        for (root, count) in graph.victimCounts(of: graph.rootBlockers) {
            #expect(count == graph.victims(of: [root]).count)
        }
    }
}

/// A lock table filled by chance, step by step as a server does it, without its fast ways.
private struct LockWorld {
    private var random: UInt64
    private(set) var locks: [HeldLock] = []
    private var queues: [LockObject: [HeldLock]] = [:]
    private var clock = Timestamp(seconds: 1_700_000_000)
    private static let workers: [Int32: Int32] = [21: 1, 22: 1, 23: 2]

    init(seed: UInt64) { random = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    var sessions: [Session] {
        Self.workers.map { Session(pid: $0.key, backendStart: clock, leaderPID: $0.value) }
    }

    private mutating func draw(_ bound: Int) -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(random >> 33) % bound
    }

    private static func leader(_ pid: Int32) -> Int32 { workers[pid] ?? pid }

    mutating func play(steps: Int) {
        let pids = Array(Int32(1)...14) + Self.workers.keys.sorted()
        let modes = LockMode.allCases.filter { $0 != .siRead }
        for _ in 0..<steps {
            clock = clock + .milliseconds(1)
            let pid = pids[draw(pids.count)]
            guard !queues.values.contains(where: { $0.contains { $0.pid == pid } }) else { continue }
            ask(pid, modes[draw(modes.count)], LockObject(kind: .relation, relation: UInt32(20_000 + draw(3))))
        }
        locks += queues.sorted { $0.key.relation ?? 0 < $1.key.relation ?? 0 }.flatMap(\.value)
            .sorted { $0.pid < $1.pid }
    }

    private func holders(_ object: LockObject) -> [HeldLock] { locks.filter { $0.object == object } }

    /// As `LockAcquire` and `ProcSleep` do.
    private mutating func ask(_ pid: Int32, _ mode: LockMode, _ object: LockObject) {
        let leader = Self.leader(pid)
        var lock = HeldLock(pid: pid, object: object, mode: mode, isGranted: true)
        let queue = queues[object, default: []]
        let others = holders(object).filter { Self.leader($0.pid) != leader }
        let mine = holders(object).filter { Self.leader($0.pid) == leader }.map(\.mode)
        let isHeld = others.contains { $0.mode.conflicts(with: mode) }
        let isAsked = queue.contains { Self.leader($0.pid) != leader && $0.mode.conflicts(with: mode) }
        guard isHeld || isAsked else {
            if !holders(object).contains(where: { $0.pid == pid && $0.mode == mode }) { locks.append(lock) }
            return
        }
        lock.isGranted = false
        lock.waitStart = clock
        let index = queue.firstIndex { waiter in
            Self.leader(waiter.pid) != leader && mine.contains { $0.conflicts(with: waiter.mode) }
        }
        queues[object, default: []].insert(lock, at: index ?? queue.count)
    }

    /// For each that waits, who is in its way, by leader.
    var edges: [Int32: Set<Int32>] {
        var edges: [Int32: Set<Int32>] = [:]
        for (object, queue) in queues {
            for (position, waiter) in queue.enumerated() {
                let before = holders(object).filter(\.isGranted) + queue[..<position]
                edges[Self.leader(waiter.pid), default: []].formUnion(
                    before.filter {
                        Self.leader($0.pid) != Self.leader(waiter.pid) && $0.mode.conflicts(with: waiter.mode)
                    }.map { Self.leader($0.pid) })
            }
        }
        return edges
    }
}
