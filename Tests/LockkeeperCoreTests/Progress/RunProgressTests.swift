import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// Progress as the tracker gives it to runs.
@Suite struct RunProgressTests {
    private static func building(_ blocks: Int64, pid: Int32 = 100) -> Progress {
        Progress(
            pid: pid, command: .createIndex, operation: "CREATE INDEX", database: "shop",
            relation: .init(oid: 20_000, name: "public.orders"), phase: "building index: scanning table",
            blocks: .init(blocks, of: 1000))
    }

    /// A stage with a run that creates an index, seen once.
    private func stage() -> Stage {
        var stage = Stage()
        _ = stage.readHistory()
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (note)", transactionID: 900)
        stage.progress = [Self.building(0), Self.building(77, pid: 5)]
        _ = stage.look()
        return stage
    }

    /// Looks once a second while ten blocks are done in each.
    private func build(_ stage: inout Stage, _ seconds: ClosedRange<Int64>) -> [RunEvent] {
        var events: [RunEvent] = []
        for second in seconds {
            stage.wait(.seconds(1))
            stage.progress = [Self.building(second * 10), Self.building(77, pid: 5)]
            events += stage.look()
        }
        return events
    }

    private func standing(_ stage: Stage) throws -> Standing {
        try #require(stage.tracker.open.first).run.standing
    }

    @Test func `A run whose counters move is progressing, with time left, and working once they stand still`() throws {
        var stage = stage()
        #expect(try standing(stage).state == .working, "that it advances has not been seen yet")
        #expect(try standing(stage).progress?.ratio == 0)
        _ = build(&stage, 1...20)
        let moving = try standing(stage)
        #expect(moving.state == .progressing)
        #expect(moving.progress?.ratio == 0.2 && moving.progress?.remaining == .seconds(80))
        stage.wait(.seconds(14))
        _ = stage.look()
        #expect(try standing(stage).state == .progressing)
        stage.wait(.seconds(1))
        _ = stage.look()
        #expect(try standing(stage).state == .working)
        #expect(try standing(stage).progress?.remaining == nil)
    }

    @Test func `A run that holds others up is blocking, and one that waits is blocked, however far they are`() throws {
        var stage = stage()
        stage.connect(200)
        stage.run(200, "SELECT * FROM orders")
        stage.hold(100, .accessExclusive, on: "public.orders")
        stage.block(200, behind: 100, mode: .accessShare, on: "public.orders")
        _ = build(&stage, 1...10)
        #expect(try standing(stage).state == .blocking)
        #expect(try standing(stage).progress?.remaining == .seconds(90))
        stage.finish(200)
        stage.connect(300)
        stage.execute(300, "SELECT 1", inTransaction: true)
        stage.block(100, behind: 300, on: "public.orders")
        _ = build(&stage, 11...12)
        #expect(try standing(stage).state == .blocked)
        #expect(try standing(stage).progress?.ratio == 0.12)
    }

    @Test func `A plain CREATE INDEX is named by its text, and its literals are no part of that`() throws {
        var stage = stage()
        stage.run(100, "CREATE INDEX big_orders ON orders (total) WHERE note = 'secret'", transactionID: 900)
        _ = build(&stage, 1...10)
        let run = try #require(stage.tracker.open.first).run
        #expect(run.standing.progress?.index == "public.big_orders")
        #expect(run.standing.progress?.text?.hasPrefix("creating index public.big_orders: ") == true)
        #expect(!"\(run)".contains("secret"))
        let metrics = exported(stage)
        #expect(metrics["lockkeeper_migration_progress_ratio"] == 0.1)
        #expect(metrics["lockkeeper_migration_remaining_seconds"] == 90)
        #expect(metrics["lockkeeper_migration_steps_done"] == nil)
    }

    /// What a target that sees the stage, and has seen it through its last seconds, exports of the run.
    private func exported(_ stage: Stage) -> [String: Double] {
        var target = TargetState(target: "app", memory: stage.tracker.memory, folder: stage.tracker.folder)
        _ = target.advance(
            Sample(
                target: "app", tier: .active, takenAt: stage.now, duration: .milliseconds(2),
                content: .seen(stage.observation)))
        var metrics = MetricsBuilder()
        target.record(into: &metrics, at: stage.now)
        return Dictionary(
            metrics.snapshot().series.filter { $0.name.hasPrefix("lockkeeper_migration_") }
                .map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `Messages say what is being done, how far it is and how long it still takes`() throws {
        var stage = stage()
        _ = build(&stage, 1...42)
        let run = try #require(stage.tracker.open.first).run
        let description = RunDescription(run, at: stage.now)
        #expect(
            description.title
                == "Migration on app is running for 42s, creating an index on public.orders (42 %)")
        let facts = description.facts(labels: [:])
        let text =
            "creating an index on public.orders: building index: scanning table, 42 %, about 1m left of this phase"
        #expect(facts.summary == "It advances: \(text).")
        #expect(facts.details.contains(.init("Progress", text)))
        #expect(
            facts.actions == [
                .init(
                    "Nothing is in its way: wait, about 1m left of this phase. Stopping it now would roll its work back"
                )
            ])
    }

    @Test func `A timeline does not tell each time that a run's statements count or do not count`() {
        var stage = stage()
        var book = IncidentBook(
            policy: IncidentPolicy(
                routes: [], targetLabels: [:], externalURL: "https://lockkeeper.example.org"))
        #expect(!book.advance(stage.tracker.open.map { .started($0.run) }, at: stage.now).isEmpty)
        #expect(book.advance(build(&stage, 1...10), at: stage.now).isEmpty)
        #expect(stage.tracker.open.first?.run.standing.state == .progressing)
        stage.progress = []
        stage.wait(.seconds(1))
        #expect(book.advance(stage.look(), at: stage.now).isEmpty)
        #expect(stage.tracker.open.first?.run.standing.state == .working)
    }

    @Test func `The migrations that the history already shows are counted, of those that the folder has`() throws {
        var stage = Stage()
        stage.history = [Stage.drizzle("1")]
        stage.tracker.folder = MigrationFolder(
            tool: "drizzle", rule: .watermark,
            entries: [
                .init(name: "0001_first", hash: "hash1", stamp: 1), .init(name: "0002_second", hash: "hash2", stamp: 2),
                .init(name: "0003_third", hash: "hash3", stamp: 3),
            ])
        func table(_ keys: [Int64]) -> HistoryTable {
            HistoryTable(
                tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400,
                entries: .read(keys.map { HistoryEntry(key: "\($0)", hash: "hash\($0)", stamp: $0) }))
        }
        stage.history = [table([1])]
        _ = stage.readHistory()
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100)
        stage.execute(100, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        _ = stage.look()
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        #expect(try standing(stage).progress == nil, "none is known to be done")
        stage.history = [table([1, 2])]
        _ = stage.readHistory()
        stage.wait(.seconds(1))
        _ = stage.look()
        let step = try #require(try standing(stage).progress?.step)
        #expect(step.migrationsDone == 1 && step.migrationsTotal == 2)
    }

    /// A stage on which Drizzle has three migrations to apply, the first of them done in two statements.
    private func drizzleStage() -> Stage {
        var stage = Stage()
        stage.tracker.folder = MigrationFolder(
            tool: "drizzle", rule: .watermark,
            entries: [
                .init(name: "0001_old", hash: "hash1", stamp: 1, statements: [StatementFingerprint("SELECT 1")]),
                .init(
                    name: "0002_two", hash: "hash2", stamp: 2,
                    statements: ["ALTER TABLE orders ADD COLUMN a int;", "ALTER TABLE orders ADD COLUMN b int;"]
                        .map(StatementFingerprint.init)),
                .init(
                    name: "0003_same", hash: "hash3", stamp: 3,
                    statements: ["UPDATE orders SET a = 1;", "UPDATE orders SET a = 1;"].map(StatementFingerprint.init)
                ),
                .init(
                    name: "0004_last", hash: "hash4", stamp: 4,
                    statements: [StatementFingerprint("CREATE INDEX ON orders (b);")]),
            ])
        stage.history = [
            HistoryTable(
                tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400,
                entries: .read([HistoryEntry(key: "1", hash: "hash1", stamp: 1)]))
        ]
        _ = stage.readHistory()
        // An earlier run was rolled back: the sequence is ahead of the rows.
        stage.sequenceValues = [16_400: 5]
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100)
        stage.execute(100, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        _ = stage.look()
        return stage
    }

    @Test func `Drizzle's sequence tells how many migrations are done before any is committed`() throws {
        var stage = drizzleStage()
        #expect(stage.tracker.inquiry.historyTables == ["shop": [16_400]])
        stage.run(100, "\nALTER TABLE orders ADD COLUMN b int;", transactionID: 900)
        _ = stage.look()
        let first = try #require(try standing(stage).progress)
        #expect(
            first.step
                == .init(
                    migrationsDone: 0, migrationsTotal: 3, migration: "0002_two", statement: 2, statementsTotal: 2))
        #expect(first.place == "statement 2 of 2 of 0002_two" && first.text == nil)
        stage.sequenceValues = [16_400: 7]
        stage.run(100, "CREATE INDEX ON orders (b);")
        stage.wait(.seconds(6))
        _ = stage.look()
        let run = try #require(stage.tracker.open.first).run
        #expect(run.standing.progress?.step?.migrationsDone == 2)
        let details = RunDescription(run, at: stage.now).facts(labels: [:]).details
        #expect(details.contains(.init("Running", "statement 1 of 1 of 0004_last")))
        #expect(details.contains(.init("Migrations done", "2 of 3")))
        let metrics = exported(stage)
        #expect(metrics["lockkeeper_migration_steps_done"] == 2 && metrics["lockkeeper_migration_steps"] == 3)
        #expect(metrics["lockkeeper_migration_progress_ratio"] == nil, "of one command's phase only")
        // The agent is started again.
        var later = Stage(memory: stage.tracker.memory)
        later.sessions = stage.sessions
        later.tracker.folder = stage.tracker.folder
        later.sequenceValues = [16_400: 8]
        later.wait(.seconds(8))
        _ = later.look()
        #expect(try standing(later).progress?.step?.migrationsDone == 3)
    }

    @Test func `The sequence is read while nothing goes on or Drizzle is at work, not while others wait for locks`() {
        var stage = drizzleStage()
        stage.connect(200, address: "10.0.0.9")
        stage.execute(200, "SELECT 1", inTransaction: true)
        stage.connect(201, address: "10.0.0.9")
        stage.run(201, "UPDATE orders SET a = 1")
        stage.block(201, behind: 200, mode: .rowExclusive, on: "public.orders")
        _ = stage.look()
        #expect(stage.tracker.inquiry.isActive && stage.tracker.open.isEmpty)
        #expect(stage.tracker.inquiry.historyTables.isEmpty)
        stage.run(100, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 900)
        _ = stage.look()
        #expect(stage.tracker.open.count == 1 && stage.tracker.inquiry.historyTables == ["shop": [16_400]])
    }

    @Test func `The first run of all, which makes the history itself, is counted from nothing`() throws {
        var stage = drizzleStage()
        // No history yet, and so no sequence.
        stage.tracker = MigrationTracker(target: "app", folder: stage.tracker.folder)
        (stage.history, stage.sequenceValues) = ([], [:])
        _ = stage.readHistory()
        _ = stage.look()
        stage.execute(100, #"CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (id SERIAL)"#)
        _ = stage.look()
        stage.run(100, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 900)
        _ = stage.look()
        #expect(try standing(stage).progress?.step?.migrationsDone == nil)
        stage.history = [
            HistoryTable(
                tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400, entries: .read([]))
        ]
        _ = stage.readHistory()
        stage.wait(.seconds(1))
        stage.sequenceValues = [16_400: 2]
        _ = stage.look()
        let step = try #require(try standing(stage).progress?.step)
        #expect(step.migrationsDone == 2 && step.migrationsTotal == 4)
    }

    @Test func `A statement that a migration has twice names the migration only`() throws {
        var stage = drizzleStage()
        stage.run(100, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 900)
        _ = stage.look()
        stage.run(100, "UPDATE orders SET a = 1;")
        stage.wait(.seconds(1))
        _ = stage.look()
        #expect(try standing(stage).progress?.place == "a statement of 0003_same")
        // One that none of the pending migrations has is of something else.
        stage.run(100, "SELECT 1")
        stage.wait(.seconds(1))
        _ = stage.look()
        #expect(try standing(stage).progress?.place == nil)
    }

    @Test func `A sequence that more than the run's migrations have moved, or two runs, tells nothing`() throws {
        var stage = drizzleStage()
        stage.run(100, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 900)
        stage.sequenceValues = [16_400: 9]
        _ = stage.look()
        #expect(try standing(stage).progress?.step?.migrationsDone == nil)

        stage = drizzleStage()
        stage.run(100, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 900)
        stage.connect(101, address: "10.0.0.8")
        stage.run(101, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 901)
        _ = stage.look()
        stage.sequenceValues = [16_400: 6]
        stage.wait(.seconds(1))
        _ = stage.look()
        #expect(stage.tracker.open.count == 2)
        #expect(stage.tracker.open.allSatisfy { $0.run.standing.progress?.step?.migrationsDone == nil })
    }

    @Test func `What one run did is not counted for the next that follows at once`() throws {
        var stage = drizzleStage()
        stage.run(100, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 900)
        _ = stage.look()
        // Between two looks the first run does more, and ends; another one begins.
        stage.sequenceValues = [16_400: 7]
        stage.disconnect(100)
        stage.fates = [900: .aborted]
        stage.connect(101, address: "10.0.0.8")
        stage.execute(101, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        stage.run(101, "ALTER TABLE orders ADD COLUMN a int;", transactionID: 901)
        stage.wait(.seconds(1))
        _ = stage.look()
        let next = try #require(stage.tracker.open.last).run
        #expect(next.sessions.map(\.pid) == [101])
        #expect(next.standing.progress?.place == "statement 1 of 2 of 0002_two")
        #expect(next.standing.progress?.step?.migrationsDone == nil)
    }

    @Test func `A statement is recognised however much of it the server shows`() {
        let statement = "INSERT INTO prices VALUES " + (1...400).map { "(\($0))" }.joined(separator: ", ")
        let known = StatementFingerprint("\n  \(statement);\n")
        for shown in [63, 64, 65, 127, 128, 200, 1000, 1023] {
            let cut = StatementFingerprint("\n  " + statement.prefix(shown))
            #expect(known.matches(cut) == (shown >= 64), "\(shown)")
        }
        #expect(known.matches(StatementFingerprint(statement + ";")))
        #expect(!known.matches(StatementFingerprint(statement + ",")), "as long, and another")
        #expect(!StatementFingerprint(statement).matches(known), "what is shown is never longer")
        let other = StatementFingerprint("INSERT INTO prices VALUES " + String(repeating: "(7), ", count: 100))
        #expect(!known.matches(other))
    }
}
