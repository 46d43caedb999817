import LockkeeperStore
import PromQL
import Testing

@testable import LockkeeperCore

@Suite("Storing changes")
struct StoreStateTests {
    let folder: TemporaryFolder
    let store: Store

    init() async throws {
        folder = try TemporaryFolder()
        store = try await Store.open(folder.state)
    }

    @Test func `a new state is empty`() async throws {
        #expect(try await store.load() == StoredState())
    }

    @Test func `what was committed is there after a crash, to the last bit`() async throws {
        let memory = TargetMemory(
            openRuns: [
                TrackedRun(
                    run: .example(),
                    client: .init(Session(pid: 77, backendStart: .noon, database: "shop", user: "deploy")))
            ],
            knownHistory: ["shop": ["drizzle.__drizzle_migrations": ["1", "2"]]],
            serverStartedAt: .noon - .seconds(1))
        let delivery = Delivery.example("d1")
        let change = StateChange(
            runs: [.example()], memories: ["app": memory], incidents: [.example()],
            deliveries: [delivery, .example("d2", sequence: 2)])
        try await store.commit(change)

        let reopened = try await Store.open(folder.afterCrash().state)
        let state = try await reopened.load()
        #expect(state.memories == ["app": memory])
        #expect(state.unfinishedIncidents == [.example()])
        #expect(try await reopened.runs() == [.example()])
        #expect(try await reopened.deliveries(limit: 1) == [.example("d2", sequence: 2)])
        #expect(try await reopened.due(receiver: "slack", at: .noon, limit: 1) == [delivery])
    }

    @Test func `how often each receiver was told what, and which ends it is yet to be told, is there after a crash`()
        async throws
    {
        var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "slack")]))
        func alert(_ severity: Severity, _ what: String) -> IncidentAlert {
            IncidentAlert(
                name: "Down", severity: severity, labels: ["target": "app", "what": what], annotations: [:],
                activeAt: .noon)
        }
        for (second, firing) in [[alert(.warning, "a"), alert(.warning, "b")], [alert(.warning, "a")]].enumerated() {
            try await store.commit(book.advance(firing: firing, at: .noon + .seconds(second)))
        }
        let state = try await Store.open(folder.afterCrash().state).load()
        #expect(state.unfinishedIncidents == Array(book.open.values))
        #expect(state.unfinishedIncidents.first?.ended.count == 1)
        var restored = IncidentBook(
            incidents: state.unfinishedIncidents, episodes: state.episodes, policy: book.policy)
        let next = [alert(.critical, "a")]
        let change = restored.advance(firing: next, at: .noon + .seconds(9))
        #expect(change == book.advance(firing: next, at: .noon + .seconds(9)))
        // As the outbox gives it to the receiver.
        var ended = alert(.warning, "b")
        ended.audibleSince = .noon
        try await store.commit(change)
        #expect(try await store.deliveries(limit: 1).first?.notification.ended.map(\.alert) == [ended])
    }

    @Test(arguments: [
        Outcome.committed(versions: ["0042", "0043"]), .failed(evidence: "rolled back"),
        .cancelled(evidence: "by alice"),
        .lost(evidence: "the server went away"),
    ])
    func `a run that ends replaces what was stored of it`(outcome: Outcome) async throws {
        try await store.commit(StateChange(runs: [.example()]))
        let ended = MigrationRun.example(end: .noon + .seconds(9), outcome: outcome)
        try await store.commit(StateChange(runs: [ended]))
        #expect(try await store.runs() == [ended])
        #expect(try await store.runs(RunFilter(outcome: outcome.label)) == [ended])
    }

    @Test func `a memory that changes replaces the old one, and the others stay`() async throws {
        let old = TargetMemory(knownHistory: ["shop": ["a": ["1"]]])
        let new = TargetMemory(knownHistory: ["shop": ["a": ["1", "2"]]])
        try await store.commit(StateChange(memories: ["app": old, "other": old]))
        try await store.commit(StateChange(memories: ["app": new]))
        #expect(try await store.load().memories == ["app": new, "other": old])
    }

    @Test func `the live alerts are replaced whole, and kept where a change says nothing of them`() async throws {
        let alerts = [3.5, .infinity, -.infinity, .nan].map { value in
            AlertInstance(
                rule: RuleIdentity(name: "MigrationBlocked", labels: ["severity": "warning"]),
                labels: ["alertname": "MigrationBlocked", "target": "app"], annotations: ["summary": "It waits."],
                state: .firing, activeAt: .noon, firedAt: .noon + .seconds(30), value: value,
                freeze: .targetUnreachable)
        }
        try await store.commit(StateChange(alerts: alerts))
        try await store.commit(StateChange(incidents: [.example()]))
        #expect(try await store.load().alerts == alerts)
        try await store.commit(StateChange(alerts: Array(alerts.suffix(1))))
        #expect(try await store.load().alerts == alerts.suffix(1))
        try await store.commit(StateChange(alerts: []))
        #expect(try await store.load().alerts == [])
    }

    @Test func `a closed incident is loaded only if it was closed since the time asked for`() async throws {
        let closed = Incident.example("run-2", closedAt: .noon + .seconds(60))
        try await store.commit(StateChange(incidents: [.example(), closed]))
        #expect(try await store.load().unfinishedIncidents == [.example()])
        #expect(try await store.load().recentlyClosedIncidents == [])
        #expect(try await store.load(closedSince: .noon + .seconds(60)).recentlyClosedIncidents == [closed])
        #expect(try await store.load(closedSince: .noon + .seconds(61)).recentlyClosedIncidents == [])
    }

    @Test func `planning the same deliveries again changes nothing`() async throws {
        let change = StateChange(incidents: [.example()], deliveries: [.example("d1"), .example("d2", sequence: 2)])
        try await store.commit(change)
        let begun = try #require(try await store.begin("d1", at: .noon + .seconds(1)))
        try await store.finish(begun.delivered(at: .noon + .seconds(2)))
        try await store.commit(change)

        let deliveries = try await store.deliveries()
        #expect(deliveries.map(\.id).sorted() == ["d1", "d2"])
        #expect(deliveries.first { $0.id == "d1" }?.status == .delivered)
        #expect(try await store.due(receiver: "slack", at: .noon, limit: 10).map(\.id) == ["d2"])
    }

    @Test func `a cancelled commit has stored nothing`() async throws {
        let task = Task { [store] in
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.commit(StateChange(incidents: [.example()]))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await store.load() == StoredState())
    }
}
