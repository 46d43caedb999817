import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// What a run that fails has left half done.
@Suite struct PartialWorkTests {
    /// A stage whose first look is over, with an empty history of some tool.
    private func openedStage(_ tool: String, _ relation: String) -> Stage {
        var stage = Stage()
        stage.history = [HistoryTable(tool: tool, relation: relation, oid: 16_400, entries: .read([]))]
        _ = stage.readHistory()
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100)
        return stage
    }

    private func record(_ stage: inout Stage, _ entries: HistoryEntry...) {
        guard let table = stage.history.first else { return }
        stage.history = [
            HistoryTable(tool: table.tool, relation: table.relation, oid: table.oid, entries: .read(entries))
        ]
    }

    /// A change of the schema in a transaction of its own.
    private func commit(_ stage: inout Stage, _ statement: String, _ transactionID: UInt64) {
        stage.run(100, statement, transactionID: transactionID)
        _ = stage.look()
        stage.wait(.milliseconds(200))
        stage.finish(100)
        stage.fates[transactionID] = .committed
        _ = stage.look()
    }

    /// A change of the schema in a transaction that is rolled back, and the end of the run.
    private func fail(_ stage: inout Stage, _ transactionID: UInt64) throws -> MigrationRun {
        stage.run(100, "ALTER TABLE missing ADD COLUMN a int", transactionID: transactionID)
        _ = stage.look()
        stage.wait(.milliseconds(200))
        stage.finish(100)
        stage.fates[transactionID] = .aborted
        return try #require(stage.watch(for: .seconds(15)).ended.first)
    }

    private func finding(of run: MigrationRun, at now: Timestamp) throws -> Finding {
        let situation = Situation(target: "app", now: now, lastRuns: [run])
        return try #require(Diagnosis.findings(in: situation).first { $0.run == run.id })
    }

    @Test func `What was committed before the failure, without an entry in the history, makes it applied in part`()
        throws
    {
        var stage = openedStage("drizzle", "drizzle.__drizzle_migrations")
        commit(&stage, "CREATE TABLE a ()", 900)
        commit(&stage, "CREATE TABLE b ()", 901)
        let run = try fail(&stage, 902)
        #expect(run.outcome?.label == "failed" && run.partialWork == PartialWork(unrecordedCommits: 2))
        let finding = try finding(of: run, at: stage.now)
        #expect(finding.verdict == .partialMigration && finding.severity == .critical)
        #expect(finding.evidence.contains { $0.hasPrefix("2 changes of the schema before that are committed") })
        #expect(finding.actions.contains { $0.text.hasPrefix("Do not simply run it again") })
    }

    @Test func `Migrations that are recorded before the one that fails are not applied in part`() throws {
        var stage = openedStage("flyway", "public.flyway_schema_history")
        commit(&stage, "CREATE TABLE a ()", 900)
        record(&stage, HistoryEntry(key: "1", name: "V1", transactionID: 900))
        _ = stage.readHistory()
        let run = try fail(&stage, 901)
        #expect(run.outcome?.label == "failed" && run.partialWork == nil)
        #expect(try finding(of: run, at: stage.now).verdict == .failedMigration)
    }

    @Test func `A migration without a transaction is recorded by the entry that comes after it`() throws {
        var stage = openedStage("node-pg-migrate", "public.pgmigrations")
        commit(&stage, "CREATE INDEX CONCURRENTLY orders_id ON orders (id)", 900)
        commit(&stage, "INSERT INTO pgmigrations (name, run_on) VALUES ('1', NOW())", 901)
        record(&stage, HistoryEntry(key: "1", transactionID: 901))
        _ = stage.readHistory()
        let failed = try fail(&stage, 902)
        #expect(failed.outcome?.label == "failed" && failed.partialWork == nil)
    }

    @Test func `One that fails after such an entry is applied in part by what came later only`() throws {
        var stage = openedStage("node-pg-migrate", "public.pgmigrations")
        commit(&stage, "CREATE INDEX CONCURRENTLY orders_id ON orders (id)", 900)
        commit(&stage, "INSERT INTO pgmigrations (name, run_on) VALUES ('1', NOW())", 901)
        commit(&stage, "CREATE INDEX CONCURRENTLY orders_n ON orders (n)", 902)
        record(&stage, HistoryEntry(key: "1", transactionID: 901))
        _ = stage.readHistory()
        #expect(try fail(&stage, 903).partialWork == PartialWork(unrecordedCommits: 1))
    }

    @Test
    func `Migrations that were rolled back with the one that failed are counted by the gap in the history's keys`()
        throws
    {
        var stage = openedStage("drizzle", "drizzle.__drizzle_migrations")
        stage.sequenceValues = [16_400: 5]
        _ = stage.look()
        stage.run(100, "CREATE TABLE a ()", transactionID: 900)
        _ = stage.look()
        // Two are done; the second one's entry was written after the last look at the open transaction.
        stage.sequenceValues = [16_400: 7]
        stage.finish(100)
        stage.fates[900] = .aborted
        let run = try #require(stage.watch(for: .seconds(15)).ended.first)
        #expect(run.partialWork == PartialWork(rolledBackMigrations: 2))
        let finding = try finding(of: run, at: stage.now)
        #expect(finding.verdict == .failedMigration, "nothing of it is there")
        #expect(
            finding.evidence.contains { $0.hasPrefix("2 migrations of it were done already and rolled back with it") })
    }

    @Test func `Nothing is said to be unrecorded where the history cannot be read`() throws {
        var stage = openedStage("flyway", "public.flyway_schema_history")
        commit(&stage, "CREATE TABLE a ()", 900)
        stage.history = [
            HistoryTable(
                tool: "flyway", relation: "public.flyway_schema_history", oid: 16_400,
                entries: .failed(SampleFailure(reason: .permissionDenied, message: "permission denied")))
        ]
        let run = try fail(&stage, 901)
        #expect(run.outcome?.label == "failed" && run.partialWork == nil)
    }

    @Test func `A migration that is taken back from the middle of the history has succeeded`() throws {
        var stage = openedStage("django", "public.django_migrations")
        record(&stage, HistoryEntry(key: "1", name: "blog.0005"), HistoryEntry(key: "2", name: "shop.0001"))
        _ = stage.readHistory()
        commit(&stage, "ALTER TABLE blog DROP COLUMN a", 900)
        commit(&stage, "DELETE FROM django_migrations WHERE name = '0005'", 901)
        record(&stage, HistoryEntry(key: "2", name: "shop.0001"))
        let run = try #require(stage.watch(for: .seconds(15)).ended.first)
        #expect(run.tool == "django" && run.outcome?.isSuccess == true)
    }

    @Test func `A change that is committed while the tool's history stays as it was may be half of a migration`() throws
    {
        var stage = openedStage("drizzle", "drizzle.__drizzle_migrations")
        stage.execute(100, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        _ = stage.look()
        // Its COMMIT is in the middle of the file; the next statement fails at once, and the tool exits.
        commit(&stage, "CREATE TABLE a ()", 900)
        stage.disconnect(100)
        let run = try #require(stage.watch(for: .seconds(15)).ended.first)
        #expect(run.outcome?.label == "lost" && run.outcome?.evidence?.contains("gained no entry") == true)
        #expect(run.partialWork == PartialWork(unrecordedCommits: 1))
        let finding = try finding(of: run, at: stage.now)
        #expect(finding.verdict == .partialMigration && finding.severity == .warning)
    }

    @Test func `A change by whoever is only taken for the tool, or by one that takes a migration back, has succeeded`()
        throws
    {
        var stage = openedStage("drizzle", "drizzle.__drizzle_migrations")
        commit(&stage, "CREATE TABLE a ()", 900)
        let guessed = try #require(stage.watch(for: .seconds(15)).ended.first)
        #expect(guessed.tool == "drizzle" && guessed.outcome?.isSuccess == true && guessed.partialWork == nil)

        var down = openedStage("knex", "public.knex_migrations")
        record(&down, HistoryEntry(key: "1", name: "001_a.js"))
        _ = down.readHistory()
        commit(&down, "DROP TABLE a", 900)
        commit(&down, "delete from knex_migrations where name = '001_a.js'", 901)
        record(&down)
        let taken = try #require(down.watch(for: .seconds(15)).ended.first)
        #expect(taken.tool == "knex" && taken.outcome?.isSuccess == true)
    }
}
