import LockkeeperCore
import LockkeeperStore
import LockkeeperTestSupport
import Logging
import Testing

@testable import LockkeeperAgent

/// What becomes of messages that are planned while it changes who tells.
final class CommitterTests {
    private let folder: TemporaryFolder
    private let store: Store
    private let committer: Committer
    /// Begun when a test first looks at what is stored.
    private var storing: Task<Void, Never>?
    private var sentinels = 0

    init() async throws {
        folder = try TemporaryFolder()
        store = try await Store.open("\(folder.path)/state")
        committer = Committer(store: store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {}
        committer.awaitDecision(on: "app")
    }

    @Test("Before it is known who tells, what is planned waits; what is about others, or the agent itself, does not")
    func undecided() async throws {
        plan("a1", of: "app")
        plan("b1", of: "billing")
        plan("c1", of: "")
        #expect(try await pending() == ["b1", "c1"])
    }

    @Test("Once it is known, that counts for what was planned before, stored or not", arguments: [true, false])
    func decided(isStored: Bool) async throws {
        plan("a1", of: "app")
        if isStored { #expect(try await pending() == []) }
        committer.turn("app", tells: true, at: .now)
        #expect(try await pending() == ["a1"])
        plan("a2", of: "app")
        #expect(try await pending() == ["a1", "a2"])
    }

    @Test("Turns that follow each other before anything is stored count in their order")
    func turns() async throws {
        committer.turn("app", tells: true, at: .now)
        plan("a1", of: "app")
        committer.turn("app", tells: false, at: .now)
        #expect(try await pending() == [])
        committer.turn("app", tells: true, at: .now)
        committer.turn("app", tells: false, at: .now)
        committer.turn("app", tells: true, at: .now)
        #expect(try await pending() == ["a1"])
    }

    @Test("Messages that a newer one has made needless are counted, once each")
    func superseded() async throws {
        for (id, reason) in [("b1", Notification.Reason.opened), ("b2", .reminder), ("b3", .reminder)] {
            plan(id, of: "billing", reason, incident: "b")
        }
        #expect(try await pending() == ["b1", "b3"])
        var counts: [String: Int] = [:]
        try await eventually("it is counted") {
            counts.merge(committer.takeSuperseded(), uniquingKeysWith: +)
            return !counts.isEmpty
        }
        #expect(counts == ["people": 1])
        #expect(committer.takeSuperseded() == [:])
        var figures = NotificationFigures()
        figures.configure(receivers: ["people"])
        figures.noteSuperseded(["people": 2, "nobody": 1])
        var metrics = MetricsBuilder()
        figures.record(into: &metrics, at: .now)
        let shown = metrics.snapshot().series.filter { $0.name == "lockkeeper_notifications_total" && $0.value > 0 }
        #expect(shown.map(\.value) == [2])
        #expect(shown.first?.labels.contains { $0.value == "superseded" } == true)
    }

    private func plan(
        _ id: String, of target: String, _ reason: Notification.Reason = .opened, incident name: String? = nil
    ) {
        let incident = Incident(
            id: "incident of \(name ?? id)", subject: .alerts(name: "A", target: target), severity: .warning,
            openedAt: .now,
            facts: IncidentFacts(target: target, summary: ""))
        let notification = Notification(
            incidentID: incident.id, reason: reason, severity: .warning, isResolved: false, title: "", since: .now,
            at: .now, duration: .zero, facts: incident.facts, sender: "")
        committer.take(
            StateChange(
                incidents: [incident],
                deliveries: [
                    Delivery(
                        id: id, incidentID: incident.id, receiver: "people", sequence: 1, notification: notification,
                        replaces: [.reminder], plannedAt: .now)
                ]))
    }

    /// What is to be sent, once all that was taken is stored.
    private func pending() async throws -> [String] {
        // What is taken after it is stored after it, or with it.
        sentinels += 1
        let sentinel = "sentinel \(sentinels)"
        plan(sentinel, of: "")
        if storing == nil { storing = Task { [committer] in await committer.run() } }
        var ids: [String] = []
        try await eventually("it is stored") {
            ids = try await store.deliveries(DeliveryFilter(status: .pending)).map(\.id)
            return ids.contains(sentinel)
        }
        return ids.filter { !$0.hasPrefix("sentinel") }.sorted()
    }

    deinit { storing?.cancel() }
}

extension Timestamp {
    fileprivate static var now: Timestamp { AgentClock.now }
}
