/// What a run did to the queries and what the database did while it ran: found out in the minutes after its end.
public struct RunReview: Sendable, Hashable, Codable {
    public var standing: Standing
    /// Why nothing could be compared, one sentence; `nil` where something was, or may still be.
    public var reason: String?
    /// The runs that went on at the same time in the same database: what is told may be their doing as well.
    public var overlapping: [String]
    /// The queries that no longer complete, and those whose times changed, the greatest loss of time first; at most `RunReview.limit`.
    public var changes: [QueryChange]
    /// How many queries were called often enough before and after to be compared.
    public var comparedQueries: Int
    /// What the run's database did from its begin to its end; `nil` where no reading shows it.
    public var work: Work?

    public static let limit = 20

    public enum Standing: String, Sendable, Hashable, Codable {
        /// There is not enough to compare yet.
        case waiting
        /// Compared; the time for comparing is not over.
        case preliminary
        /// The time for comparing is over.
        case final
        /// Nothing is known of the time before: the agent did not watch for long enough, or the server was hardly used.
        case withoutBaseline = "without_baseline"
        /// There is no time after it to compare with that would be its own: `reason` says why.
        case notComparable = "not_comparable"
    }

    /// Differences of the server's counts over a run. The readings that they lie between may be up to the sampling interval wider.
    public struct Work: Sendable, Hashable, Codable {
        public var commits: Int64
        public var rollbacks: Int64
        public var deadlocks: Int64
        public var temporaryFiles: Int64
        public var temporaryBytes: Int64
        public var blocksHit: Int64
        public var blocksRead: Int64
        /// Of the whole server.
        public var walBytes: Int64?
        /// Of the whole server.
        public var checkpoints: Int64?
        /// From when to when, by the server's clock.
        public var from: Timestamp
        public var until: Timestamp

        public init(
            commits: Int64, rollbacks: Int64, deadlocks: Int64, temporaryFiles: Int64, temporaryBytes: Int64,
            blocksHit: Int64, blocksRead: Int64, walBytes: Int64?, checkpoints: Int64?, from: Timestamp,
            until: Timestamp
        ) {
            self.commits = commits
            self.rollbacks = rollbacks
            self.deadlocks = deadlocks
            self.temporaryFiles = temporaryFiles
            self.temporaryBytes = temporaryBytes
            self.blocksHit = blocksHit
            self.blocksRead = blocksRead
            self.walBytes = walBytes
            self.checkpoints = checkpoints
            self.from = from
            self.until = until
        }
    }

    public init(
        standing: Standing = .waiting, reason: String? = nil, overlapping: [String] = [], changes: [QueryChange] = [],
        comparedQueries: Int = 0, work: Work? = nil
    ) {
        self.standing = standing
        self.reason = reason
        self.overlapping = overlapping
        self.changes = changes
        self.comparedQueries = comparedQueries
        self.work = work
    }
}

extension RunReview {
    /// Reviews that were stored before runs were told to overlap have no such list.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        standing = try values.decode(Standing.self, forKey: .standing)
        reason = try values.decodeIfPresent(String.self, forKey: .reason)
        overlapping = try values.decodeIfPresent([String].self, forKey: .overlapping) ?? []
        changes = try values.decode([QueryChange].self, forKey: .changes)
        comparedQueries = try values.decode(Int.self, forKey: .comparedQueries)
        work = try values.decodeIfPresent(Work.self, forKey: .work)
    }
}
