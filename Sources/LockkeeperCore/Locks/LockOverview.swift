/// The wait graph as it is shown: who waits for what behind whom, who is at the root of it, and what is waited for.
///
/// Lists are bounded, the longest waits and the worst blockers first; the counts are of all.
public struct LockOverview: Sendable, Hashable {
    /// The server's clock at the look.
    public var serverTime: Timestamp
    public var waiterCount: Int
    public var waiters: [Waiter]
    public var rootBlockerCount: Int
    /// Those that hold up the most first.
    public var rootBlockers: [RootBlocker]
    public var queueCount: Int
    /// The deepest first.
    public var queues: [Queue]

    public struct Waiter: Sendable, Hashable {
        public var pid: Int32
        public var user: String
        public var database: String
        public var applicationName: String
        public var clientAddress: String
        /// As the privacy setting leaves it.
        public var query: String
        public var mode: LockMode
        public var kind: HeldLock.Kind
        /// For people: `public.orders`, `an advisory lock (1, 2)`.
        public var object: String
        /// `nil` for an instant after it began, and before PostgreSQL 14.
        public var since: Timestamp?
        /// How many are directly in its way.
        public var blockerCount: Int
        public var blockers: [Edge]
    }

    public struct Edge: Sendable, Hashable {
        public var owner: LockOwner
        /// Whether it holds the lock; if not, it has asked for it earlier.
        public var isHard: Bool
    }

    public struct RootBlocker: Sendable, Hashable {
        public var blocker: Blocker
        /// How many it holds up, directly or not.
        public var victims: Int
        /// How many of them wait for a lock that it holds.
        public var directVictims: Int
    }

    public struct Queue: Sendable, Hashable {
        public var kind: HeldLock.Kind
        public var database: String
        /// For people.
        public var object: String
        public var depth: Int
        public var oldestSince: Timestamp?
        /// The modes that have been granted and those that are waited for, weakest first.
        public var heldModes: [LockMode]
        public var wantedModes: [LockMode]
        public var holders: Int
    }

    /// How many of each list are shown, and how many blockers of a waiter.
    private static let shown = 200, shownBlockers = 10

    public init(_ observation: Observation, graph: WaitGraph, privacy: QueryTextPrivacy) {
        serverTime = observation.serverTime
        let sessions = SessionTable(observation.sessions)

        let waits = graph.waits
        waiterCount = graph.waitingOwners.count
        waiters = waits.prefix(Self.shown).map { wait in
            let session = sessions[wait.pid]
            let blockers = graph.blockers(of: wait.owner)
            let edges =
                blockers.hard.lazy.map { Edge(owner: $0, isHard: true) }.prefix(Self.shownBlockers)
                + blockers.soft.lazy.map { Edge(owner: $0, isHard: false) }.prefix(Self.shownBlockers)
            return Waiter(
                pid: wait.pid, user: session?.user ?? "", database: session?.database ?? wait.lock.database,
                applicationName: session?.applicationName ?? "", clientAddress: session?.clientAddress ?? "",
                query: privacy.shown(session?.query ?? ""), mode: wait.mode, kind: wait.lock.kind,
                object: wait.rowOf.map { "a row of \($0.readable)" } ?? wait.lock.object.readable(wait.lock.relation),
                since: wait.since, blockerCount: blockers.hard.count + blockers.soft.count,
                blockers: Array(edges.prefix(Self.shownBlockers)))
        }

        let roots = graph.rootBlockers
        rootBlockerCount = roots.count
        let counts = graph.victimCounts(of: roots)
        rootBlockers = counts.compactMap { owner, victims in
            Blocker(owner, in: observation, sessions: sessions, privacy: privacy).map { (owner, $0, victims) }
        }
        .sorted { ($0.2, $1.1.pid, $1.1.gid ?? "") > ($1.2, $0.1.pid, $0.1.gid ?? "") }
        .prefix(Self.shown)
        .map { owner, blocker, victims in
            RootBlocker(
                blocker: blocker, victims: victims, directVictims: graph.directVictims(of: [owner]).count)
        }

        queueCount = graph.queues.count
        queues = graph.queues.sorted { ($0.depth, $1.lock.pid) > ($1.depth, $0.lock.pid) }.prefix(Self.shown).map {
            queue in
            let held = queue.holders.reduce(into: LockModeSet()) { $0.formUnion($1.modes) }
            let wanted = queue.waiters.reduce(into: LockModeSet()) { $0.insert(LockModeSet($1.mode)) }
            return Queue(
                kind: queue.object.kind, database: queue.lock.database,
                object: queue.object.readable(queue.lock.relation), depth: queue.depth,
                oldestSince: queue.waiters.compactMap(\.since).min(), heldModes: held.modes,
                wantedModes: wanted.modes, holders: queue.holders.count)
        }
    }
}

extension LockObject {
    /// For people, without a mode: `public.orders`, `transaction 1234`.
    func readable(_ relation: HeldLock.Relation?) -> String {
        let table = relation?.readable ?? self.relation.map { "relation \($0)" } ?? "a relation"
        return switch kind {
        case .relation: table
        case .extend: "the extension of \(table)"
        case .frozenid: "the oldest transaction ids of a database"
        case .page: "page \(page ?? 0) of \(table)"
        case .tuple: "a row of \(table)"
        case .transactionid: "transaction \(transaction ?? 0)"
        case .virtualxid: "virtual transaction \(virtualTransaction ?? "")"
        case .advisory:
            switch advisoryKey {
            case .single(let key)?: "advisory lock \(key)"
            case .pair(let first, let second)?: "advisory lock (\(first), \(second))"
            case nil: "an advisory lock"
            }
        case .spectoken: "an insertion that is not decided yet"
        case .object: "object \(objectID ?? 0) of catalog \(classID ?? 0)"
        case .userlock, .applytransaction: kind.rawValue
        }
    }
}
