/// What one look at a server's work saw: the statistics of its statements, of its databases, and of their tables and indexes.
///
/// All counts are the server's own, running since it last reset them: what happened between two looks is their difference.
public struct StatementReading: Sendable, Hashable, Codable {
    /// The server's clock in the same round trip.
    public var serverTime: Timestamp
    /// Where the statistics of statements come from, or why there are none.
    public var source: Source
    /// A row for each statement that the server keeps statistics of, at most `StatementReading.limit`; empty without the extension.
    public var entries: [StatementEntry]
    /// Whether the server has no further entries than those.
    public var isComplete: Bool
    /// Entries of other users that the role may not tell apart: it is no member of `pg_read_all_stats`.
    public var hiddenEntries: Int
    /// When all entries were last dropped (`pg_stat_statements_info`, PostgreSQL 14 on).
    public var resetAt: Timestamp?
    /// How often entries were dropped to make room for others (`pg_stat_statements_info`, PostgreSQL 14 on).
    public var deallocations: Int64?
    public var databases: [DatabaseWork]
    public var server: ServerWork
    /// Tables and indexes, by database; not of each database in each reading.
    public var relations: [RelationStatistics]

    /// How many entries are read at most: those with the longest total time.
    public static let limit = 5000

    public enum Source: Sendable, Hashable, Codable {
        /// `pg_stat_statements` of that version, found in that schema of that database.
        case statistics(version: String, schema: String, database: String)
        /// Nobody has installed it: one sentence says what to do.
        case missing(String)
        /// It is there and could not be read.
        case failed(SampleFailure)

        public var isAvailable: Bool {
            if case .statistics = self { true } else { false }
        }
    }

    public init(
        serverTime: Timestamp, source: Source = .missing("nobody has looked for it"), entries: [StatementEntry] = [],
        isComplete: Bool = true, hiddenEntries: Int = 0, resetAt: Timestamp? = nil, deallocations: Int64? = nil,
        databases: [DatabaseWork] = [], server: ServerWork = ServerWork(), relations: [RelationStatistics] = []
    ) {
        self.serverTime = serverTime
        self.source = source
        self.entries = entries
        self.isComplete = isComplete
        self.hiddenEntries = hiddenEntries
        self.resetAt = resetAt
        self.deallocations = deallocations
        self.databases = databases
        self.server = server
        self.relations = relations
    }
}
