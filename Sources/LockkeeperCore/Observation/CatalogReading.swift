/// What one look at a database's catalogs, and at the health of its server, saw.
///
/// Lists are bounded: the counts beside them are not.
public struct CatalogReading: Sendable, Hashable, Codable {
    public var database: String
    /// The server's clock in the same round trip.
    public var serverTime: Timestamp
    /// Indexes that are invalid and that nothing is building, the largest first.
    public var invalidIndexes: [InvalidIndex]
    /// How many there are, whether or not the list has room for them.
    public var invalidIndexCount: Int
    public var notValidatedConstraints: [NotValidatedConstraint]
    public var notValidatedConstraintCount: Int
    /// The tables that are nearest to wraparound, of transaction ids or of multixact ids, whichever the database has used more of; the
    /// oldest first; none of a database that is not old.
    public var oldestTables: [TableAge]
    /// What is the same from every database of the server: read in the database that the connection leads to.
    public var server: ServerHealth?
    /// What could not be read, and why: the rest stands all the same.
    public var failures: [Part: SampleFailure]

    /// How many invalid indexes are listed.
    public static let indexLimit = 100
    /// How many constraints are listed.
    public static let constraintLimit = 100
    /// How many of the oldest tables are listed.
    public static let tableLimit = 10
    /// The age of a database, in transactions or multixacts, from which on its oldest tables are listed: autovacuum begins at 200 million
    /// (`autovacuum_freeze_max_age`), and what is twice as old is not getting done.
    public static let oldDatabase: Int64 = 500_000_000

    /// A part of the reading, as a failure names it.
    public enum Part: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
        case invalidIndexes = "invalid_indexes"
        case constraints
        case oldestTables = "oldest_tables"
        case databases
        case snapshots
        case slots
        case replicas
        case archiver
        case settings
        case walFolder = "wal_folder"

        /// Whether it is the same from every database of the server, and so is read in one of them only.
        public var isOfServer: Bool {
            switch self {
            case .invalidIndexes, .constraints, .oldestTables: false
            case .databases, .snapshots, .slots, .replicas, .archiver, .settings, .walFolder: true
            }
        }
    }

    public init(
        database: String, serverTime: Timestamp, invalidIndexes: [InvalidIndex] = [], invalidIndexCount: Int? = nil,
        notValidatedConstraints: [NotValidatedConstraint] = [], notValidatedConstraintCount: Int? = nil,
        oldestTables: [TableAge] = [], server: ServerHealth? = nil, failures: [Part: SampleFailure] = [:]
    ) {
        self.database = database
        self.serverTime = serverTime
        self.invalidIndexes = invalidIndexes
        self.invalidIndexCount = invalidIndexCount ?? invalidIndexes.count
        self.notValidatedConstraints = notValidatedConstraints
        self.notValidatedConstraintCount = notValidatedConstraintCount ?? notValidatedConstraints.count
        self.oldestTables = oldestTables
        self.server = server
        self.failures = failures
    }
}

/// An index that is not `indisvalid`: a CREATE INDEX, REINDEX or DROP INDEX CONCURRENTLY has failed. Queries do not use it; if it is
/// ready, every write maintains it.
public struct InvalidIndex: Sendable, Hashable, Codable {
    public var oid: UInt32
    /// Qualified, and quoted where SQL needs it.
    public var name: String
    public var table: String
    public var isUnique: Bool
    /// Whether writes maintain it (`indisready`).
    public var isReady: Bool
    /// Whether it counts as an index at all (`indislive`): not any more after a DROP INDEX CONCURRENTLY that got that far and failed.
    public var isLive: Bool
    /// From `relpages`: bytes as of the build's end or the last VACUUM or ANALYZE; 0 for one that was never filled.
    public var estimatedBytes: Int64
    public var leftover: Leftover

    /// What REINDEX CONCURRENTLY leaves behind is told by its name.
    public enum Leftover: String, Sendable, Hashable, Codable {
        /// An index of its own: a CREATE INDEX CONCURRENTLY that failed, and then it is to be dropped and created again, or a DROP INDEX
        /// CONCURRENTLY.
        case none
        /// `…_ccnew`: the copy that was not finished. The original is still valid; the copy is to be dropped.
        case newCopy = "ccnew"
        /// `…_ccold`: the original that could not be dropped after it was replaced. It is to be dropped.
        case oldCopy = "ccold"
    }

    public init(
        oid: UInt32, name: String, table: String, isUnique: Bool = false, isReady: Bool = false,
        isLive: Bool = true, estimatedBytes: Int64 = 0, leftover: Leftover = .none
    ) {
        self.oid = oid
        self.name = name
        self.table = table
        self.isUnique = isUnique
        self.isReady = isReady
        self.isLive = isLive
        self.estimatedBytes = estimatedBytes
        self.leftover = leftover
    }

    /// The statement that takes it away without holding up anybody's queries.
    public var remedy: String { "DROP INDEX CONCURRENTLY \(name)" }
}

/// A constraint that was added NOT VALID and has not been validated: new rows obey it, old ones may not.
public struct NotValidatedConstraint: Sendable, Hashable, Codable {
    /// Quoted where SQL needs it.
    public var name: String
    /// The table, or the domain; qualified.
    public var relation: String
    public var kind: Kind
    /// The table that a foreign key refers to.
    public var referencedTable: String?
    /// Of the table, from its `relpages`: what a validation reads.
    public var estimatedBytes: Int64

    public enum Kind: String, Sendable, Hashable, Codable {
        case check
        case foreignKey = "foreign_key"
        /// From PostgreSQL 18 on.
        case notNull = "not_null"
        /// A check of a domain.
        case domainCheck = "domain_check"
    }

    public init(
        name: String, relation: String, kind: Kind, referencedTable: String? = nil, estimatedBytes: Int64 = 0
    ) {
        self.name = name
        self.relation = relation
        self.kind = kind
        self.referencedTable = referencedTable
        self.estimatedBytes = estimatedBytes
    }

    /// The statement that validates it. Reads and writes pass meanwhile, but for `locksOutWriters`.
    public var remedy: String {
        "ALTER \(kind == .domainCheck ? "DOMAIN" : "TABLE") \(relation) VALIDATE CONSTRAINT \(name)"
    }

    /// Whether the validation keeps writers out: that of a domain takes SHARE on every table that uses it, in all versions up to 18
    /// (`validateDomainConstraint`, or `validateDomainCheckConstraint`, in typecmds.c).
    public var locksOutWriters: Bool { kind == .domainCheck }
}

/// How old a table's oldest unfrozen row may be.
public struct TableAge: Sendable, Hashable, Codable {
    /// Qualified; a TOAST table goes by the name of its table.
    public var table: String
    /// In transactions, `age(relfrozenxid)`: the greater of its own and its TOAST table's.
    public var transactions: Int64
    /// In multixacts, `mxid_age(relminmxid)`: the greater of its own and its TOAST table's.
    public var multixacts: Int64
    public var estimatedBytes: Int64

    public init(table: String, transactions: Int64, multixacts: Int64 = 0, estimatedBytes: Int64 = 0) {
        self.table = table
        self.transactions = transactions
        self.multixacts = multixacts
        self.estimatedBytes = estimatedBytes
    }
}
