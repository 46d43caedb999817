import LockkeeperCore
import Testing

@Suite("The effect of runs that overlap, or follow each other closely")
struct OverlappingRunsTests {
    private func stage() -> QueryStage {
        var stage = QueryStage()
        for id in 1...20 {
            stage.queries[Int64(id)] = .init(mean: Double(id) * 0.2, callsPerSecond: 3, drift: 0.15)
        }
        stage.queries[7] = .init(mean: 0.2, drift: 0.15)
        stage.texts[7] = "SELECT * FROM orders WHERE customer_id = $1"
        stage.relations.tables = [.init(oid: 100, schema: "public", name: "orders", estimatedRows: 10, fileNode: 100)]
        stage.relations.indexes = [.init(oid: 101, tableOID: 100, name: "orders_customer", scans: 10)]
        stage.run(for: .seconds(600))
        return stage
    }

    private func dropIndex(_ stage: inout QueryStage) {
        stage.relations.indexes = []
        stage.queries[7] = .init(mean: 12, blocks: 900, drift: 0.15)
    }

    @Test("is measured by the time before both and the time after both, and told as perhaps the other's")
    func nested() throws {
        var stage = stage()
        let a = stage.begin("a")
        stage.run(for: .seconds(60))
        dropIndex(&stage)
        stage.run(for: .seconds(120))
        let b = stage.begin("b")
        stage.run(for: .seconds(60))
        stage.end(b)
        stage.run(for: .seconds(180))
        #expect(stage.reviewed.isEmpty, "what is seen then may be the doing of the one that goes on")
        stage.end(a)
        stage.run(for: .seconds(660))
        for (id, other) in [("a", "b"), ("b", "a")] {
            let review = try #require(stage.review(id))
            #expect(review.standing == .final && review.overlapping == [other])
            let change = try #require(review.changes.first)
            #expect(review.changes.count == 1 && change.queryID == 7 && change.cause?.kind == .indexDropped)
            #expect((0.15...0.25).contains(change.before.mean), "the baseline of \(id) lies before both")
        }
    }

    @Test("is not what the other one does while it goes on, whichever ends first")
    func passing() {
        for isInnerLast in [false, true] {
            var stage = stage()
            let a = stage.begin("a")
            stage.queries[7]?.mean = 12
            stage.queries[7]?.blocks = 900
            stage.run(for: .seconds(200))
            let b = stage.begin("b")
            stage.run(for: .seconds(120))
            stage.end(isInnerLast ? a : b)
            stage.run(for: .seconds(300))
            stage.queries[7] = .init(mean: 0.2, drift: 0.15)
            stage.end(isInnerLast ? b : a)
            stage.run(for: .seconds(660))
            for id in ["a", "b"] {
                #expect(stage.review(id)?.standing == .final && stage.review(id)?.changes == [], "\(id)")
                #expect(stage.reviewed.allSatisfy { $0.review?.changes == [] })
            }
        }
    }

    @Test("is told though the next one begins before the first is seen to have ended")
    func lateEnd() {
        var stage = stage()
        let a = stage.begin("a")
        dropIndex(&stage)
        stage.step(.milliseconds(4500))
        let b = stage.begin("b")
        stage.step(.milliseconds(500))
        stage.end(a)
        stage.step(.seconds(3))
        stage.end(b)
        stage.run(for: .seconds(180))
        #expect(stage.review("a")?.changes.map(\.queryID) == [7])
        #expect(stage.review("b")?.changes.map(\.queryID) == [7])
    }

    @Test("is not compared, and that is said, where the other one goes on for an hour")
    func endless() {
        var stage = stage()
        _ = stage.begin("a")
        stage.step(.seconds(10))
        let b = stage.begin("b")
        dropIndex(&stage)
        stage.step(.seconds(10))
        stage.end(b)
        stage.run(for: .seconds(3700))
        #expect(stage.review("b")?.standing == .notComparable && stage.review("b")?.changes == [])
        #expect(stage.review("b")?.reason == "run a, which it overlapped, went on for too long after it had ended")
        #expect(stage.review("b")?.overlapping == ["a"])
    }

    @Test("is not compared, and that is said, where the next one follows too closely")
    func followed() {
        var stage = stage()
        stage.migrate("one", for: .seconds(5))
        stage.run(for: .seconds(20), every: .seconds(10))
        stage.migrate("two", for: .seconds(5), change: dropIndex)
        stage.run(for: .seconds(180))
        #expect(stage.review("one")?.standing == .notComparable)
        #expect(stage.review("one")?.reason == "run two began 20s after it had ended")
        #expect(stage.review("two")?.changes.map(\.queryID) == [7])
        #expect(stage.review("two")?.overlapping == [])
    }

    @Test("does not end with one that was discovered only later, and was over before")
    func discoveredLate() {
        var stage = stage()
        stage.migrate("a", change: dropIndex)
        stage.step(.seconds(30))
        stage.performance.advance(
            [
                .discovered(
                    MigrationRun(
                        id: "old", target: "app", database: "shop", tool: "manual", sessions: [],
                        begin: stage.now - .seconds(400), end: stage.now - .seconds(370)))
            ], at: stage.now)
        stage.run(for: .seconds(180))
        #expect(stage.review("a")?.changes.map(\.queryID) == [7])
        #expect(stage.review("a")?.overlapping == [])
    }

    @Test("is not lost for a run that goes on while twenty others come and go")
    func room() {
        var stage = stage()
        let a = stage.begin("a")
        dropIndex(&stage)
        for number in 1...20 {
            stage.migrate("short\(number)", for: .seconds(1))
            stage.step(.seconds(1))
        }
        stage.end(a)
        stage.run(for: .seconds(180))
        #expect(stage.review("a")?.changes.map(\.queryID) == [7])
        #expect(stage.review("short1")?.reason == "more runs went on at the same time than are compared")
        #expect(stage.review("short20")?.changes.map(\.queryID) == [7])
    }
}
