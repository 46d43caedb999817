import LockkeeperCore
import LockkeeperHost
import Testing

/// 2026-08-01T00:00:00Z
private let now = Timestamp(seconds: 1_785_542_400)

@Suite struct MigrationFolderReaderTests {
    private func read(_ folder: borrowing TemporaryFolder, _ reader: MigrationFolderReader = .init()) -> MigrationFolder
    {
        reader.read(tool: "drizzle", path: folder.path, at: now)
    }

    private func journal(_ entries: String...) -> String {
        #"{"version":"7","dialect":"postgresql","entries":[\#(entries.joined(separator: ","))]}"#
    }

    private func entry(_ index: Int, _ tag: String, when: Int64) -> String {
        #"{"idx":\#(index),"version":"7","when":\#(when),"tag":"\#(tag)","breakpoints":true}"#
    }

    @Test func `A whole 0.x folder is read in the journal's order with Drizzle's hashes`() throws {
        let folder = try TemporaryFolder()
        try folder.write("CREATE TABLE a ();", to: "0000_first.sql")
        try folder.write(
            "ALTER TABLE a ADD b int;--> statement-breakpoint\nCREATE INDEX ON a (b);\n", to: "0001_second.sql")
        try folder.write(
            journal(entry(0, "0000_first", when: 1_785_000_000_123), entry(1, "0001_second", when: 1_785_000_000_124)),
            to: "meta/_journal.json")
        try folder.write("{}", to: "meta/0000_snapshot.json")
        let read = read(folder)
        #expect(read.problems == [])
        #expect(read.tool == "drizzle")
        #expect(read.rule == .watermark)
        #expect(
            read.entries == [
                // printf 'CREATE TABLE a ();' | sha256sum
                MigrationFolder.Entry(
                    name: "0000_first", hash: "902f5c947b00294d6b0cdb41666553a31c51672ed6e65af6209e622790dce7b1",
                    stamp: 1_785_000_000_123, statementCount: 1,
                    statements: [StatementFingerprint("CREATE TABLE a ();")]),
                MigrationFolder.Entry(
                    name: "0001_second", hash: "3de6dce61f60aac6290f37332522315f3bb7aa30005b436e03c89738a170d336",
                    stamp: 1_785_000_000_124, statementCount: 2,
                    statements: [
                        StatementFingerprint("ALTER TABLE a ADD b int;"),
                        StatementFingerprint("CREATE INDEX ON a (b);"),
                    ]),
            ])
    }

    @Test func `A whole 1.x folder is read by the folders' names, stamped by the time in them`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 2;", to: "20260701100000_second/migration.sql")
        try folder.write("SELECT 1;", to: "20260630235959_first/migration.sql")
        try folder.write("{}", to: "20260630235959_first/snapshot.json")
        let read = read(folder)
        #expect(read.problems == [])
        #expect(read.rule == .name)
        #expect(read.entries.map(\.name) == ["20260630235959_first", "20260701100000_second"])
        #expect(read.entries.map(\.stamp) == [1_782_863_999_000, 1_782_900_000_000])
    }

    @Test func `A tag whose file is missing is named, and the other migrations are still read`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 1;", to: "0001_there.sql")
        try folder.write(
            journal(entry(0, "0000_gone", when: 1000), entry(1, "0001_there", when: 2000)), to: "meta/_journal.json")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["0000_gone", "0001_there"])
        #expect(read.entries.map { $0.hash != nil } == [false, true])
        #expect(
            read.problems == [
                "0000_gone is in meta/_journal.json, but 0000_gone.sql is missing: Drizzle stops at it and applies nothing."
            ])
    }

    @Test func `A file that the journal does not know is named`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 1;", to: "0000_known.sql")
        try folder.write("SELECT 1;", to: "0001_forgotten.sql")
        try folder.write(journal(entry(0, "0000_known", when: 1000)), to: "meta/_journal.json")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["0000_known"])
        #expect(read.problems == ["0001_forgotten.sql is not in meta/_journal.json: Drizzle never applies it."])
    }

    @Test(arguments: [
        ("", "is not a Drizzle journal (it is not valid JSON)"),
        (#"{"entries":["#, "is not a Drizzle journal (it is not valid JSON)"),
        ("<<<<<<< HEAD\n{}", "holds the marks of an unresolved merge"),
        ("{}", "is not a Drizzle journal (`entries` is missing)"),
        (#"{"entries":3}"#, "is not a Drizzle journal (`entries` is of the wrong type)"),
    ])
    func `A journal that cannot be read is said, and the files are read by name`(text: String, reason: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 2;", to: "0001_b.sql")
        try folder.write("SELECT 1;", to: "0000_a.sql")
        try folder.write(text, to: "meta/_journal.json")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["0000_a", "0001_b"])
        #expect(
            read.problems == [
                "meta/_journal.json \(reason), so Drizzle cannot migrate and the order of the files is not known."
            ])
    }

    @Test func `Fields of a journal entry that are missing or of another type are named, and the others are used`()
        throws
    {
        let folder = try TemporaryFolder()
        for name in ["0000_a", "0001_b", "0002_c"] { try folder.write("SELECT 1;", to: "\(name).sql") }
        try folder.write(
            journal(
                #"{"idx":0,"when":"yesterday","tag":"0000_a"}"#, #"{"when":2000,"tag":"0001_b"}"#, "7",
                #"{"idx":2,"when":3000,"tag":"0002_c"}"#), to: "meta/_journal.json")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["0000_a", "0001_b", "0002_c"])
        #expect(read.entries.map(\.stamp) == [nil, 2000, 3000])
        #expect(
            read.problems == [
                "0000_a has no `when` in meta/_journal.json.", "0001_b has no `idx` in meta/_journal.json.",
                "Entry 2 of meta/_journal.json has no tag.",
            ])
    }

    @Test func `A stamp that does not rise, and one in the future, are named with their times`() throws {
        let folder = try TemporaryFolder()
        for name in ["0000_a", "0001_b", "0002_c"] { try folder.write("SELECT 1;", to: "\(name).sql") }
        try folder.write(
            journal(
                entry(0, "0000_a", when: 1_785_000_000_000), entry(1, "0001_b", when: 1_784_000_000_000),
                entry(2, "0002_c", when: 1_790_000_000_000)), to: "meta/_journal.json")
        let problems = read(folder).problems
        #expect(problems.count == 2)
        #expect(
            problems.first?.hasPrefix(
                "0001_b is stamped 2026-07-14 03:33:20 UTC, not later than 0000_a (2026-07-25 17:20:00 UTC)") == true)
        #expect(problems.last?.hasPrefix("0002_c is stamped in the future (2026-09-21 14:13:20 UTC)") == true)
    }

    @Test func `A stamp within the minute by which clocks differ is not in the future`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 1;", to: "0000_a.sql")
        try folder.write(
            journal(entry(0, "0000_a", when: (now + .seconds(59)).milliseconds)), to: "meta/_journal.json")
        #expect(read(folder).problems == [])
    }

    @Test func `A gap in idx is one problem, and a tag that stands twice another`() throws {
        let folder = try TemporaryFolder()
        for name in ["0000_a", "0002_b", "0003_c"] { try folder.write("SELECT 1;", to: "\(name).sql") }
        try folder.write(
            journal(
                entry(0, "0000_a", when: 1), entry(2, "0002_b", when: 2), entry(3, "0003_c", when: 3),
                entry(4, "0003_c", when: 4)), to: "meta/_journal.json")
        #expect(
            read(folder).problems == [
                "0002_b has idx 2 in meta/_journal.json where 1 is expected: an entry was lost or merged twice.",
                "0003_c stands twice in meta/_journal.json.",
            ])
    }

    @Test(arguments: [
        ("UPDATE a SET b = 1;\nCOMMIT;\nBEGIN;\nUPDATE a SET b = 2;", "0000_a.sql contains COMMIT:"),
        ("END", "0000_a.sql contains END:"),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON a (b);", "0000_a.sql contains CREATE UNIQUE INDEX CONCURRENTLY,"),
        ("DROP INDEX concurrently i", "0000_a.sql contains DROP INDEX CONCURRENTLY,"),
        ("ALTER TABLE p DETACH PARTITION q CONCURRENTLY", "CONCURRENTLY,"),
        ("ALTER CONCURRENTLY", "contains ALTER CONCURRENTLY,"),
        ("  \n", "0000_a.sql is empty."),
    ])
    func `A file that cannot run in Drizzle's one transaction is named`(sql: String, problem: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(sql, to: "0000_a.sql")
        try folder.write(journal(entry(0, "0000_a", when: 1)), to: "meta/_journal.json")
        let problems = read(folder).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains(problem) == true, "\(problems)")
    }

    @Test(arguments: [
        "DO $$ BEGIN PERFORM 1; COMMIT; END $$;",
        "-- COMMIT;\nSELECT 'COMMIT; CREATE INDEX CONCURRENTLY';",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\nSELECT 3;",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v;",
        "ROLLBACK TO SAVEPOINT s; COMMIT PREPARED 'x';",
        "COMMENT ON TABLE a IS 'built concurrently';",
    ])
    func `Text that only looks like it is left alone`(sql: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(sql, to: "0000_a.sql")
        try folder.write(journal(entry(0, "0000_a", when: 1)), to: "meta/_journal.json")
        #expect(read(folder).problems == [])
    }

    @Test func `After a function's body a COMMIT counts again`() {
        let text = MigrationText("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT;")
        #expect(text.transactionEnds == ["COMMIT"])
    }

    @Test func `A folder that is not there is said as such`() {
        let read = MigrationFolderReader().read(tool: "drizzle", path: "/nonexistent/drizzle", at: now)
        #expect(read.entries == [])
        #expect(read.problems.first == "The folder /nonexistent/drizzle does not exist.")
    }

    @Test func `A folder with nothing in it is said as such`() throws {
        let folder = try TemporaryFolder()
        #expect(
            read(folder).problems == [
                "There are no migrations here: no meta/_journal.json, no .sql files, no folders with a migration.sql."
            ])
    }

    @Test func `Files without a journal are read by name, and the journal is missed`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 1;", to: "0000_a.sql")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["0000_a"])
        #expect(
            read.problems == [
                "meta/_journal.json is missing, so Drizzle cannot migrate and the order of the files is not known."
            ])
    }

    @Test func `In a 1.x folder, half a migration and a wrong name are named`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 1;", to: "20260701100000_good/migration.sql")
        try folder.write("{}", to: "20260702100000_half/snapshot.json")
        try folder.write("SELECT 1;", to: "latest/migration.sql")
        try folder.write("SELECT 1;", to: "20261301000000_month/migration.sql")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["20260701100000_good", "20261301000000_month", "latest"])
        let suffix = "does not begin with its time as 14 digits (YYYYMMDDHHMMSS, UTC), by which Drizzle orders."
        #expect(
            read.problems == [
                "20260702100000_half has no migration.sql: Drizzle leaves it out in silence.",
                "20261301000000_month \(suffix)", "latest \(suffix)",
            ])
    }

    @Test func `A folder that mixes both versions follows the journal and says so`() throws {
        let folder = try TemporaryFolder()
        try folder.write("SELECT 1;", to: "0000_a.sql")
        try folder.write(journal(entry(0, "0000_a", when: 1)), to: "meta/_journal.json")
        try folder.write("SELECT 1;", to: "20260701100000_b/migration.sql")
        let read = read(folder)
        #expect(read.entries.map(\.name) == ["0000_a"])
        #expect(read.problems.count == 1)
        #expect(read.problems.first?.contains("drizzle-kit up") == true)
    }

    @Test func `A file that is too large is named and the others are read`() throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "-", count: 2000), to: "0000_a.sql")
        try folder.write("SELECT 1;", to: "0001_b.sql")
        try folder.write(journal(entry(0, "0000_a", when: 1), entry(1, "0001_b", when: 2)), to: "meta/_journal.json")
        let read = read(folder, MigrationFolderReader(fileSizeLimit: 1000))
        #expect(read.entries.map { $0.hash != nil } == [false, true])
        #expect(read.problems == ["0000_a.sql is larger than 1000 bytes."])
    }

    @Test func `A folder with too many files is read in part, and says so`() throws {
        let folder = try TemporaryFolder()
        for index in 0..<5 { try folder.write("SELECT 1;", to: "\(index).sql") }
        let read = read(folder, MigrationFolderReader(countLimit: 3))
        #expect(read.entries.count == 3)
        #expect(read.problems.first?.hasSuffix("holds 5 files and folders; only the first 3 are read.") == true)
    }

    @Test func `A file that is a named pipe is refused without waiting for its writer`() throws {
        let folder = try TemporaryFolder()
        try folder.makePipe("0000_a.sql")
        try folder.write(journal(entry(0, "0000_a", when: 1)), to: "meta/_journal.json")
        #expect(read(folder).problems == ["0000_a.sql is not a regular file."])
    }

    @Test func `Another tool's folder is refused in words`() throws {
        let folder = try TemporaryFolder()
        let read = MigrationFolderReader().read(tool: "alembic", path: folder.path, at: now)
        #expect(read.tool == "alembic")
        #expect(read.entries == [])
        #expect(read.problems.first?.hasPrefix("Only Drizzle's folders are read yet") == true)
    }

    @Test func `Bytes that are no UTF-8 are hashed as Drizzle hashes them, as U+FFFD`() throws {
        let folder = try TemporaryFolder()
        try folder.write(bytes: [0x2D, 0x2D, 0xFF], to: "0000_a.sql")
        try folder.write("--\u{FFFD}", to: "0001_b.sql")
        let hashes = read(folder).entries.map(\.hash)
        #expect(hashes.count == 2)
        #expect(hashes.first == hashes.last)
    }
}
