import LockkeeperCore
import Testing

@Suite("Statistics of statements that cannot be read for a while")
struct StatementGapTests {
    private static let failed = StatementReading.Source.failed(
        SampleFailure(reason: .timedOut, message: "the server did not answer in time"))

    private func stage() -> QueryStage {
        var stage = QueryStage()
        for id in 1...20 {
            stage.queries[Int64(id)] = .init(mean: Double(id) * 0.2, callsPerSecond: 3, drift: 0.15)
        }
        stage.texts[7] = "SELECT * FROM orders"
        return stage
    }

    private func slow(_ stage: inout QueryStage) { stage.queries[7] = .init(mean: 30, blocks: 900, drift: 0.15) }

    /// A reading that fails, with the queries going on meanwhile.
    private func miss(_ stage: inout QueryStage) {
        let source = stage.source
        stage.source = Self.failed
        stage.step(.seconds(30))
        stage.source = source
    }

    @Test("keep what was known before, so that a run is compared across the gap")
    func baseline() throws {
        var stage = stage()
        stage.run(for: .seconds(300))
        miss(&stage)
        #expect(stage.performance.warnings == ["query timings could not be read: the server did not answer in time"])
        #expect(stage.performance.source?.isAvailable == true)
        stage.run(for: .seconds(30))
        #expect(stage.performance.warnings.isEmpty)
        stage.migrate(change: slow)
        miss(&stage)
        stage.run(for: .seconds(150))
        let review = try #require(stage.review())
        #expect(review.changes.map(\.queryID) == [7])
        // The calls of the gap are counted: five and a half minutes of three a second.
        #expect(review.changes.first?.before.calls == 990)
    }

    @Test("do not end a slowdown's alert, be it one reading or all of them, nor are they taken for a recovery")
    func alert() {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate(change: slow)
        stage.run(for: .seconds(720))
        #expect(stage.slowdowns.count == 1)
        miss(&stage)
        #expect(stage.slowdowns.count == 1)
        for _ in 1...10 { miss(&stage) }
        #expect(stage.slowdowns.count == 1)
        #expect(stage.performance.warnings.first?.hasPrefix("query timings are sampled") == true)
        // It ends by what is read.
        stage.queries[7] = .init(mean: 1.4, drift: 0.15)
        stage.run(for: .seconds(720))
        #expect(stage.slowdowns.isEmpty)
    }

    @Test("are sampled instead from the third failure in a row on, and at once where the extension is gone")
    func sampled() {
        var stage = stage()
        stage.run(for: .seconds(60))
        miss(&stage)
        miss(&stage)
        #expect(stage.performance.source?.isAvailable == true)
        miss(&stage)
        #expect(stage.performance.source?.isAvailable == false)
        stage.run(for: .seconds(60))
        #expect(stage.performance.source?.isAvailable == true)
        stage.source = .missing("somebody dropped it")
        stage.step(.seconds(30))
        #expect(stage.performance.source?.isAvailable == false)
    }

    @Test("from a run's end on leave nothing to compare, which is said")
    func incomparable() {
        var stage = stage()
        stage.run(for: .seconds(300))
        stage.migrate(change: slow)
        for _ in 1...25 { miss(&stage) }
        #expect(stage.review()?.standing == .notComparable && stage.review()?.changes == [])
        #expect(stage.review()?.reason == "the time before it was measured by statistics, the time after it is not")
    }
}
