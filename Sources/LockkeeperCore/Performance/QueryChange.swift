/// A query that got slower, or faster, with a run of a migration, or no longer completes since.
public struct QueryChange: Sendable, Hashable, Codable {
    public var database: String
    /// `pg_stat_statements`' `queryid`; of a sampled query a hash of its normalized text.
    public var queryID: Int64
    /// The text as the privacy setting leaves it; `nil` where it is not known or may not be shown.
    public var text: String?
    /// Before the run began.
    public var before: QueryWindow
    /// While it ran; `nil` if the query was not called then.
    public var during: QueryWindow?
    /// Since it ended; without calls of a query that no longer completes.
    public var after: QueryWindow
    /// Mean after ÷ mean before; `nil` of a query that no longer completes.
    public var ratio: Double?
    /// The probability of such a difference by chance, corrected for the number of queries that were compared.
    public var probability: Double
    /// Hedges' g of the logarithms of the windows' means: by how many standard deviations they differ.
    public var effect: Double
    /// What the catalog shows as the likely cause; `nil` where it shows none.
    public var cause: Cause?
    /// One sentence with the numbers that say that a query no longer completes; `nil` of one that got slower or faster.
    public var evidence: String?
    /// Whether it was seen by looking at running statements now and then, for want of statistics.
    public var isSampled: Bool

    /// Whether it takes more time than before, or does not complete at all.
    public var isSlower: Bool { ratio.map { $0 > 1 } ?? true }

    /// Whether it was called all the time before and has not completed since: `pg_stat_statements` does not count executions that end in an
    /// error, such as a timeout.
    public var isNoLongerCompleted: Bool { ratio == nil }

    /// Why a query's time has probably changed.
    public struct Cause: Sendable, Hashable, Codable {
        public var kind: Kind
        /// One sentence with the objects and the numbers.
        public var text: String
        /// What puts it right, where that can be said.
        public var remedy: String?

        /// The raw value is for programs and never changes its meaning.
        public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
            case indexDropped = "index_dropped"
            case indexInvalid = "index_invalid"
            case indexAdded = "index_added"
            case missingStatistics = "missing_statistics"
            case sequentialScan = "sequential_scan"
            /// A table of it has a new file: VACUUM FULL, CLUSTER, ALTER TABLE … TYPE, TRUNCATE.
            case rewritten = "rewritten"
            case coldCache = "cold_cache"
            /// It reads more, or fewer, blocks a call: another plan, or other data.
            case otherWork = "other_work"
        }

        public init(_ kind: Kind, _ text: String, remedy: String? = nil) {
            self.kind = kind
            self.text = text
            self.remedy = remedy
        }
    }

    public init(
        database: String, queryID: Int64, text: String? = nil, before: QueryWindow, during: QueryWindow? = nil,
        after: QueryWindow, ratio: Double?, probability: Double, effect: Double, cause: Cause? = nil,
        evidence: String? = nil, isSampled: Bool = false
    ) {
        self.database = database
        self.queryID = queryID
        self.text = text
        self.before = before
        self.during = during
        self.after = after
        self.ratio = ratio
        self.probability = probability
        self.effect = effect
        self.cause = cause
        self.evidence = evidence
        self.isSampled = isSampled
    }
}

/// How a query fared in a stretch of time.
public struct QueryWindow: Sendable, Hashable, Codable {
    public var calls: Int64
    /// Mean time of a call in milliseconds.
    public var mean: Double
    /// Standard deviation of a call's time in milliseconds.
    public var deviation: Double
    /// Blocks of tables and indexes that a call touched.
    public var blocksPerCall: Double
    /// Those of them that were not in the server's cache.
    public var readsPerCall: Double
    /// In how many parts of the stretch it was called.
    public var parts: Int

    public init(
        calls: Int64, mean: Double, deviation: Double = 0, blocksPerCall: Double = 0, readsPerCall: Double = 0,
        parts: Int = 1
    ) {
        self.calls = calls
        self.mean = mean
        self.deviation = deviation
        self.blocksPerCall = blocksPerCall
        self.readsPerCall = readsPerCall
        self.parts = parts
    }
}
