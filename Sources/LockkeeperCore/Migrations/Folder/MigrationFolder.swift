/// A tool's folder of migrations as it lies on disk: what there is to apply, in the tool's own order, and what is wrong with it.
public struct MigrationFolder: Sendable, Hashable, Codable {
    /// The `id` of the tool in the catalogue of tools.
    public var tool: String
    public var rule: Rule
    /// In the order in which the tool applies them.
    public var entries: [Entry]
    /// What a person should put right, each a sentence.
    public var problems: [String]

    /// How the tool decides what is still to be applied.
    public enum Rule: String, Sendable, Hashable, Codable {
        /// Drizzle 0.x: what is stamped later than the newest row of the history. What is older than that row and has none of its own is
        /// skipped without a word.
        case watermark
        /// Drizzle 1.x: what has no row of its name.
        case name
    }

    /// One migration.
    public struct Entry: Sendable, Hashable, Codable {
        /// Drizzle 0.x: the journal's `tag`; 1.x: the folder's name.
        public var name: String
        /// SHA-256 of the file in hex, as Drizzle keeps it; `nil` if the file is missing or cannot be read.
        public var hash: String?
        /// Milliseconds since the Unix epoch. Drizzle 0.x: the journal's `when`; 1.x: the time in the folder's name. `nil` if not known.
        public var stamp: Int64?
        /// How many statements the file is cut into; `nil` if it cannot be read.
        public var statementCount: Int?
        /// What each of its statements is recognised by, in order; empty if the file cannot be read.
        public var statements: [StatementFingerprint]

        public init(
            name: String, hash: String? = nil, stamp: Int64? = nil, statementCount: Int? = nil,
            statements: [StatementFingerprint] = []
        ) {
            self.name = name
            self.hash = hash
            self.stamp = stamp
            self.statementCount = statementCount
            self.statements = statements
        }
    }

    public init(tool: String, rule: Rule, entries: [Entry] = [], problems: [String] = []) {
        self.tool = tool
        self.rule = rule
        self.entries = entries
        self.problems = problems
    }

    /// The name of the migration that a row of the history stands for; `nil` if the folder does not say.
    public func name(of row: HistoryEntry) -> String? {
        if let name = row.name, entries.contains(where: { $0.name == name }) { return name }
        let stamped = entries.filter { isStamped($0, as: row) }
        if let exact = stamped.first(where: { $0.hash != nil && $0.hash == row.hash }) { return exact.name }
        if stamped.count == 1 { return stamped.first?.name }
        guard let hash = row.hash else { return nil }
        // Of two files with the same text, the hash alone names neither.
        let hashed = entries.filter { $0.hash == hash }
        return hashed.count == 1 ? hashed.first?.name : nil
    }

    /// Compares the folder with what a database's history says. A history that is not there means that nothing has been applied.
    ///
    /// - Returns: nothing in any list if the history could not be read.
    public func compare(with reading: HistoryReading) -> PendingMigrations {
        var rows: [HistoryEntry] = []
        for table in reading.tables where table.tool == tool {
            guard case .read(let entries) = table.entries else { return PendingMigrations() }
            rows += entries
        }
        return PendingMigrations.compare(self, with: rows, isHistoryComplete: !Self.seemsCutOff(rows))
    }

    /// What the tool would apply if it ran now; nothing while the history is not known.
    public func pending(history reading: HistoryReading?) -> [Entry] {
        reading.map { compare(with: $0).pending } ?? []
    }

    /// Whether a row was stamped by this entry. Drizzle 1.x rewrote the stamps of 0.x to whole seconds in its folders' names.
    func isStamped(_ entry: Entry, as row: HistoryEntry) -> Bool {
        guard let mine = entry.stamp, let theirs = row.stamp else { return false }
        return switch rule {
        case .watermark: mine == theirs
        case .name: mine / 1000 == theirs / 1000
        }
    }

    /// Readers ask for a number of rows, never for fewer than these. Serial keys begin with 1.
    private static func seemsCutOff(_ rows: [HistoryEntry]) -> Bool {
        rows.count >= 100 && rows.first?.key != "1"
    }
}
