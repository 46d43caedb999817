/// A row of one of PostgreSQL's progress views: what a long command of a server process is doing, and how far it is.
///
/// Source: the manual, "Progress Reporting". The counters are the server's own and are set back at the begin of some phases: what the
/// present phase counts is `current`.
public struct Progress: Sendable, Hashable, Codable {
    public var pid: Int32
    public var command: Command
    /// The command as it was given, such as `CREATE INDEX CONCURRENTLY`, `REINDEX`, `VACUUM FULL`, `COPY FROM`.
    public var operation: String
    /// "" for a base backup.
    public var database: String
    /// The table; `nil` for a base backup, and where a COPY is of a query.
    public var relation: Relation?
    /// The index that is being built, or by whose order a table is clustered.
    public var index: Relation?
    /// As the view spells it, such as `building index: scanning table`; "" for COPY, which has none.
    public var phase: String
    public var blocks: Counter?
    /// For CREATE INDEX those loaded; for CLUSTER those scanned and, as the total, none; for COPY those processed.
    public var tuples: Counter?
    /// Of COPY and base backups.
    public var bytes: Counter?
    /// Of CREATE INDEX CONCURRENTLY: transactions that it waits for in this phase.
    public var lockers: Counter?
    /// Whom it waits for right now.
    public var currentLockerPID: Int32?
    /// Of a partitioned table.
    public var partitions: Counter?
    /// Of VACUUM: indexes of this round, from PostgreSQL 17 on; of CLUSTER: indexes built anew, without a total. Of ANALYZE: extended
    /// statistics.
    public var parts: Counter?

    /// Which view it is of.
    public enum Command: String, Sendable, Hashable, Codable, CaseIterable {
        case createIndex = "create_index"
        /// CLUSTER and VACUUM FULL.
        case cluster
        /// From PostgreSQL 14 on.
        case copy
        case vacuum
        case analyze
        case baseBackup = "base_backup"
    }

    /// A table or index.
    public struct Relation: Sendable, Hashable, Codable {
        public var oid: UInt32
        /// Qualified; `nil` if it is of another database than the connection's, or not visible yet (it is being created).
        public var name: String?

        public init(oid: UInt32, name: String?) {
            self.oid = oid
            self.name = name
        }
    }

    /// How many of how many.
    public struct Counter: Sendable, Hashable, Codable {
        public var done: Int64
        /// `nil` where the server does not know.
        public var total: Int64?

        public init(_ done: Int64, of total: Int64?) {
            self.done = done
            self.total = total
        }

        /// From 0 to 1; `nil` without a total. Tables grow while they are read, so there may be more done than there was to do.
        public var ratio: Double? {
            guard let total, total > 0 else { return nil }
            return min(1, max(0, Double(done) / Double(total)))
        }
    }

    /// What a phase counts.
    public enum Unit: String, Sendable, Hashable, Codable {
        case blocks, tuples, bytes, transactions, indexes, partitions, statistics
    }

    public init(
        pid: Int32, command: Command, operation: String, database: String = "", relation: Relation? = nil,
        index: Relation? = nil, phase: String = "", blocks: Counter? = nil, tuples: Counter? = nil,
        bytes: Counter? = nil, lockers: Counter? = nil, currentLockerPID: Int32? = nil, partitions: Counter? = nil,
        parts: Counter? = nil
    ) {
        self.pid = pid
        self.command = command
        self.operation = operation
        self.database = database
        self.relation = relation
        self.index = index
        self.phase = phase
        self.blocks = blocks
        self.tuples = tuples
        self.bytes = bytes
        self.lockers = lockers
        self.currentLockerPID = currentLockerPID
        self.partitions = partitions
        self.parts = parts
    }

    /// The counter that the present phase moves, and what it counts; `nil` for a phase that counts nothing.
    public var current: (counter: Counter, unit: Unit)? {
        func of(_ counter: Counter?, _ unit: Unit) -> (Counter, Unit)? { counter.map { ($0, unit) } }
        switch command {
        case .createIndex:
            if isWaitingForOthers { return of(lockers, .transactions) }
            // Access methods other than btree have no phases of their own.
            if phase == "building index", blocks?.total != nil { return of(blocks, .blocks) }
            if phase.hasSuffix("scanning table") || phase.hasSuffix("scanning index") { return of(blocks, .blocks) }
            return phase.hasSuffix("loading tuples in tree") ? of(tuples, .tuples) : nil
        case .cluster:
            switch phase {
            case "seq scanning heap": return of(blocks, .blocks)
            case "index scanning heap", "writing new heap": return of(tuples, .tuples)
            case "rebuilding index": return of(parts, .indexes)
            default: return nil
            }
        case .copy:
            // A copy of a query, or to a client, knows no size; what it has processed is counted all the same.
            return of(bytes?.total != nil ? bytes : nil, .bytes) ?? of(tuples, .tuples)
        case .vacuum:
            switch phase {
            case "scanning heap", "vacuuming heap": return of(blocks, .blocks)
            case "vacuuming indexes", "cleaning up indexes": return of(parts, .indexes)
            default: return nil
            }
        case .analyze:
            switch phase {
            case "acquiring sample rows", "acquiring inherited sample rows": return of(blocks, .blocks)
            case "computing extended statistics": return of(parts, .statistics)
            default: return nil
            }
        case .baseBackup:
            return phase == "streaming database files" ? of(bytes, .bytes) : nil
        }
    }

    /// Whether it is in a phase in which CONCURRENTLY waits for transactions of others to end.
    public var isWaitingForOthers: Bool { command == .createIndex && phase.hasPrefix("waiting for") }

    /// The phases that are still to come, in order; empty where that is not known (another access method than btree) or none is.
    ///
    /// What they take cannot be told from the counters of this one.
    public var followingPhases: [String] {
        let order = Self.order(of: command, operation: operation)
        guard let position = order.firstIndex(of: phase) else { return [] }
        return Array(order[(position + 1)...])
    }

    private static func order(of command: Command, operation: String) -> [String] {
        let build = [
            "building index: initializing", "building index: scanning table", "building index: sorting live tuples",
            "building index: loading tuples in tree",
        ]
        switch command {
        case .createIndex where operation.hasSuffix("CONCURRENTLY"):
            let validation = [
                "waiting for writers before validation", "index validation: scanning index",
                "index validation: sorting tuples", "index validation: scanning table", "waiting for old snapshots",
            ]
            let end =
                operation.hasPrefix("REINDEX")
                ? ["waiting for readers before marking dead", "waiting for readers before dropping"] : []
            return ["initializing", "waiting for writers before build"] + build + validation + end
        case .createIndex:
            return ["initializing"] + build
        case .cluster where operation == "VACUUM FULL":
            return ["initializing", "seq scanning heap", "swapping relation files", "rebuilding index"]
        case .cluster, .copy, .vacuum, .analyze, .baseBackup:
            // CLUSTER chooses its way, VACUUM takes rounds.
            return []
        }
    }
}
