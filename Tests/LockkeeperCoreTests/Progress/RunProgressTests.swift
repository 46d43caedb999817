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
}
