/// A Drizzle migrations folder as it was found on disk, before it is known whether its parts fit together.
///
/// Sources: drizzle-orm's `migrator.ts` (0.45 and 1.0) and drizzle-kit's journal, version 7.
public struct DrizzleFolder: Sendable, Hashable {
    /// `meta/_journal.json` of 0.x; `nil` if there is none.
    public var journal: Found<Journal>?
    /// 0.x: the `.sql` files of the folder, by name without `.sql`.
    public var files: [String: Found<File>]
    /// 1.x: the folders in the folder, by name; `nil` where one has no `migration.sql`.
    public var folders: [String: Found<File>?]
    /// What could not be looked at, each a sentence.
    public var problems: [String]

    /// Something that was there, and may have been readable.
    public enum Found<Content: Sendable & Hashable>: Sendable, Hashable {
        case read(Content)
        /// The end of a sentence that says why not: "is larger than 16 MiB".
        case unreadable(reason: String)
    }

    public struct Journal: Sendable, Hashable {
        public var dialect: String?
        public var entries: [Entry]

        /// Each field is `nil` if it is missing or not of its type.
        public struct Entry: Sendable, Hashable {
            public var index: Int?
            public var stamp: Int64?
            public var tag: String?

            public init(index: Int?, stamp: Int64?, tag: String?) {
                self.index = index
                self.stamp = stamp
                self.tag = tag
            }
        }

        public init(dialect: String?, entries: [Entry]) {
            self.dialect = dialect
            self.entries = entries
        }
    }

    public struct File: Sendable, Hashable {
        /// SHA-256 in hex of the text as UTF-8.
        public var hash: String
        public var text: MigrationText

        public init(hash: String, text: MigrationText) {
            self.hash = hash
            self.text = text
        }
    }

    public init(
        journal: Found<Journal>? = nil, files: [String: Found<File>] = [:], folders: [String: Found<File>?] = [:],
        problems: [String] = []
    ) {
        self.journal = journal
        self.files = files
        self.folders = folders
        self.problems = problems
    }

    /// How far a stamp may lie ahead of the clock here before it counts as in the future: clocks differ.
    static let clockTolerance = Duration.seconds(60)

    /// Puts the parts together by the rules of the version that wrote them, and says what does not fit.
    ///
    /// - Parameter now: stamps later than this are a problem.
    public func assemble(at now: Timestamp) -> MigrationFolder {
        let isTimestamped = journal == nil && folders.values.contains { $0 != nil }
        var folder = isTimestamped ? assembleTimestamped(at: now) : assembleJournaled(at: now)
        folder.problems = problems + folder.problems
        return folder
    }

    // MARK: - 0.x

    private func assembleJournaled(at now: Timestamp) -> MigrationFolder {
        var folder = MigrationFolder(tool: "drizzle", rule: .watermark)
        switch journal {
        case .read(let journal):
            read(journal, into: &folder, at: now)
        case .unreadable(let reason):
            folder.problems.append(
                "meta/_journal.json \(reason), so Drizzle cannot migrate and the order of the files is not known.")
            folder.entries = journallessEntries
        case nil:
            folder.entries = journallessEntries
            folder.problems.append(
                folder.entries.isEmpty
                    ? "There are no migrations here: no meta/_journal.json, no .sql files, no folders with a migration.sql."
                    : "meta/_journal.json is missing, so Drizzle cannot migrate and the order of the files is not known."
            )
        }
        if journal != nil, folders.values.contains(where: { $0 != nil }) {
            folder.problems.append(
                "Besides meta/_journal.json there are folders with a migration.sql: Drizzle 0.x does not see those, "
                    + "and 1.x refuses a folder with a journal. Run `drizzle-kit up` with 1.x, or take them out.")
        }
        for entry in folder.entries { describe(files[entry.name], name: "\(entry.name).sql", into: &folder.problems) }
        return folder
    }

    private var journallessEntries: [MigrationFolder.Entry] {
        files.keys.sorted().map { entry(name: $0, stamp: nil, file: files[$0]) }
    }

    private func read(_ journal: Journal, into folder: inout MigrationFolder, at now: Timestamp) {
        if let dialect = journal.dialect, dialect != "postgresql" {
            folder.problems.append("meta/_journal.json is for `\(dialect)`, not for `postgresql`.")
        }
        if journal.entries.isEmpty, !files.isEmpty {
            folder.problems.append("meta/_journal.json has no entries.")
        }
        var newest: (tag: String, stamp: Int64)?
        var tags: Set<String> = []
        var expectedIndex = 0
        for (position, entry) in journal.entries.enumerated() {
            guard let tag = entry.tag, !tag.isEmpty else {
                folder.problems.append("Entry \(position) of meta/_journal.json has no tag.")
                continue
            }
            check(entry.index, of: tag, expected: &expectedIndex, into: &folder.problems)
            guard tags.insert(tag).inserted else {
                folder.problems.append("\(tag) stands twice in meta/_journal.json.")
                continue
            }
            folder.entries.append(self.entry(name: tag, stamp: entry.stamp, file: files[tag]))
            if files[tag] == nil {
                folder.problems.append(
                    "\(tag) is in meta/_journal.json, but \(tag).sql is missing: Drizzle stops at it and applies nothing."
                )
            }
            guard let stamp = entry.stamp else {
                folder.problems.append("\(tag) has no `when` in meta/_journal.json.")
                continue
            }
            check(stamp, of: tag, at: now, into: &folder.problems)
            if let newest, stamp <= newest.stamp {
                folder.problems.append(
                    "\(tag) is stamped \(Self.readable(stamp)), not later than \(newest.tag) (\(Self.readable(newest.stamp))): "
                        + "where that is applied, Drizzle skips \(tag) in silence. Set its `when` in meta/_journal.json later."
                )
            } else {
                newest = (tag, stamp)
            }
        }
        for name in files.keys.sorted() where !tags.contains(name) {
            folder.problems.append("\(name).sql is not in meta/_journal.json: Drizzle never applies it.")
        }
    }

    private func check(_ index: Int?, of tag: String, expected: inout Int, into problems: inout [String]) {
        guard let index else {
            problems.append("\(tag) has no `idx` in meta/_journal.json.")
            expected += 1
            return
        }
        if index != expected {
            problems.append(
                "\(tag) has idx \(index) in meta/_journal.json where \(expected) is expected: an entry was lost or merged twice."
            )
        }
        // One gap is one problem, not one for each entry after it.
        expected = index &+ 1
    }

    // MARK: - 1.x

    private func assembleTimestamped(at now: Timestamp) -> MigrationFolder {
        var folder = MigrationFolder(tool: "drizzle", rule: .name)
        for name in folders.keys.sorted() {
            guard let found = folders[name] ?? nil else {
                folder.problems.append("\(name) has no migration.sql: Drizzle leaves it out in silence.")
                continue
            }
            let stamp = Self.stamp(ofFolder: name)
            folder.entries.append(entry(name: name, stamp: stamp, file: found))
            describe(found, name: "\(name)/migration.sql", into: &folder.problems)
            if let stamp {
                check(stamp, of: name, at: now, into: &folder.problems)
            } else {
                folder.problems.append(
                    "\(name) does not begin with its time as 14 digits (YYYYMMDDHHMMSS, UTC), by which Drizzle orders.")
            }
        }
        for name in files.keys.sorted() {
            folder.problems.append("\(name).sql lies outside the migrations' folders: Drizzle never applies it.")
        }
        return folder
    }

    /// Milliseconds since the Unix epoch by the `YYYYMMDDHHMMSS` that a folder's name begins with.
    static func stamp(ofFolder name: String) -> Int64? {
        let digits = Array(name.utf8.prefix(14))
        guard digits.count == 14, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        func part(_ start: Int, _ length: Int) -> Substring { text.dropFirst(start).prefix(length) }
        let date = "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))"
        return Timestamp(rfc3339: "\(date)T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z")?.milliseconds
    }

    // MARK: - Both

    private func entry(name: String, stamp: Int64?, file: Found<File>?) -> MigrationFolder.Entry {
        guard case .read(let file) = file else { return MigrationFolder.Entry(name: name, stamp: stamp) }
        return MigrationFolder.Entry(
            name: name, hash: file.hash, stamp: stamp, statementCount: file.text.statementCount,
            statements: file.text.statements)
    }

    private func describe(_ file: Found<File>?, name: String, into problems: inout [String]) {
        switch file {
        case nil: break
        case .unreadable(let reason): problems.append("\(name) \(reason).")
        case .read(let file):
            if let word = file.text.transactionEnds.first {
                problems.append(
                    "\(name) contains \(word): it ends the transaction in which Drizzle runs all pending migrations, so that a failure "
                        + "after it leaves them half applied.")
            }
            if let beginning = file.text.concurrentStatements.first {
                problems.append(
                    "\(name) contains \(beginning), which PostgreSQL refuses in a transaction, and Drizzle runs everything in one."
                )
            }
            if file.text.statementCount == 0 { problems.append("\(name) is empty.") }
        }
    }

    private func check(_ stamp: Int64, of name: String, at now: Timestamp, into problems: inout [String]) {
        guard stamp > (now + Self.clockTolerance).milliseconds else { return }
        problems.append(
            "\(name) is stamped in the future (\(Self.readable(stamp))): once it is applied, Drizzle 0.x skips what is made before then."
        )
    }

    private static func readable(_ stamp: Int64) -> String {
        let (microseconds, overflow) = stamp.multipliedReportingOverflow(by: 1000)
        guard !overflow, abs(stamp) < 253_402_300_800_000 else { return "\(stamp) ms" }
        return Timestamp(microseconds: microseconds).readable
    }
}
