extension MetricCatalog {
    // MARK: Statements

    public static let statementCalls = NumberMetric<StatementLabels>.counter(
        "lockkeeper_statement_calls_total",
        help: "Executions of the query, of the queries that take the most time, by the server's statistics.")

    public static let statementSeconds = NumberMetric<StatementLabels>.counter(
        "lockkeeper_statement_seconds_total", unit: .seconds,
        help: "Time that executions of the query have taken, by the server's statistics.")

    public static let statementMean = NumberMetric<StatementLabels>.gauge(
        "lockkeeper_statement_mean_seconds", unit: .seconds,
        help: "Mean time of an execution of the query between the newest two readings that show any.")

    public static let statementSlowdown = NumberMetric<StatementRunLabels>.gauge(
        "lockkeeper_statement_slowdown_ratio", unit: .ratio,
        help: "Mean time of the query after the migration run divided by that before, where they differ beyond chance.")

    public static let statementStatistics = NumberMetric<TargetLabels>.gauge(
        "lockkeeper_statement_statistics_available",
        help: "Whether the server's statistics of statements can be read; without them running statements are sampled.")

    public static let statementDeallocations = NumberMetric<TargetLabels>.counter(
        "lockkeeper_statement_deallocations_total",
        help: "How often the server dropped statistics of statements to make room for others.")

    // MARK: The database's own work

    public static let databaseTransactions = NumberMetric<TransactionLabels>.counter(
        "lockkeeper_database_transactions_total", help: "Transactions of the database by outcome.")

    public static let databaseBlocks = NumberMetric<BlockLabels>.counter(
        "lockkeeper_database_blocks_total",
        help: "Blocks that the database needed: hit in the server's cache, or read from outside it.")

    public static let databaseDeadlocks = NumberMetric<DatabaseLabels>.counter(
        "lockkeeper_database_deadlocks_total", help: "Deadlocks that the server resolved by an error.")

    public static let databaseTemporaryFiles = NumberMetric<DatabaseLabels>.counter(
        "lockkeeper_database_temporary_files_total", help: "Temporary files that queries of the database wrote.")

    public static let databaseTemporaryBytes = NumberMetric<DatabaseLabels>.counter(
        "lockkeeper_database_temporary_bytes_total", unit: .bytes,
        help: "Bytes that queries of the database wrote to temporary files.")

    public static let databaseSessionsKilled = NumberMetric<DatabaseLabels>.counter(
        "lockkeeper_database_sessions_killed_total",
        help: "Sessions of the database that an operator terminated; from PostgreSQL 14 on.")

    public static let databaseSize = NumberMetric<DatabaseLabels>.gauge(
        "lockkeeper_database_size_bytes", unit: .bytes, help: "What the database's files take up.")

    public static let walBytes = NumberMetric<TargetLabels>.counter(
        "lockkeeper_wal_bytes_total", unit: .bytes,
        help: "Write-ahead log that the server has written, or replayed as a standby.")

    public static let checkpoints = NumberMetric<CheckpointLabels>.counter(
        "lockkeeper_checkpoints_total",
        help: "Checkpoints of the server: timed, or requested by somebody or by much WAL.")

    static let performanceFamilies: [MetricDescriptor] = [
        statementCalls.descriptor, statementSeconds.descriptor, statementMean.descriptor, statementSlowdown.descriptor,
        statementStatistics.descriptor, statementDeallocations.descriptor, databaseTransactions.descriptor,
        databaseBlocks.descriptor, databaseDeadlocks.descriptor, databaseTemporaryFiles.descriptor,
        databaseTemporaryBytes.descriptor, databaseSessionsKilled.descriptor, databaseSize.descriptor,
        walBytes.descriptor, checkpoints.descriptor,
    ]

    // MARK: Labels

    /// `{target,database,queryid}`
    public struct StatementLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["queryid"]
        public var database: DatabaseLabels
        public var queryID: Int64
        public var values: [String] { database.values + [String(queryID)] }

        public init(_ database: DatabaseLabels, queryID: Int64) {
            self.database = database
            self.queryID = queryID
        }
    }

    /// `{target,database,queryid,run}`
    public struct StatementRunLabels: MetricLabelSet {
        public static let names = StatementLabels.names + ["run"]
        public var statement: StatementLabels
        public var run: String
        public var values: [String] { statement.values + [run] }

        public init(_ statement: StatementLabels, run: String) {
            self.statement = statement
            self.run = run
        }
    }

    /// `{target,database,outcome}`
    public struct TransactionLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["outcome"]
        public var database: DatabaseLabels
        public var isCommitted: Bool
        public var values: [String] { database.values + [isCommitted ? "committed" : "rolled_back"] }

        public init(_ database: DatabaseLabels, isCommitted: Bool) {
            self.database = database
            self.isCommitted = isCommitted
        }
    }

    /// `{target,database,source}`
    public struct BlockLabels: MetricLabelSet {
        public static let names = DatabaseLabels.names + ["source"]
        public var database: DatabaseLabels
        /// Whether the blocks were in the server's cache.
        public var isHit: Bool
        public var values: [String] { database.values + [isHit ? "hit" : "read"] }

        public init(_ database: DatabaseLabels, isHit: Bool) {
            self.database = database
            self.isHit = isHit
        }
    }

    /// `{target,kind}`
    public struct CheckpointLabels: MetricLabelSet {
        public static let names = ["target", "kind"]
        public var target: String
        public var isTimed: Bool
        public var values: [String] { [target, isTimed ? "timed" : "requested"] }

        public init(target: String, isTimed: Bool) {
            self.target = target
            self.isTimed = isTimed
        }
    }
}
