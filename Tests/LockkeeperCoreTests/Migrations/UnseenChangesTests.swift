import LockkeeperCore
import LockkeeperTestSupport
import Testing

@Suite("Changes that nobody was seen making")
struct UnseenChangesTests {
    /// A database that is looked at each five seconds, and whose tables and indexes are read each half minute.
    private struct Scene {
        var stage = Stage()
        var state = TargetState(target: "app")
        var relations = RelationStatistics(
            database: "shop", databaseOID: 5, serverTime: Stage.origin,
            tables: [
                .init(oid: 100, schema: "public", name: "orders"), .init(oid: 200, schema: "public", name: "customers"),
            ],
            indexes: [
                .init(oid: 101, tableOID: 100, name: "orders_pkey"),
                .init(oid: 102, tableOID: 100, name: "orders_note"),
                .init(oid: 201, tableOID: 200, name: "customers_pkey"),
            ])
        private(set) var told: [RunEvent] = []

        init() {
            watch()
            watch()
        }

        private mutating func take(_ tier: SamplingTier, _ content: Sample.Content) {
            told += state.advance(
                Sample(
                    target: "app", tier: tier, takenAt: stage.now, duration: .milliseconds(2), content: content))
        }

        mutating func look() { take(.idle, .seen(stage.observation)) }

        mutating func read() {
            relations.serverTime = stage.now
            take(
                .statements,
                .statements(
                    StatementReading(
                        serverTime: stage.now, databases: [DatabaseWork(oid: 5, name: "shop")], relations: [relations]))
            )
        }

        /// Half a minute, with a reading at its end.
        mutating func watch() {
            for _ in 1...6 {
                stage.wait(.seconds(5))
                look()
            }
            read()
        }

        mutating func dropIndex() { relations.indexes.removeAll { $0.oid == 102 } }
    }

    @Test("are told once, with what came and went between which readings")
    func told() throws {
        var scene = Scene()
        let before = scene.stage.now
        scene.dropIndex()
        scene.relations.indexes.append(.init(oid: 202, tableOID: 200, name: "customers_city"))
        scene.watch()
        let by = scene.stage.now
        #expect(scene.told.isEmpty, "a run behind it may show at the next look")
        scene.watch()
        let run = try #require(scene.told.discovered.first)
        #expect(run.begin == before && run.end == by && run.database == "shop" && run.tool == "manual")
        #expect(run.outcome?.label == "unseen")
        let evidence = try #require(run.outcome?.evidence)
        #expect(
            evidence.hasPrefix(
                "the index orders_note on public.orders is gone, the index customers_city on public.customers is new, and nobody was seen"
            ), "\(evidence)")
        let description = RunDescription(run, at: scene.stage.now)
        #expect(description.title == "Migration on app was seen only by what it changed")
        let facts = description.facts(labels: [:])
        #expect(facts.details.contains(.init("Some time after", before.readable)))
        #expect(facts.details.contains(.init("And by", by.readable)))
        scene.watch()
        scene.watch()
        #expect(scene.told.discovered.count == 1)
    }

    @Test("are a run's where one went on or ended between the readings, in the same database")
    func explained() {
        for database in ["shop", "other"] {
            var scene = Scene()
            scene.stage.connect(100, to: database)
            scene.state.update(privacy: .normalized, databases: .all)
            scene.stage.wait(.seconds(1))
            scene.stage.run(100, "DROP INDEX orders_note", transactionID: 900)
            scene.look()
            scene.stage.finish(100)
            scene.stage.fates = [900: .committed]
            scene.stage.wait(.seconds(1))
            scene.look()
            scene.dropIndex()
            for _ in 1...4 { scene.watch() }
            #expect(scene.told.started.count == 1)
            #expect(scene.told.discovered.count == (database == "shop" ? 0 : 1), "\(database)")
        }
    }

    @Test("are a run's that is still under way, or shows only after the reading")
    func late() {
        var scene = Scene()
        scene.stage.wait(.seconds(2))
        scene.dropIndex()
        scene.read()
        // The session was idle already at the reading, and the next look shows what it had done.
        scene.stage.connect(100)
        scene.stage.run(100, "DROP INDEX orders_note")
        scene.stage.finish(100)
        scene.stage.sessions[100]?.queryStart = scene.stage.now - .milliseconds(100)
        scene.stage.sessions[100]?.stateChange = scene.stage.now - .milliseconds(95)
        for _ in 1...3 { scene.watch() }
        #expect(scene.told.started.count == 1 && scene.told.discovered.isEmpty)
    }

    @Test("name the index of a partitioned table, and not those of its partitions besides")
    func partitions() throws {
        var scene = Scene()
        scene.relations.tables[0].isPartitioned = true
        scene.relations.tables[1].rootOID = 100
        scene.relations.indexes.append(.init(oid: 202, tableOID: 200, name: "customers_note_idx", parentOID: 102))
        for _ in 1...3 { scene.watch() }
        let known = scene.told.discovered.count
        scene.dropIndex()
        scene.relations.indexes.removeAll { $0.oid == 202 }
        for _ in 1...3 { scene.watch() }
        #expect(scene.told.discovered.count == known + 1)
        let evidence = try #require(scene.told.discovered.last?.outcome?.evidence)
        #expect(evidence.hasPrefix("the index orders_note on public.orders is gone, and nobody"), "\(evidence)")
    }

    @Test("are none where indexes are renamed or built anew, tables come and go, or a list was cut off")
    func nothing() {
        var scene = Scene()
        scene.relations.indexes[1].name = "orders_note_old"
        scene.watch()
        scene.relations.indexes[1].oid = 112
        scene.watch()
        scene.relations.tables.append(.init(oid: 300, schema: "public", name: "load"))
        scene.relations.indexes.append(.init(oid: 301, tableOID: 300, name: "load_pkey"))
        scene.watch()
        scene.relations.tables.removeAll { $0.oid != 200 }
        scene.relations.indexes.removeAll { $0.tableOID != 200 }
        scene.watch()
        // The last of the largest tables: its indexes are missing from the list, not from the database.
        scene.relations.isComplete = false
        scene.relations.indexes = []
        scene.watch()
        scene.watch()
        scene.watch()
        #expect(scene.told.isEmpty)
    }
}
