import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

/// What a target exports of its sessions and of the runs that have ended.
struct TargetFiguresTests {
    private func sample(_ stage: Stage, _ content: Sample.Content) -> Sample {
        Sample(target: "app", tier: .active, takenAt: stage.now, duration: .milliseconds(2), content: content)
    }

    /// The values of a metric's series by their labels, the target's left out.
    private func series(_ state: TargetState, _ name: String, at now: Timestamp) -> [String: Double] {
        var metrics = MetricsBuilder()
        state.record(into: &metrics, at: now)
        return Dictionary(
            metrics.snapshot().series.filter { $0.name == name }.map { series in
                (series.labels.filter { $0.name != "target" }.map(\.value).joined(separator: " "), series.value)
            }, uniquingKeysWith: { $1 })
    }

    private func run(_ database: String, _ tool: String = "drizzle", ended seconds: Double = 100) -> MigrationRun {
        let end = Stage.origin + .seconds(seconds)
        return MigrationRun(
            id: "\(database)-\(tool)", target: "app", database: database, tool: tool, sessions: [],
            begin: end - .seconds(5), end: end, outcome: .committed(versions: []))
    }

    @Test func `Who idles in a transaction counts, but a migration does not, nor the leader of a parallel dump`() {
        let name = "lockkeeper_idle_in_transaction_oldest_seconds"
        var stage = Stage()
        var state = TargetState(target: "app")
        stage.connect(1, application: "pg_dump")
        stage.execute(1, "LOCK TABLE orders IN ACCESS SHARE MODE", inTransaction: true)
        stage.connect(2, application: "drizzle")
        _ = state.advance(sample(stage, .seen(stage.observation)))
        stage.run(2, "ALTER TABLE orders ADD note text", transactionID: 900)
        stage.hold(2, .accessExclusive, on: "public.orders")
        stage.wait(.seconds(1))
        _ = state.advance(sample(stage, .seen(stage.observation)))
        stage.finish(2, inTransaction: true)
        stage.wait(.seconds(400))
        _ = state.advance(sample(stage, .seen(stage.observation)))
        #expect(state.tracker.open.map(\.run.standing.state) == [.idleInTransaction])
        #expect(series(state, name, at: stage.now) == ["shop": 0])

        stage.connect(3, application: "notebook")
        stage.execute(3, "SELECT * FROM orders", inTransaction: true)
        stage.wait(.seconds(60))
        _ = state.advance(sample(stage, .seen(stage.observation)))
        #expect(series(state, name, at: stage.now) == ["shop": 60])
    }

    @Test func `The last runs of databases that the server has no more are forgotten`() {
        let name = "lockkeeper_migration_last_duration_seconds"
        let stage = Stage()
        var state = TargetState(
            target: "app", databases: .all, lastRuns: [run("shop"), run("ci_1"), run("ci_2"), run("ci_2", "prisma")])
        #expect(series(state, name, at: stage.now).count == 4)
        func reading(_ databases: [String], failures: [CatalogReading.Part: SampleFailure] = [:]) -> Sample {
            sample(
                stage,
                .catalog(
                    CatalogReading(
                        database: "shop", serverTime: stage.now,
                        server: ServerHealth(
                            databases: databases.map { DatabaseAge(database: $0, transactions: 1, multixacts: 0) }),
                        failures: failures)))
        }
        _ = state.advance(
            reading(["shop"], failures: [.databases: SampleFailure(reason: .timedOut, message: "too slow")]))
        #expect(series(state, name, at: stage.now).count == 4, "nobody knows which there are")
        _ = state.advance(reading(["shop"] + (2..<ServerHealth.databaseLimit).map { "other\($0)" } + ["more"]))
        #expect(series(state, name, at: stage.now).count == 4, "not all are listed")
        _ = state.advance(reading(["shop", "ci_2"]))
        #expect(Set(series(state, name, at: stage.now).keys) == ["shop drizzle", "ci_2 drizzle", "ci_2 prisma"])
        _ = state.advance(reading(["shop"]))
        #expect(Set(series(state, name, at: stage.now).keys) == ["shop drizzle"])
    }

    @Test func `However many databases there are, the last runs of a bounded number are remembered, the newest`() {
        let limit = TargetState.finishedLimit
        let state = TargetState(
            target: "app", databases: .all,
            lastRuns: (0..<(2 * limit)).map { run("ci_\($0)", ended: Double($0)) }.shuffled())
        let found = series(state, "lockkeeper_migration_last_duration_seconds", at: Stage.origin)
        #expect(found.count == limit && found["ci_\(2 * limit - 1) drizzle"] == 5 && found["ci_0 drizzle"] == nil)
    }

    @Test func `The first run of a tool can be seen to increase what was 0 before`() {
        var stage = Stage()
        var state = TargetState(
            target: "app", folder: MigrationFolder(tool: "prisma", rule: .name))
        func look() { _ = state.advance(sample(stage, .seen(stage.observation))) }
        func read(_ tables: [HistoryTable]) {
            _ = state.advance(
                sample(stage, .history(HistoryReading(database: "shop", serverTime: stage.now, tables: tables))))
        }
        look()
        read([Stage.drizzle("1")])
        let name = "lockkeeper_migrations_total"
        let before = series(state, name, at: stage.now)
        for tool in ["drizzle", "prisma", "manual"] {
            for outcome in MetricCatalog.RunOutcomeLabels.outcomes {
                #expect(before.contains { $0.key.contains(tool) && $0.key.contains(outcome) && $0.value == 0 })
            }
        }
        stage.connect(2, application: "psql")
        look()
        stage.wait(.seconds(1))
        stage.run(2, "ALTER TABLE orders ADD note text", transactionID: 900)
        stage.hold(2, .accessExclusive, on: "public.orders")
        look()
        #expect(state.tracker.open.count == 1)
        stage.wait(.seconds(1))
        stage.finish(2)
        stage.fates = [900: .committed]
        for _ in 0..<5 {
            look()
            // The end shows in the history, too.
            if state.inquiry.historyWanted.contains("shop") { read([Stage.drizzle("1")]) }
            stage.wait(.seconds(1))
        }
        let after = series(state, name, at: stage.now)
        #expect(Set(after.keys) == Set(before.keys), "nothing begins at 1")
        #expect(after.values.reduce(0, +) == 1)
    }

    @Test func `A wait for others' transactions is no progress in the figures either`() throws {
        var stage = Stage()
        var state = TargetState(target: "app")
        stage.connect(1)
        _ = state.advance(sample(stage, .seen(stage.observation)))
        stage.run(1, "CREATE INDEX CONCURRENTLY i ON orders (id)")
        func build(_ phase: String, blocks: Progress.Counter? = nil, lockers: Progress.Counter? = nil) {
            stage.wait(.seconds(1))
            stage.progress = [
                Progress(
                    pid: 1, command: .createIndex, operation: "CREATE INDEX CONCURRENTLY", database: "shop",
                    relation: .init(oid: 20_000, name: "public.orders"), phase: phase, blocks: blocks, lockers: lockers)
            ]
            _ = state.advance(sample(stage, .seen(stage.observation)))
        }
        build("building index: scanning table", blocks: .init(42, of: 100))
        let name = "lockkeeper_migration_progress_ratio"
        #expect(series(state, name, at: stage.now).values.map { $0 } == [0.42])
        build("waiting for old snapshots", lockers: .init(2, of: 4))
        #expect(state.tracker.open.first?.run.standing.progress?.ratio == 0.5)
        #expect(series(state, name, at: stage.now).isEmpty)
    }
}
