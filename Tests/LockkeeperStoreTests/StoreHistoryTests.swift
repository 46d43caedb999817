import LockkeeperCore
import LockkeeperStore
import Testing

@Suite("Asking for the history")
struct StoreHistoryTests {
    let folder: TemporaryFolder
    let store: Store

    init() async throws {
        folder = try TemporaryFolder()
        store = try await Store.open(folder.state)
        try await store.commit(
            StateChange(
                runs: [
                    .example("r1", begin: .noon), .example("r2", target: "other", begin: .noon + .seconds(1)),
                    .example(
                        "r3", tool: "alembic", begin: .noon + .seconds(2), end: .noon + .seconds(5),
                        outcome: .failed(evidence: "rolled back")),
                ],
                incidents: [
                    .example("run-r1", run: "r1", severity: .critical, openedAt: .noon),
                    .example("down-1", run: nil, target: "other", severity: .info, openedAt: .noon + .seconds(1)),
                    .example(
                        "run-r3", run: "r3", openedAt: .noon + .seconds(2), closedAt: .noon + .seconds(5)),
                ],
                deliveries: [
                    .example("d1", incident: "run-r1"),
                    .example("d2", incident: "run-r1", sequence: 2, at: .noon + .seconds(1)),
                    .example("d3", incident: "down-1", receiver: "mail", at: .noon + .seconds(2)),
                ]))
    }

    @Test(arguments: [
        (RunFilter(), ["r3", "r2", "r1"]), (RunFilter(target: "app"), ["r3", "r1"]),
        (RunFilter(target: "app", tool: "drizzle"), ["r1"]), (RunFilter(isRunning: true), ["r2", "r1"]),
        (RunFilter(isRunning: false), ["r3"]), (RunFilter(outcome: "failed"), ["r3"]),
        (RunFilter(outcome: "committed"), []), (RunFilter(since: .noon + .seconds(1)), ["r3", "r2"]),
        (RunFilter(database: "shop' OR 1=1 --"), []),
    ])
    func `runs are filtered, newest first`(filter: RunFilter, expected: [String]) async throws {
        #expect(try await store.runs(filter).map(\.id) == expected)
        #expect(try await store.runs(filter, limit: 1).map(\.id) == Array(expected.prefix(1)))
    }

    @Test(arguments: [
        (IncidentFilter(), ["run-r3", "down-1", "run-r1"]), (IncidentFilter(status: .open), ["down-1", "run-r1"]),
        (IncidentFilter(severity: .warning), ["run-r3", "run-r1"]), (IncidentFilter(severity: .critical), ["run-r1"]),
        (IncidentFilter(target: "other"), ["down-1"]), (IncidentFilter(run: "r3"), ["run-r3"]),
        (IncidentFilter(status: .closed, severity: .critical), []),
        (IncidentFilter(since: .noon + .seconds(2)), ["run-r3"]),
    ])
    func `incidents are filtered, newest first`(filter: IncidentFilter, expected: [String]) async throws {
        #expect(try await store.incidents(filter).map(\.id) == expected)
    }

    @Test(arguments: [
        (DeliveryFilter(), ["d3", "d2", "d1"]), (DeliveryFilter(receiver: "mail"), ["d3"]),
        (DeliveryFilter(incident: "run-r1"), ["d2", "d1"]), (DeliveryFilter(status: .delivered), []),
    ])
    func `deliveries are filtered, newest first`(filter: DeliveryFilter, expected: [String]) async throws {
        #expect(try await store.deliveries(filter).map(\.id) == expected)
    }

    @Test func `the beginning of an id is enough where it fits one`() async throws {
        #expect(try await store.incident("down")?.id == "down-1")
        #expect(try await store.incident("run-r3")?.id == "run-r3")
        #expect(try await store.run("r2")?.id == "r2")
        #expect(try await store.incident("run-r9") == nil)
        #expect(try await store.incident("") == nil)
    }

    @Test func `a beginning that fits several is refused, and they are named`() async throws {
        let error = await #expect(throws: StoreError.self) { try await store.incident("run-") }
        #expect(error?.code == .ambiguous)
        #expect(error?.message.contains("run-r1, run-r3") == true)
    }

    @Test func `a whole id is found even if others begin with it`() async throws {
        try await store.commit(StateChange(incidents: [.example("run-r1x"), .example("run-r1y")]))
        #expect(try await store.incident("run-r1")?.id == "run-r1")
    }

    @Test(arguments: ["run_", "run%", "run*", "RUN-R1"])
    func `no character of an id stands for others`(id: String) async throws {
        #expect(try await store.incident(id) == nil)
    }

    // MARK: Retention

    @Test func `old history goes, what is open and what is to be sent stays`() async throws {
        try await store.commit(
            StateChange(
                incidents: [.example("old", closedAt: .noon), .example("told", closedAt: .noon)],
                deliveries: [
                    .example("old-1", incident: "old"), .example("old-2", incident: "old", sequence: 2),
                    .example("told-1", incident: "told"),
                ]))
        for id in ["old-1", "told-1", "d1"] {
            let begun = try #require(try await store.begin(id, at: .noon))
            try await store.finish(begun.delivered(at: .noon))
        }
        #expect(try await store.prune(before: .noon) == 0)
        try await store.prune(before: .noon + .seconds(5))

        // `old` has a message on its way; `run-r1` is open; `run-r3` ended just now.
        #expect(try await Set(store.incidents().map(\.id)) == ["run-r1", "down-1", "run-r3", "old"])
        #expect(try await Set(store.deliveries().map(\.id)) == ["d1", "d2", "d3", "old-2"])
        #expect(try await store.runs().count == 3)

        try await store.prune(before: .noon + .seconds(6))
        #expect(try await store.runs().map(\.id) == ["r2", "r1"])
        #expect(try await store.incident("run-r3") == nil)
    }

    @Test func `thousands of old rows are removed`() async throws {
        try await store.commit(
            StateChange(incidents: (0..<1001).map { .example("old-\($0)", closedAt: .noon) }))
        #expect(try await store.prune(before: .noon + .seconds(1)) == 1001)
    }
}
