import LockkeeperCore
import Testing

/// What is told of queries that got slower with a migration.
struct SlowdownRuleTests {
    private let end = Timestamp(seconds: 1_764_000_000)

    private func finding(
        _ changes: [QueryChange], overlapping: [String] = [], privacy: QueryTextPrivacy = .normalized,
        age: Duration = .seconds(300)
    ) -> Finding? {
        let run = MigrationRun(
            id: "r1", target: "app", database: "shop", tool: "drizzle", migrations: ["0042_orders"], sessions: [],
            begin: end - .seconds(5), end: end, outcome: .committed(versions: []),
            review: RunReview(standing: .final, overlapping: overlapping, changes: changes, comparedQueries: 12))
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

    @Test func `A query that no longer completes is told without a ratio, with what says so`() throws {
        var stopped = change(4, 4)
        stopped.ratio = nil
        stopped.evidence = "It completed 900 times."
        let alone = try #require(finding([stopped]))
        #expect(alone.summary == "A query no longer completes since migration 0042_orders on app")
        #expect(alone.evidence == ["`SELECT $1`: 4ms before, no longer completes. It completed 900 times."])
        let both = try #require(finding([stopped, change(1, 3)]))
        #expect(
            both.summary
                == "A query got slower with migration 0042_orders on app, up to 3.0 times, and 1 no longer completes")
    }

    @Test func `Of runs that overlap it is said that it may be the other's doing`() throws {
        let found = try #require(finding([change(1, 20)], overlapping: ["r2"]))
        #expect(found.evidence.last == "Another run went on at the same time (r2): it may be that one's doing.")
    }

    @Test func `What got faster, or was told long ago, is no finding, and texts are told as privacy has it`() {
        #expect(finding([change(20, 1)]) == nil)
        #expect(finding([change(1, 20)], age: .seconds(90_000)) == nil)
        #expect(finding([change(1, 20)], privacy: .none)?.evidence.first?.hasPrefix("Query 7: ") == true)
    }
}
