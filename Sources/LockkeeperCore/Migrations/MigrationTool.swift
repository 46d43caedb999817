/// A migration tool as it can be recognised from inside PostgreSQL: its history table, its lock, its name.
public struct MigrationTool: Sendable, Hashable, Identifiable {
    /// The value of the label `tool`, such as `drizzle`.
    public var id: String
    /// For people, such as `Drizzle`.
    public var name: String
    public var histories: [HistoryShape]
    public var advisoryLocks: [AdvisoryLockPattern]
    /// What its sessions' `application_name` begins with, in lower case.
    public var applicationNames: [String]

    init(
        _ id: String, _ name: String, histories: [HistoryShape], locks: [AdvisoryLockPattern] = [],
        applicationNames: [String] = []
    ) {
        self.id = id
        self.name = name
        self.histories = histories
        self.advisoryLocks = locks
        self.applicationNames = applicationNames
    }

    /// How a run is called that no tool claims: DDL by hand, or by a tool that leaves no trace.
    public static let manual = "manual"

    /// The tool's name for people; the id itself for one that is not in the catalogue.
    public static func displayName(of id: String) -> String {
        if id == manual { return "no known tool (by hand?)" }
        return all.first { $0.id == id }?.name ?? id
    }
}

/// How a tool's history table looks and how it is read. Expressions are SQL over the table's own columns.
public struct HistoryShape: Sendable, Hashable {
    /// The table's usual name; its schema is free.
    public var table: String
    /// Columns that it must have to be this tool's.
    public var columns: [String]
    /// Columns that it must not have.
    public var absentColumns: [String]
    /// Another table that must stand in the same schema.
    public var companion: String?
    /// Another table that must not stand in the same schema.
    public var absentCompanion: String?
    /// What identifies a row for ever, as text.
    public var key: String
    public var migrationName: String?
    public var hash: String?
    /// A bigint.
    public var stamp: String?
    /// A timestamptz.
    public var appliedAt: String?
    /// `applied`, `failed` or `unfinished`.
    public var state: String?
    /// The tool's own order, for ORDER BY.
    public var order: String

    init(
        _ table: String, columns: [String], absent: [String] = [], companion: String? = nil,
        absentCompanion: String? = nil, key: String, name: String? = nil, hash: String? = nil, stamp: String? = nil,
        appliedAt: String? = nil, state: String? = nil, order: String
    ) {
        self.table = table
        self.columns = columns
        self.absentColumns = absent
        self.companion = companion
        self.absentCompanion = absentCompanion
        self.key = key
        self.migrationName = name
        self.hash = hash
        self.stamp = stamp
        self.appliedAt = appliedAt
        self.state = state
        self.order = order
    }
}

/// How a tool computes the key of the advisory lock that it takes while it runs.
public enum AdvisoryLockPattern: Sendable, Hashable {
    case fixed(Int64)
    /// Within 2³¹ of a base: Flyway adds the Java hash code of its table's name.
    case near(Int64)
    /// A factor times CRC-32 of the database's name, as a bigint: Rails, sqlx.
    case databaseNameCRC(factor: Int64)
    /// CRC-32 of `schema\0table\0database` times a salt, modulo 2³²: golang-migrate.
    case golangMigrate

    /// Any session may take a lock with any key: the difference may overflow.
    private func isNear(_ value: Int64, _ base: Int64) -> Bool {
        let (difference, overflows) = value.subtractingReportingOverflow(base)
        return !overflows && difference.magnitude <= 1 << 31
    }

    /// Whether a lock with this key in this database is the tool's.
    public func matches(_ key: AdvisoryKey, database: String) -> Bool {
        guard case .single(let value) = key else { return false }
        return switch self {
        case .fixed(let expected): value == expected
        case .near(let base): isNear(value, base)
        case .databaseNameCRC(let factor): value == factor &* Int64(CRC32.checksum(database.utf8))
        case .golangMigrate:
            value == Int64(CRC32.checksum("public\0schema_migrations\0\(database)".utf8) &* 1_486_364_155)
        }
    }
}
