import LockkeeperCore
import Testing

@Suite("A query that no longer completes after a run")
struct StoppedQueriesTests {
    private func stage() -> QueryStage {
        var stage = QueryStage()
        for id in 1...20 {
            stage.queries[Int64(id)] = .init(mean: Double(id) * 0.2, callsPerSecond: 3, drift: 0.15)
        }
        stage.texts[7] = "SELECT * FROM orders WHERE customer_id = $1"
        stage.relations.tables = [.init(oid: 100, schema: "public", name: "orders", estimatedRows: 10, fileNode: 100)]
        stage.relations.indexes = [.init(oid: 101, tableOID: 100, name: "orders_customer", scans: 10)]
        return stage
    }

    /// From the run on every execution ends in an error.
    private func fail(_ stage: inout QueryStage, _ ids: some Sequence<Int64> = [7]) {
        for id in ids { stage.queries[id]?.callsPerSecond = 0 }
        stage.rollbacks = 0.3
    }

    @Test("is told, without a ratio, with the transactions that were rolled back and the likely cause")
    func told() throws {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate {
            fail(&$0)
            $0.relations.indexes = []
        }
        stage.run(for: .seconds(720))
        let review = try #require(stage.review())
        let change = try #require(review.changes.first)
        #expect(review.standing == .final && review.changes.count == 1 && change.queryID == 7)
        #expect(change.ratio == nil && change.isNoLongerCompleted && change.isSlower && change.after.calls == 0)
        #expect(change.cause?.kind == .indexDropped)
        #expect(
            change.evidence
                == "It completed 1710 times in 9m 30s before the run and not once in 10m since, in which 180 transactions of the database were rolled back; usual would be 0."
        )
        #expect(stage.slowdowns.isEmpty, "there is no ratio to show")
    }

    @Test("is one where rollbacks were usual before, and have become more")
    func risen() {
        var stage = stage()
        stage.rollbacks = 0.5
        stage.run(for: .seconds(600))
        stage.migrate {
            fail(&$0); $0.rollbacks = 1
        }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.changes.map(\.isNoLongerCompleted) == [true])

        var same = self.stage()
        same.rollbacks = 0.5
        same.run(for: .seconds(600))
        same.migrate {
            fail(&$0); $0.rollbacks = 0.5
        }
        same.run(for: .seconds(660))
        #expect(same.review()?.standing == .final && same.review()?.changes == [])
    }

    @Test("is not one where many rollbacks are usual and the load has grown a little")
    func busyPool() {
        var stage = stage()
        stage.rollbacks = 300
        stage.run(for: .seconds(600))
        stage.migrate {
            fail(&$0); $0.rollbacks = 306
        }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.standing == .final && stage.review()?.changes == [])
    }

    @Test("is not one whose application was stopped, however many transactions that left behind")
    func stoppedApplication() {
        // One query of a worker, many of an application, all.
        for ids in [[7], Array(1...12), Array(1...20)] as [[Int64]] {
            var stage = stage()
            stage.run(for: .seconds(600))
            stage.migrate {
                $0.work.rollbacks += 50; for id in ids { $0.queries[id]?.callsPerSecond = 0 }
            }
            stage.step(.seconds(10))
            stage.work.rollbacks += 50
            stage.run(for: .seconds(660))
            #expect(stage.review()?.changes == [], "\(ids.count) queries")
        }
        // And where the rest fails as well, most being gone says more.
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate { fail(&$0, 1...12) }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.changes == [])
    }

    @Test("is not one that was rare before, or not called all the time")
    func rare() {
        var stage = stage()
        stage.queries[7]?.callsPerSecond = 0.04
        stage.run(for: .seconds(300))
        // A batch that runs for some minutes.
        stage.queries[99] = .init(mean: 5, callsPerSecond: 5)
        stage.run(for: .seconds(120))
        stage.queries[99] = nil
        stage.run(for: .seconds(180))
        stage.migrate { fail(&$0) }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.standing == .final && stage.review()?.changes == [])
    }

    @Test("is not one whose entry the server has dropped: nobody knows whether it is called")
    func evicted() {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate {
            fail(&$0)
            $0.evict(7)
        }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.changes == [])
    }
}
