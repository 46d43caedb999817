import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

@Suite("The figures of statements")
struct StatementFigureTests {
    private func samples(_ name: String, _ performance: Performance) -> [MetricSample] {
        var metrics = MetricsBuilder()
        performance.record(into: &metrics)
        return metrics.snapshot().families.first { $0.name == name }?.samples ?? []
    }

    private func values(_ label: String, of samples: [MetricSample]) -> Set<String> {
        Set(samples.compactMap { $0.labels.first { $0.name == label }?.value })
    }

    @Test("are those of at most twenty queries, which stay the same though others overtake them for a while")
    func leading() {
        var stage = QueryStage()
        for id in 1...100 { stage.queries[Int64(id)] = .init(mean: Double(200 - id), spread: 0) }
        func shown(_ stage: QueryStage) -> Set<String> {
            values("queryid", of: samples("lockkeeper_statement_calls_total", stage.performance))
        }
        stage.run(for: .seconds(60))
        let first = shown(stage)
        #expect(first == Set((1...20).map(String.init)))
        for id in 21...30 { stage.queries[Int64(id)]?.mean = 400 }
        stage.run(for: .seconds(1200))
        #expect(shown(stage) == first)
        // One that has long fallen behind makes room.
        for id in 41...90 { stage.queries[Int64(id)]?.mean = 5000 }
        stage.run(for: .seconds(3000))
        #expect(shown(stage).count == 20 && shown(stage) != first)
    }

    @Test("never fall when the server drops an entry and makes it anew, and count what it has since")
    func evicted() {
        var leading = LeadingStatements()
        func read(_ calls: [UInt32: Int64]) -> (calls: Int64, time: Double)? {
            leading.advance(
                StatementReading(
                    serverTime: QueryStage.origin,
                    entries: calls.map { user, calls in
                        StatementEntry(
                            key: .init(databaseOID: 5, userOID: user, queryID: 7), calls: calls,
                            totalTime: Double(calls) * 2)
                    }, databases: [QueryStage.database]), bucket: nil)
            return leading.figures.values.first.map { ($0.calls, $0.totalTime) }
        }
        let expected: [(calls: [UInt32: Int64], sum: Int64)] = [
            ([10: 1000, 11: 500], 1500), ([10: 1100, 11: 500], 1600),
            // One user's entry is gone, and comes back with what it has counted since.
            ([11: 510], 1610), ([10: 30, 11: 510], 1640), ([10: 40, 11: 520], 1660),
            // All begins anew.
            ([10: 5], 1665),
        ]
        for (calls, sum) in expected {
            let found = read(calls)
            #expect(found?.calls == sum && found?.time == Double(sum) * 2, "\(calls)")
        }
    }

    @Test("are of the databases that the target watches, and so is the databases' work")
    func watched() {
        var performance = Performance(target: "app")
        var metrics = MetricsBuilder()
        let reading = StatementReading(
            serverTime: QueryStage.origin, source: .statistics(version: "1.10", schema: "public", database: "shop"),
            entries: [5, 6].map {
                StatementEntry(key: .init(databaseOID: $0, userOID: 10, queryID: 7), calls: 10, totalTime: 20)
            }, databases: [QueryStage.database, DatabaseWork(oid: 6, name: "other")])
        // Before the first full look nobody knows which one the connection leads to.
        performance.advance(reading)
        performance.advance(reading) { $0 == "shop" }
        performance.record(into: &metrics) { $0 == "shop" }
        let samples = metrics.snapshot().families.filter { !$0.samples.isEmpty }
        for name in ["lockkeeper_statement_calls_total", "lockkeeper_database_transactions_total"] {
            #expect(values("database", of: samples.first { $0.name == name }?.samples ?? []) == ["shop"], "\(name)")
        }
    }

    @Test("are left out while the target does not answer, but for what a run did to queries")
    func unreachable() {
        var stage = Stage()
        var state = TargetState(target: "app")
        func take(_ tier: SamplingTier, _ content: Sample.Content) {
            _ = state.advance(
                Sample(target: "app", tier: tier, takenAt: stage.now, duration: .milliseconds(2), content: content))
        }
        func shown() -> Set<String> {
            var metrics = MetricsBuilder()
            state.record(into: &metrics, at: stage.now)
            return Set(metrics.snapshot().families.filter { !$0.samples.isEmpty }.map(\.name))
        }
        take(.idle, .seen(stage.observation))
        take(
            .statements,
            .statements(StatementReading(serverTime: stage.now, databases: [DatabaseWork(oid: 5, name: "shop")])))
        #expect(shown().contains("lockkeeper_database_transactions_total"))
        #expect(shown().contains("lockkeeper_statement_statistics_available"))
        stage.wait(.seconds(5))
        take(.idle, .failed(SampleFailure(reason: .unreachable, message: "nobody listens")))
        #expect(!shown().contains("lockkeeper_database_transactions_total"))
        #expect(!shown().contains("lockkeeper_statement_statistics_available"))
        take(.idle, .seen(stage.observation))
        #expect(shown().contains("lockkeeper_database_transactions_total"))
    }
}
