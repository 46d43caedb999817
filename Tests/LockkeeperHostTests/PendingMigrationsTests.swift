import LockkeeperCore
import Testing

private func entry(_ name: String, hash: String? = nil, _ stamp: Int64?) -> MigrationFolder.Entry {
    MigrationFolder.Entry(name: name, hash: hash ?? "hash of \(name)", stamp: stamp)
}

private func row(_ key: Int, name: String? = nil, hash: String, _ stamp: Int64?) -> HistoryEntry {
    HistoryEntry(key: String(key), name: name, hash: hash, stamp: stamp)
}

private func names(_ entries: [MigrationFolder.Entry]) -> [String] { entries.map(\.name) }

@Suite struct PendingMigrationsTests {
    private let journal = MigrationFolder(
        tool: "drizzle", rule: .watermark, entries: [entry("a", 100), entry("b", 200), entry("c", 300)])

    @Test func `Without a history everything is pending in the folder's order`() {
        let result = PendingMigrations.compare(journal, with: [])
        #expect(result == PendingMigrations(pending: journal.entries))
    }

    @Test func `What is stamped later than the newest row is pending`() {
        let result = PendingMigrations.compare(journal, with: [row(1, hash: "hash of a", 100)])
        #expect(names(result.applied) == ["a"])
        #expect(names(result.pending) == ["b", "c"])
        #expect(result.skipped.isEmpty && result.drifted.isEmpty && result.unexplained.isEmpty)
    }

    @Test func `What is older than the newest row and has none of its own is skipped, as Drizzle does in silence`() {
        let rows = [row(1, hash: "hash of a", 100), row(2, hash: "hash of c", 300)]
        let result = PendingMigrations.compare(journal, with: rows)
        #expect(names(result.applied) == ["a", "c"])
        #expect(names(result.skipped) == ["b"])
        #expect(result.pending.isEmpty)
    }

    @Test func `A stamp equal to the watermark is not later than it`() {
        let folder = MigrationFolder(tool: "drizzle", rule: .watermark, entries: [entry("a", 100), entry("b", 100)])
        let result = PendingMigrations.compare(folder, with: [row(1, hash: "hash of a", 100)])
        #expect(names(result.skipped) == ["b"])
    }

    @Test func `The watermark is the greatest stamp, not that of the last row`() {
        let rows = [row(1, hash: "hash of c", 300), row(2, hash: "hash of a", 100)]
        #expect(names(PendingMigrations.compare(journal, with: rows).skipped) == ["b"])
    }

    @Test func `A row without a stamp makes Drizzle apply everything again`() {
        let rows = [row(1, hash: "hash of a", 100), row(2, hash: "x", nil)]
        #expect(names(PendingMigrations.compare(journal, with: rows).pending) == ["a", "b", "c"])
    }

    @Test func `A file edited after it was applied has drifted and counts as applied`() {
        let result = PendingMigrations.compare(journal, with: [row(1, hash: "as it was", 100)])
        #expect(names(result.applied) == ["a"])
        #expect(result.drifted == [.init(entry: entry("a", 100), appliedHash: "as it was")])
    }

    @Test func `A row of a migration whose stamp was changed is found by its hash`() {
        let rows = [row(1, hash: "hash of a", 100), row(2, hash: "hash of b", 250), row(3, hash: "hash of c", 300)]
        let result = PendingMigrations.compare(journal, with: rows)
        #expect(names(result.applied) == ["a", "b", "c"])
        #expect(result.drifted.isEmpty && result.skipped.isEmpty && result.unexplained.isEmpty)
    }

    @Test func `Of two files with the same text, one row stands for one of them`() {
        let folder = MigrationFolder(
            tool: "drizzle", rule: .watermark,
            entries: [entry("a", hash: "same", 100), entry("b", hash: "same", 200), entry("c", 300)])
        let rows = [row(1, hash: "same", 200), row(2, hash: "hash of c", 300)]
        let result = PendingMigrations.compare(folder, with: rows)
        #expect(names(result.applied) == ["b", "c"])
        #expect(names(result.skipped) == ["a"])
        #expect(folder.name(of: row(9, hash: "same", 200)) == "b")
        #expect(folder.name(of: row(9, hash: "same", 999)) == nil)
    }

    @Test func `A row that no file explains is kept`() {
        let stranger = row(2, hash: "from another branch", 150)
        let result = PendingMigrations.compare(journal, with: [row(1, hash: "hash of a", 100), stranger])
        #expect(result.unexplained == [stranger])
    }

    @Test func `A migration without a stamp and without a row is in no list`() {
        let folder = MigrationFolder(tool: "drizzle", rule: .watermark, entries: [entry("a", nil)])
        #expect(PendingMigrations.compare(folder, with: []) == PendingMigrations())
    }

    @Test func `Of a history that was read in part, what lies before its oldest row counts as applied`() {
        let rows = [row(7, hash: "hash of b", 200)]
        let result = PendingMigrations.compare(journal, with: rows, isHistoryComplete: false)
        #expect(names(result.applied) == ["a", "b"])
        #expect(result.skipped.isEmpty)
    }

    // MARK: - Drizzle 1.x

    private let folders = MigrationFolder(
        tool: "drizzle", rule: .name, entries: [entry("1_a", 1000), entry("2_b", 2000), entry("3_c", 3000)])

    @Test func `By name, an older migration without a row is pending, not skipped`() {
        let rows = [row(1, name: "1_a", hash: "hash of 1_a", 1000), row(2, name: "3_c", hash: "edited", 3000)]
        let result = PendingMigrations.compare(folders, with: rows)
        #expect(names(result.pending) == ["2_b"])
        #expect(names(result.applied) == ["1_a", "3_c"])
        #expect(result.drifted.map(\.appliedHash) == ["edited"])
        #expect(result.skipped.isEmpty)
    }

    @Test func `By name, a row of another name does not stand for a migration of the same time`() {
        let result = PendingMigrations.compare(folders, with: [row(1, name: "1_z", hash: "hash of 1_a", 1000)])
        #expect(names(result.pending) == ["1_a", "2_b", "3_c"])
        #expect(result.unexplained.map(\.name) == ["1_z"])
    }

    @Test func `Rows from before names were kept are found by the second of their stamp, then by hash`() {
        let rows = [row(1, hash: "x", 1999), row(2, hash: "hash of 3_c", 77_000)]
        let result = PendingMigrations.compare(folders, with: rows)
        #expect(names(result.applied) == ["1_a", "3_c"])
        #expect(names(result.pending) == ["2_b"])
        #expect(folders.name(of: row(1, hash: "x", 1999)) == "1_a")
    }

    // MARK: - Readings

    private func reading(_ tables: [HistoryTable]) -> HistoryReading {
        HistoryReading(database: "app", serverTime: Timestamp(seconds: 0), tables: tables)
    }

    private func table(_ tool: String, _ entries: HistoryTable.Entries) -> HistoryTable {
        HistoryTable(tool: tool, relation: "drizzle.__drizzle_migrations", oid: 1, entries: entries)
    }

    @Test func `Another tool's history is not compared`() {
        let result = journal.compare(with: reading([table("prisma", .read([row(1, hash: "hash of a", 100)]))]))
        #expect(names(result.pending) == ["a", "b", "c"])
        #expect(result.unexplained.isEmpty)
    }

    @Test func `While the history is not known nothing is said to be pending`() {
        let failure = SampleFailure(reason: .timedOut, message: "locked")
        #expect(journal.compare(with: reading([table("drizzle", .failed(failure))])) == PendingMigrations())
        #expect(journal.pending(history: nil) == [])
        #expect(names(journal.pending(history: reading([]))) == ["a", "b", "c"])
    }

    @Test func `A long reading that does not begin with the first row counts as cut off`() {
        let folder = MigrationFolder(
            tool: "drizzle", rule: .watermark, entries: (1...150).map { entry("m\($0)", Int64($0)) })
        let rows = (1...150).map { row($0, hash: "hash of m\($0)", Int64($0)) }
        let whole = folder.compare(with: reading([table("drizzle", .read(rows.filter { $0.key != "3" }))]))
        #expect(names(whole.skipped) == ["m3"])
        let newest = folder.compare(with: reading([table("drizzle", .read(Array(rows.suffix(100))))]))
        #expect(newest.skipped.isEmpty)
        #expect(newest.applied.count == 150)
    }
}
