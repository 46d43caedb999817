/// What the migration tools' history tables of one database say.
public struct HistoryReading: Sendable, Hashable, Codable {
    public var database: String
    public var serverTime: Timestamp
    public var tables: [HistoryTable]

    public init(database: String, serverTime: Timestamp, tables: [HistoryTable]) {
        self.database = database
        self.serverTime = serverTime
        self.tables = tables
    }
}

/// A migration tool's history table, told from others of the same name by its columns.
public struct HistoryTable: Sendable, Hashable, Codable {
    /// The `id` of the tool in the catalogue of tools.
    public var tool: String
    /// Qualified, such as `drizzle.__drizzle_migrations`.
    public var relation: String
    public var oid: UInt32
    /// The newest entries in the tool's own order, oldest first, at most as many as the reader was asked for; or why they could not be read
    /// (locked, no privilege).
    public var entries: Entries

    public enum Entries: Sendable, Hashable, Codable {
        case read([HistoryEntry])
        case failed(SampleFailure)
    }

    public init(tool: String, relation: String, oid: UInt32, entries: Entries) {
        self.tool = tool
        self.relation = relation
        self.oid = oid
        self.entries = entries
    }
}

/// One applied (or failed, or unfinished) migration in a history table.
public struct HistoryEntry: Sendable, Hashable, Codable {
    /// What identifies the row for ever within its table: the primary key's text.
    public var key: String
    /// The migration's name or version, where the tool keeps one. Drizzle 0.x keeps none: it is found by `hash` or `stamp` in the folder.
    public var name: String?
    /// The checksum that the tool keeps, such as Drizzle's SHA-256 of the file in hex.
    public var hash: String?
    /// Drizzle's `created_at`: the journal's `when` in milliseconds, not the time of applying.
    public var stamp: Int64?
    /// When the tool says that it was applied; `nil` where it keeps no such time.
    public var appliedAt: Timestamp?
    public var state: State
    /// The low 32 bits of the id of the transaction that wrote the row as it is now (`xmin`); `nil` where that is not known.
    public var transactionID: UInt32?

    public enum State: String, Sendable, Hashable, Codable {
        case applied
        /// The tool itself marks it as failed or dirty.
        case failed
        /// Begun and not finished, by the tool's own columns.
        case unfinished
        /// It had failed or not finished, and a person has told the tool that it is undone.
        case settled
    }

    public init(
        key: String, name: String? = nil, hash: String? = nil, stamp: Int64? = nil, appliedAt: Timestamp? = nil,
        state: State = .applied, transactionID: UInt32? = nil
    ) {
        self.key = key
        self.name = name
        self.hash = hash
        self.stamp = stamp
        self.appliedAt = appliedAt
        self.state = state
        self.transactionID = transactionID
    }
}
