import LockkeeperCore
import Testing

/// What is told of queries that got slower with a migration.
struct SlowdownRuleTests {
    private let end = Timestamp(seconds: 1_764_000_000)

    private func finding(
        _ changes: [QueryChange], privacy: QueryTextPrivacy = .normalized,
        age: Duration = .seconds(300)
    ) -> Finding? {
        let run = MigrationRun(
            id: "r1", target: "app", database: "shop", tool: "drizzle", migrations: ["0042_orders"], sessions: [],
            begin: end - .seconds(5), end: end, outcome: .committed(versions: []),
            review: RunReview(standing: .final, changes: changes, comparedQueries: 12))
        return Diagnosis.findings(
            in: Situation(target: "app", now: end + age, lastRuns: [run], privacy: privacy)
        ).first { $0.verdict == .slowdown }
    }

    /// Times in milliseconds.
    private func change(_ before: Double, _ after: Double, cause: QueryChange.Cause? = nil) -> QueryChange {
        QueryChange(
            database: "shop", queryID: 7, text: "SELECT $1", before: .init(calls: 100, mean: before),
            after: .init(calls: 100, mean: after), ratio: after / before, probability: 0.001, effect: 5, cause: cause)
    }

    @Test(arguments: [
        (4.0, 120.0, "4ms before, 120ms after (30 times)."), (0.25, 2.5, "250µs before, 2.5ms after (10 times)."),
        (9.96, 61_000, "10ms before, 1m 1s after (6124 times)."), (800, 2000, "800ms before, 2s after (2.5 times)."),
    ])
    func `The times of a query are told in their own unit`(before: Double, after: Double, text: String) throws {
        let found = try #require(finding([change(before, after)]))
        #expect(found.evidence == ["`SELECT $1`: \(text)"])
        #expect(found.severity == .warning && found.run == "r1" && found.database == "shop")
    }

    @Test func `The remedy of each cause is an action, once`() throws {
        let cause = QueryChange.Cause(.indexDropped, "The index i is gone.", remedy: "CREATE INDEX i")
        let found = try #require(finding([change(1, 20, cause: cause), change(1, 5, cause: cause)]))
        #expect(found.summary == "2 queries got slower with migration 0042_orders on app, up to 20 times")
        #expect(found.actions.map(\.command) == ["CREATE INDEX i"])
        #expect(found.evidence.first?.hasSuffix("(20 times). The index i is gone.") == true)
    }

    @Test func `What got faster, or was told long ago, is no finding, and texts are told as privacy has it`() {
        #expect(finding([change(20, 1)]) == nil)
        #expect(finding([change(1, 20)], age: .seconds(90_000)) == nil)
        #expect(finding([change(1, 20)], privacy: .none)?.evidence.first?.hasPrefix("Query 7: ") == true)
    }
}
