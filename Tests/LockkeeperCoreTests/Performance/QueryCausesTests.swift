import Testing

@testable import LockkeeperCore

@Suite("The likely cause of a query's change")
struct QueryCausesTests {
    private static let origin = QueryStage.origin

    /// `orders`, and `events` with two partitions, each with an index that is used.
    private static let relations = RelationStatistics(
        database: "shop", databaseOID: 5, serverTime: origin,
        tables: [
            .init(oid: 100, schema: "public", name: "orders", estimatedRows: 10_000, fileNode: 100),
            .init(oid: 200, schema: "public", name: "events", estimatedRows: 20_000, isPartitioned: true),
            .init(oid: 210, schema: "public", name: "events_1", estimatedRows: 10_000, fileNode: 210, rootOID: 200),
            .init(oid: 220, schema: "public", name: "events_2", estimatedRows: 10_000, fileNode: 220, rootOID: 200),
            .init(oid: 300, schema: "public", name: "notes", fileNode: 300),
        ],
        indexes: [
            .init(oid: 101, tableOID: 100, name: "orders_customer", scans: 500),
            .init(oid: 201, tableOID: 200, name: "events_day"),
            .init(oid: 211, tableOID: 210, name: "events_1_day_idx", scans: 30, parentOID: 201),
            .init(oid: 221, tableOID: 220, name: "events_2_day_idx", scans: 12, parentOID: 201),
        ])

    /// What a query that names some tables is told of, from 1 ms to `mean`.
    private func cause(
        _ text: String, mean: Float = 50, before: RelationStatistics = QueryCausesTests.relations,
        _ change: (inout RelationStatistics) -> Void
    ) -> QueryChange.Cause? {
        func summary(_ mean: Float) -> QuerySummary {
            var summary = QuerySummary()
            summary.add(
                .init(
                    query: .init(databaseOID: 5, queryID: 7), calls: 100, mean: mean, variance: 0, blocksPerCall: 4,
                    readsPerCall: 0))
            return summary
        }
        var now = before
        now.serverTime = Self.origin + .seconds(60)
        change(&now)
        let causes = QueryCauses(
            before: before, earlier: before, after: now, now: now, runBegin: Self.origin + .seconds(10))
        return causes.cause(
            of: .init(
                query: .init(databaseOID: 5, queryID: 7), before: summary(1), after: summary(mean), probability: 0,
                effect: 1), text: text)
    }

    @Test("is not an index that was renamed, or built anew under its name")
    func renamed() {
        for mean in [50, 0.02] as [Float] {
            #expect(cause("SELECT * FROM orders", mean: mean) { $0.indexes[0].name = "orders_customer_id" } == nil)
            #expect(cause("SELECT * FROM orders", mean: mean) { $0.indexes[0].oid = 999 } == nil)
        }
        #expect(cause("SELECT * FROM orders") { $0.indexes.remove(at: 0) }?.kind == .indexDropped)
        let invalid = cause("SELECT * FROM orders") {
            $0.indexes[0].name = "renamed"
            $0.indexes[0].isUsable = false
        }
        #expect(invalid?.kind == .indexInvalid)
    }

    @Test("is not an index that is missing from a list that was cut off")
    func cutOff() {
        /// As many indexes of the first table as have room.
        func cut(_ relations: inout RelationStatistics) {
            relations.isComplete = false
            relations.indexes = (0..<RelationStatistics.indexLimit).map {
                .init(oid: 10_000 + UInt32($0), tableOID: 100, name: "i\($0)", scans: 1)
            }
        }
        var before = Self.relations
        cut(&before)
        #expect(cause("SELECT * FROM events_1", cut) == nil)
        #expect(cause("SELECT * FROM events_1", mean: 0.02, before: before) { $0 = Self.relations } == nil)
        // Of a table before the last one all are known.
        let known = cause("SELECT * FROM orders") {
            cut(&$0)
            for index in $0.indexes.indices { $0.indexes[index].tableOID = 200 }
        }
        #expect(known?.kind == .indexDropped)
    }

    @Test("is missing statistics only where the run took them, or made the table anew")
    func missingStatistics() throws {
        // It never had any; it was rewritten and kept them; it lost them, and has new ones.
        #expect(cause("SELECT * FROM notes") { _ in } == nil)
        #expect(cause("SELECT * FROM orders") { $0.tables[0].fileNode = 999 } == nil)
        let analyzed = cause("SELECT * FROM orders") {
            $0.tables[0].oid = 999
            $0.tables[0].analyzedAt = Self.origin + .seconds(20)
        }
        #expect(analyzed == nil)

        let emptied = try #require(
            cause("SELECT * FROM orders") {
                $0.tables[0].estimatedRows = nil
                $0.tables[0].liveRows = 700
            })
        #expect(emptied.kind == .missingStatistics && emptied.remedy == "ANALYZE public.orders")
        #expect(
            emptied.text.hasPrefix(
                "public.orders has lost its statistics and has not been analysed since: the planner knows nothing of its 700 rows."
            ), "\(emptied.text)")
        let anew = cause("SELECT * FROM orders") { $0.tables[0].oid = 999 }
        #expect(anew?.kind == .missingStatistics && anew?.text.contains("was made anew") == true)
    }

    @Test("is found at the partitions of the table that the query names, and told by that table's index")
    func partitions() throws {
        let whole = try #require(
            cause("SELECT * FROM events JOIN orders USING (id)") { $0.indexes.removeSubrange(1...3) })
        #expect(whole.kind == .indexDropped)
        #expect(
            whole.text.hasPrefix(
                "The index events_day on public.events, which was used 42 times before the run, is gone since the run."),
            "\(whole.text)")
        #expect(whole.remedy?.contains("ON ONLY public.events") == true)
        // One of a single partition.
        let single = try #require(cause("SELECT * FROM events") { $0.indexes.remove(at: 2) })
        #expect(single.text.hasPrefix("The index events_1_day_idx on public.events_1"), "\(single.text)")

        var without = Self.relations
        without.indexes.removeSubrange(1...3)
        let added = try #require(cause("SELECT * FROM events", mean: 0.02, before: without) { $0 = Self.relations })
        #expect(added.kind == .indexAdded)
        #expect(
            added.text.hasPrefix("The index events_day on public.events is new and has been used 42 times."),
            "\(added.text)")
    }
}
