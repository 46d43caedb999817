/// The tables and indexes of a database and how they have been used since their statistics were reset.
public struct RelationStatistics: Sendable, Hashable, Codable {
    public var database: String
    public var databaseOID: UInt32
    public var serverTime: Timestamp
    /// The largest tables and materialized views, at most `RelationStatistics.tableLimit`, the largest first; system ones are left out. The
    /// partitioned tables that they are partitions of come on top, each before its largest partition.
    public var tables: [Table]
    /// The indexes of those tables, in the tables' order.
    public var indexes: [Index]
    /// Whether the database has no further tables than those.
    public var isComplete: Bool

    /// Whether all indexes of a table are known. A list that was cut off ends in the middle of some table.
    public func knowsIndexes(of tableOID: UInt32) -> Bool {
        guard let place = tables.firstIndex(where: { $0.oid == tableOID }) else { return false }
        guard !isComplete, indexes.count >= Self.indexLimit, let last = indexes.last else { return true }
        return tables.firstIndex { $0.oid == last.tableOID }.map { place < $0 } ?? false
    }

    public static let tableLimit = 500
    public static let indexLimit = 2000

    public struct Table: Sendable, Hashable, Codable {
        public var oid: UInt32
        public var schema: String
        public var name: String
        public var sequentialScans: Int64
        public var liveRows: Int64
        /// The planner's number of rows (`pg_class.reltuples`); `nil` if it has none, since the table was never analysed.
        public var estimatedRows: Double?
        /// The newest ANALYZE, by hand or automatic.
        public var analyzedAt: Timestamp?
        /// The file of the table: another one after it was rewritten (`pg_class.relfilenode`).
        public var fileNode: UInt32
        /// Whether it is partitioned: its rows and scans are those of its partitions.
        public var isPartitioned: Bool
        /// Of a partition the partitioned table at the top, which queries name.
        public var rootOID: UInt32?

        public init(
            oid: UInt32, schema: String, name: String, sequentialScans: Int64 = 0, liveRows: Int64 = 0,
            estimatedRows: Double? = nil, analyzedAt: Timestamp? = nil, fileNode: UInt32 = 0,
            isPartitioned: Bool = false, rootOID: UInt32? = nil
        ) {
            self.oid = oid
            self.schema = schema
            self.name = name
            self.sequentialScans = sequentialScans
            self.liveRows = liveRows
            self.estimatedRows = estimatedRows
            self.analyzedAt = analyzedAt
            self.fileNode = fileNode
            self.isPartitioned = isPartitioned
            self.rootOID = rootOID
        }
    }

    public struct Index: Sendable, Hashable, Codable {
        public var oid: UInt32
        public var tableOID: UInt32
        public var name: String
        /// Whether queries may use it: valid and ready.
        public var isUsable: Bool
        public var scans: Int64
        /// Of a partition's index the partitioned index that it belongs to.
        public var parentOID: UInt32?

        public init(
            oid: UInt32, tableOID: UInt32, name: String, isUsable: Bool = true, scans: Int64 = 0,
            parentOID: UInt32? = nil
        ) {
            self.oid = oid
            self.tableOID = tableOID
            self.name = name
            self.isUsable = isUsable
            self.scans = scans
            self.parentOID = parentOID
        }
    }

    public init(
        database: String, databaseOID: UInt32, serverTime: Timestamp, tables: [Table] = [], indexes: [Index] = [],
        isComplete: Bool = true
    ) {
        self.database = database
        self.databaseOID = databaseOID
        self.serverTime = serverTime
        self.tables = tables
        self.indexes = indexes
        self.isComplete = isComplete
    }
}
