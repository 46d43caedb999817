import LockkeeperCore
import Testing

@Suite("A run's effect on queries")
struct PerformanceTests {
    /// Fifty queries with noise, one of which looks for orders by customer.
    private func stage(privacy: QueryTextPrivacy = .normalized) -> QueryStage {
        var stage = QueryStage(privacy: privacy)
        for id in 1...50 {
            stage.queries[Int64(id)] = .init(mean: Double(id) * 0.2, callsPerSecond: 3, drift: 0.15)
        }
        stage.queries[7] = .init(mean: 0.2, blocks: 4, drift: 0.15)
        stage.texts[7] = "SELECT * FROM orders WHERE customer_id = $1 AND note <> 'secret'"
        stage.relations.tables = [
            .init(oid: 100, schema: "public", name: "orders", sequentialScans: 3, estimatedRows: 10_000, fileNode: 100)
        ]
        stage.relations.indexes = [
            .init(oid: 101, tableOID: 100, name: "orders_pkey", scans: 10),
            .init(oid: 102, tableOID: 100, name: "orders_customer_id_idx", scans: 500),
        ]
        return stage
    }

    private func dropIndex(_ stage: inout QueryStage) {
        stage.relations.indexes.removeAll { $0.oid == 102 }
        stage.queries[7] = .init(mean: 12, blocks: 900, drift: 0.15, sequentialTable: 100)
    }

    @Test("is told with query, ratio and the index that it dropped")
    func droppedIndex() throws {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate(change: dropIndex)
        stage.run(for: .seconds(180))
        let review = try #require(stage.review())
        #expect(review.standing == .preliminary)
        let change = try #require(review.changes.first)
        #expect(review.changes.count == 1 && change.queryID == 7 && change.database == "shop" && change.isSlower)
        #expect((40...80).contains(change.ratio ?? 0))
        #expect(change.text == "SELECT * FROM orders WHERE customer_id = $1 AND note <> ?")
        #expect(abs(change.before.blocksPerCall - 4) < 0.1 && abs(change.after.blocksPerCall - 900) < 1)
        let cause = try #require(change.cause)
        #expect(cause.kind == .indexDropped)
        #expect(cause.text.contains("orders_customer_id_idx on public.orders"), "\(cause.text)")
        #expect(cause.text.contains("600 a minute, before the run 0"), "\(cause.text)")
        let labels = try #require(stage.slowdowns.first).labels.map { "\($0.name)=\($0.value)" }
        #expect(labels == ["database=shop", "queryid=7", "run=run", "target=app"])
    }

    @Test("is told of a change that nobody was seen making, and that is noticed a while later")
    func unseenChange() throws {
        var stage = stage()
        stage.run(for: .seconds(600))
        var run = MigrationRun(
            id: "run", target: "app", database: "shop", tool: "manual", sessions: [], begin: stage.now)
        dropIndex(&stage)
        stage.run(for: .seconds(30))
        run.end = stage.now
        run.outcome = .unseen(evidence: "the index is gone")
        stage.run(for: .seconds(30))
        stage.performance.advance([.discovered(run)], at: stage.now)
        stage.run(for: .seconds(240))
        let change = try #require(stage.review()?.changes.first)
        #expect(change.queryID == 7 && change.isSlower && change.cause?.kind == .indexDropped)
    }

    @Test("is told as a speed-up by the index that it added")
    func addedIndex() throws {
        var stage = stage()
        dropIndex(&stage)
        stage.run(for: .seconds(600))
        stage.migrate { stage in
            stage.relations.indexes.append(.init(oid: 102, tableOID: 100, name: "orders_customer_id_idx", scans: 90))
            stage.queries[7] = .init(mean: 0.2, drift: 0.15)
        }
        stage.run(for: .seconds(180))
        let change = try #require(stage.review()?.changes.first)
        #expect(change.queryID == 7 && !change.isSlower && (change.ratio ?? 1) < 0.05)
        #expect(change.cause?.kind == .indexAdded)
        #expect(stage.review()?.changes.count == 1)
    }

    @Test("is nothing when nothing has changed, however noisy the queries, in 200 runs out of 200")
    func nothing() {
        for seed in 1...200 {
            var stage = stage()
            stage.random.state = UInt64(seed) &* 7919
            for id in stage.queries.keys {
                stage.queries[id]?.drift = 0.3
                stage.queries[id]?.spread = 3
            }
            stage.run(for: .seconds(300))
            stage.migrate()
            stage.run(for: .seconds(660))
            let told = stage.reviewed.compactMap(\.review)
            #expect(!told.contains { !$0.changes.isEmpty }, "seed \(seed)")
            #expect(told.last?.standing == .final && (told.last?.comparedQueries ?? 0) >= 50)
        }
    }

    @Test("is not what a machine that has become busy does to all queries")
    func busyMachine() {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate { $0.slowness = 4 }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.standing == .final && stage.review()?.changes == [])
    }

    @Test("is not a single call that waited for a minute")
    func outlier() {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate()
        stage.run(for: .seconds(90))
        stage.queries[7]?.mean = 100
        stage.step(.seconds(30))
        stage.queries[7]?.mean = 0.2
        stage.run(for: .seconds(540))
        #expect(stage.review()?.standing == .final && stage.review()?.changes == [])
    }

    @Test("is not compared without a time before, and the database's work is told all the same")
    func withoutBaseline() throws {
        var stage = stage()
        stage.read()
        stage.migrate {
            $0.work.commits += 41; $0.work.temporaryBytes = 8192
        }
        stage.run(for: .seconds(60))
        let review = try #require(stage.review())
        #expect(review.standing == .withoutBaseline && review.changes.isEmpty)
        #expect(review.work?.commits == 41 && review.work?.temporaryBytes == 8192)
    }

    @Test("of the last of a series is measured by the time before the series")
    func series() throws {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate("one", for: .seconds(5))
        stage.run(for: .seconds(20), every: .seconds(10))
        stage.migrate("two", for: .seconds(5), change: dropIndex)
        stage.run(for: .seconds(180))
        #expect(stage.review("two")?.changes.map(\.queryID) == [7])
        #expect(stage.review("one")?.changes ?? [] == [])
    }

    @Test("is shown as long as it lasts, and no longer than an hour")
    func shown() {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate(change: dropIndex)
        stage.run(for: .seconds(1200))
        #expect(stage.review()?.standing == .final && stage.slowdowns.count == 1)
        stage.queries[7] = .init(mean: 0.2, drift: 0.15)
        stage.run(for: .seconds(700))
        #expect(stage.slowdowns.isEmpty && stage.review()?.changes.count == 1)

        var other = self.stage()
        other.run(for: .seconds(600))
        other.migrate(change: dropIndex)
        other.run(for: .seconds(3700))
        #expect(other.slowdowns.isEmpty)
    }

    @Test("is told without any text where privacy wants none")
    func privacy() throws {
        var stage = stage(privacy: .none)
        stage.run(for: .seconds(600))
        stage.migrate(change: dropIndex)
        stage.run(for: .seconds(180))
        let change = try #require(stage.review()?.changes.first)
        #expect(change.text == nil && change.cause?.kind == .indexDropped)
    }

    @Test("is told though the text is not to be had, and monitoring's own queries are left out")
    func texts() throws {
        var stage = stage()
        stage.texts[7] = nil
        stage.run(for: .seconds(600))
        stage.migrate(change: dropIndex)
        stage.run(for: .seconds(180))
        #expect(stage.review()?.changes.first?.text == nil && stage.review()?.changes.count == 1)
        #expect(stage.textRequests == [[7]])

        var monitoring = self.stage()
        monitoring.texts[7] = "SELECT * FROM pg_catalog.pg_stat_activity AS orders"
        monitoring.run(for: .seconds(600))
        monitoring.migrate(change: dropIndex)
        monitoring.run(for: .seconds(180))
        #expect(monitoring.review()?.changes == [])
    }

    @Test("is laid to a rewrite, and to an invalid index")
    func otherCauses() throws {
        // A table that has been packed closer, and analysed.
        var packed = self.stage()
        packed.queries[7] = .init(mean: 12, blocks: 900, drift: 0.15)
        packed.run(for: .seconds(600))
        packed.migrate { stage in
            stage.relations.tables[0].fileNode = 999
            stage.relations.tables[0].analyzedAt = stage.now
            stage.queries[7] = .init(mean: 2, blocks: 120, drift: 0.15)
        }
        packed.run(for: .seconds(180))
        let third = try #require(packed.review()?.changes.first)
        #expect(third.cause?.kind == .rewritten && !third.isSlower, "\(third.cause?.text ?? "")")
        #expect(third.cause?.text.contains("public.orders was rewritten") == true)
        #expect(third.cause?.text.contains("120 blocks, before the run 900") == true)

        var other = self.stage()
        other.run(for: .seconds(600))
        other.migrate { stage in
            stage.relations.indexes[1].isUsable = false
            stage.queries[7] = .init(mean: 12, blocks: 900, drift: 0.15)
        }
        other.run(for: .seconds(180))
        let second = try #require(other.review()?.changes.first?.cause)
        #expect(second.kind == .indexInvalid, "\(second.text)")
        #expect(second.remedy == "REINDEX INDEX CONCURRENTLY public.orders_customer_id_idx")
    }

    @Test("is not guessed across a reset of the statistics")
    func reset() {
        var stage = stage()
        stage.run(for: .seconds(600))
        stage.migrate { $0.resetAt = $0.now }
        stage.run(for: .seconds(660))
        #expect(stage.review()?.changes == [])
    }

    @Test("is measured on running statements where the server keeps no statistics, and says so")
    func sampled() throws {
        var performance = Performance(target: "app")
        var now = QueryStage.origin
        var reviewed: [MigrationRun] = []
        /// Sessions that run one query after the other, each of that many seconds, looked at once a second.
        func watch(_ duration: Int, eachTaking length: Double) {
            for second in 0..<duration {
                now = now + .seconds(1)
                let begin = Double(second) - (Double(second) / length).rounded(.down) * length
                let sessions = (1...8).map { pid in
                    Session(
                        pid: Int32(pid), backendStart: QueryStage.origin, database: "shop", state: .active,
                        queryStart: now - .microseconds(Int64(begin * 1e6)),
                        query: "SELECT * FROM orders WHERE id = \(second)")
                }
                performance.advance(
                    Observation(
                        server: Server(versionNumber: 150_000, startedAt: QueryStage.origin, database: "shop"),
                        serverTime: now,
                        sessions: sessions))
                if second % 30 == 29 {
                    performance.advance(
                        StatementReading(
                            serverTime: now, source: .missing("nobody installed it"), databases: [QueryStage.database]))
                }
            }
            reviewed += performance.takeReviewed()
        }
        performance.advance(
            StatementReading(
                serverTime: now, source: .missing("nobody installed it"), databases: [QueryStage.database]))
        watch(600, eachTaking: 3)
        var run = MigrationRun(
            id: "run", target: "app", database: "shop", tool: "drizzle", sessions: [], begin: now)
        performance.advance([.started(run)], at: now)
        watch(30, eachTaking: 3)
        run.end = now
        performance.advance([.ended(run)], at: now)
        watch(600, eachTaking: 20)
        let review = try #require(reviewed.last?.review)
        let change = try #require(review.changes.first)
        #expect(change.isSampled && change.isSlower && change.text == "SELECT * FROM orders WHERE id = ?")
        #expect(performance.warnings.count == 1 && performance.warnings[0].contains("nobody installed it"))
    }
}
