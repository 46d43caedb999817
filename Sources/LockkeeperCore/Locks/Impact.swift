/// Whom something holds up.
public struct Impact: Sendable, Hashable, Codable {
    /// How many sessions wait, directly or not; a parallel query counts as one.
    public var total: Int
    /// How many of them wait for a lock that it has been granted; the others are queued behind those, or behind it.
    public var direct: Int
    /// The longest waits first; not more than `kept`.
    public var victims: [Victim]

    /// A session that is held up.
    public struct Victim: Sendable, Hashable, Codable {
        public var pid: Int32
        public var user: String
        public var database: String
        public var applicationName: String
        public var clientAddress: String
        /// When its wait began; where the server does not tell, when its query did.
        public var waitingSince: Timestamp
        /// What it waits for, for people: `ACCESS SHARE on public.orders`.
        public var waitingFor: String
        /// Whether it waits behind somebody who waits, and for no lock that is held by who is asked about.
        public var isQueued: Bool
        /// The query that waits, as the privacy setting leaves it.
        public var query: String

        public init(
            pid: Int32, user: String = "", database: String = "", applicationName: String = "",
            clientAddress: String = "", waitingSince: Timestamp, waitingFor: String, isQueued: Bool = false,
            query: String = ""
        ) {
            self.pid = pid
            self.user = user
            self.database = database
            self.applicationName = applicationName
            self.clientAddress = clientAddress
            self.waitingSince = waitingSince
            self.waitingFor = waitingFor
            self.isQueued = isQueued
            self.query = query
        }
    }

    /// How many victims are told one by one.
    public static let kept = 20

    public init(total: Int, direct: Int, victims: [Victim]) {
        self.total = total
        self.direct = direct
        self.victims = victims
    }

    /// Whom these sessions hold up; `nil` if nobody.
    init?(
        of pids: Set<Int32>, in observation: Observation, sessions: SessionTable, graph: WaitGraph,
        privacy: QueryTextPrivacy
    ) {
        let causes = pids.map(graph.owner(of:))
        let held = graph.victims(of: causes)
        guard !held.isEmpty else { return nil }
        let direct = graph.directVictims(of: causes)
        func since(_ wait: LockWait) -> Timestamp {
            wait.since ?? sessions[wait.pid]?.queryStart ?? observation.serverTime
        }
        var told: Set<LockOwner> = []
        let waits = graph.queues.lazy.flatMap(\.waiters).filter { held.contains($0.owner) }
            .map { (wait: $0, since: since($0)) }
            .sorted { ($0.since, $0.wait.pid) < ($1.since, $1.wait.pid) }
            .filter { told.insert($0.wait.owner).inserted }
        self.init(
            total: held.count, direct: direct.count,
            victims: waits.prefix(Self.kept).map { wait, since in
                let session = sessions[wait.pid]
                return Victim(
                    pid: wait.pid, user: session?.user ?? "", database: session?.database ?? "",
                    applicationName: session?.applicationName ?? "", clientAddress: session?.clientAddress ?? "",
                    waitingSince: since, waitingFor: wait.readable, isQueued: !direct.contains(wait.owner),
                    query: privacy.shown(session?.query ?? "", limit: 200))
            })
    }
}
