/// How far a run is, as far as that can be known: by the server's own counters, by its migrations, by its statements.
///
/// The counters are those of one phase of one command. What later phases take is not known from them, so `ratio` and `remaining` are of
/// the phase, and of the whole command only where `coversCommand` says so.
public struct RunProgress: Sendable, Hashable, Codable {
    /// The command, such as `CREATE INDEX CONCURRENTLY`; `nil` while the server counts nothing for the run.
    public var operation: String?
    /// Qualified.
    public var relation: String?
    public var index: String?
    /// As PostgreSQL spells it: `building index: scanning table`.
    public var phase: String?
    public var counter: Progress.Counter?
    public var unit: Progress.Unit?
    /// How much of the phase is done, from 0 to 1; `nil` for a phase without counters or without a known total.
    public var ratio: Double?
    /// How long the rest of the phase takes at the rate of the last while; `nil` before that means anything.
    public var remaining: Duration?
    /// Whether ratio and time left are of the whole command: it has no other phase that takes long.
    public var coversCommand: Bool
    /// The phases that are still to come; empty if there are none or they are not known.
    public var followingPhases: [String]
    /// When a counter last moved.
    public var lastAdvance: Timestamp?
    /// Transactions that CONCURRENTLY waits for.
    public var lockers: Progress.Counter?
    /// The one that it waits for now.
    public var currentLockerPID: Int32?
    public var partitions: Progress.Counter?
    public var step: Step?

    /// Where in its migrations a run is.
    public struct Step: Sendable, Hashable, Codable {
        /// How many migrations of the run are done, by what the tool's history or its sequence shows.
        public var migrationsDone: Int?
        /// How many it was to apply, by the folder.
        public var migrationsTotal: Int?
        /// The migration that the running statement is of, by the folder's text.
        public var migration: String?
        /// Which of its statements runs, from 1.
        public var statement: Int?
        public var statementsTotal: Int?

        public init(
            migrationsDone: Int? = nil, migrationsTotal: Int? = nil, migration: String? = nil, statement: Int? = nil,
            statementsTotal: Int? = nil
        ) {
            self.migrationsDone = migrationsDone
            self.migrationsTotal = migrationsTotal
            self.migration = migration
            self.statement = statement
            self.statementsTotal = statementsTotal
        }
    }

    public init(
        operation: String? = nil, relation: String? = nil, index: String? = nil, phase: String? = nil,
        counter: Progress.Counter? = nil, unit: Progress.Unit? = nil, ratio: Double? = nil, remaining: Duration? = nil,
        coversCommand: Bool = false, followingPhases: [String] = [], lastAdvance: Timestamp? = nil,
        lockers: Progress.Counter? = nil, currentLockerPID: Int32? = nil, partitions: Progress.Counter? = nil,
        step: Step? = nil
    ) {
        self.operation = operation
        self.relation = relation
        self.index = index
        self.phase = phase
        self.counter = counter
        self.unit = unit
        self.ratio = ratio
        self.remaining = remaining
        self.coversCommand = coversCommand
        self.followingPhases = followingPhases
        self.lastAdvance = lastAdvance
        self.lockers = lockers
        self.currentLockerPID = currentLockerPID
        self.partitions = partitions
        self.step = step
    }
}
