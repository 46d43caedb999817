import Foundation
import PromQL
import Testing

@testable import LockkeeperCore

/// Planned maintenance that is announced, over restarts, reloads and crashes.
@Suite struct MaintenanceTests {
    private static let start = Timestamp(seconds: 1_764_000_000)
    private static let hour = 3600

    private var book: IncidentBook
    private var stored: [Incident.ID: Incident] = [:]
    private var told: [Delivery] = []

    init() {
        book = IncidentBook(
            policy: IncidentPolicy(
                routes: [Route(receiver: "oncall"), Route(receiver: "archive", isDigest: true)],
                targetLabels: ["app": ["env": "production"], "billing": [:]],
                externalURL: "https://lockkeeper.example.org"))
    }

    /// A window of an hour, from an hour after the start.
    private func move(
        from: Int = hour, until: Int = 2 * hour, comment: String? = nil, target: String = "app",
        announce: [String] = ["page", "chat"]
    ) -> PlannedMaintenance {
        PlannedMaintenance(
            name: "move", target: target,
            window: MaintenanceWindow(
                begin: Self.start + .seconds(from), end: Self.start + .seconds(until), comment: comment),
            announce: announce)
    }

    /// Takes a step that is stored.
    ///
    /// - Returns: who was told what.
    private mutating func at(_ second: Int, _ planned: PlannedMaintenance...) -> [String] {
        book.policy.planned = planned
        let change = book.advance(firing: [], at: Self.start + .seconds(second))
        for incident in change.incidents { stored[incident.id] = incident }
        told += change.deliveries
        return change.deliveries.map { "\($0.receiver) \($0.notification.reason.rawValue)" }
    }

    /// The agent is killed, and goes on from what is stored.
    private mutating func restart() {
        book = IncidentBook(
            incidents: stored.values.filter { $0.status == .open }, episodes: PastEpisode.newest(of: stored.values),
            policy: book.policy)
    }

    private var titles: [String] { told.map(\.notification.title) }

    @Test mutating func `It is announced once and told to be over, to those whom it names, whatever restarts`() throws {
        #expect(at(0, move()) == ["chat opened", "page opened"])
        for second in [1, 10, Self.hour, Self.hour + 60] {
            #expect(at(second, move()) == [])
            restart()
        }
        #expect(at(2 * Self.hour - 1, move()) == [])
        #expect(at(2 * Self.hour, move()) == ["chat resolved", "page resolved"])
        restart()
        #expect(at(2 * Self.hour + 1, move()) == [])
        #expect(at(3 * Self.hour) == [])
        #expect(Set(told.map(\.id)).count == 4)
        #expect(Set(told.map(\.thread)).count == 2)
        #expect(Set(told.map(\.incidentKey)) == ["maintenance-move"])
        #expect(titles[0] == "Planned maintenance: move, 2025-11-24 17:00–18:00 UTC")
        #expect(titles[3] == "Maintenance is over: move")
        let incident = try #require(stored.values.first)
        #expect((incident.status, incident.severity, incident.target) == (.closed, .info, "app"))
        #expect(incident.end == Self.start + .seconds(2 * Self.hour))
        let first = try #require(told.first).notification
        #expect(first.maintenance == move().window)
        #expect(first.facts.labels == ["env": "production"])
        #expect(first.link?.hasPrefix("https://lockkeeper.example.org/?incident=maintenance-") == true)
    }

    @Test mutating func `A change of its time or comment is told to all who know of it, and nothing else is`() {
        _ = at(0, move())
        #expect(at(1, move(until: 3 * Self.hour)) == ["chat changed", "page changed"])
        #expect(at(2, move(until: 3 * Self.hour)) == [])
        #expect(at(3, move(from: Self.hour + 60, until: 3 * Self.hour)) == ["chat changed", "page changed"])
        #expect(at(4, move(comment: "new hardware")) == ["chat changed", "page changed"])
        restart()
        #expect(at(5, move(comment: "new hardware")) == [])
        #expect(at(6, move(comment: "new hardware", target: "billing")) == [])
        #expect(told.last?.notification.facts.summary == "new hardware")
        #expect(told.last?.notification.maintenance == move(comment: "new hardware").window)
        #expect(Set(told.map(\.id)).count == told.count)
    }

    @Test mutating func `What is over when it is first seen is told to nobody`() {
        #expect(at(2 * Self.hour, move()) == [])
        restart()
        #expect(at(2 * Self.hour + 1, move()) == [])
        #expect(stored.isEmpty)
    }

    @Test mutating func `An agent that was down at the end tells it when it is back`() {
        _ = at(0, move())
        restart()
        #expect(at(5 * Self.hour, move()) == ["chat resolved", "page resolved"])
        #expect(titles.last == "Maintenance is over: move")
    }

    @Test(arguments: [
        (60, "Maintenance is called off: move, planned for 2025-11-24 17:00–18:00 UTC"),
        (90 * 60, "Maintenance has ended early: move"), (150 * 60, "Maintenance is over: move"),
    ])
    mutating func `Taken out of the configuration it is over, and it is told how`(second: Int, title: String) {
        _ = at(0, move())
        // While the agent is down, or with a reload.
        if second == 60 { restart() }
        #expect(at(second) == ["chat resolved", "page resolved"])
        #expect(titles.last == title)
        #expect(told.last?.notification.isResolved == true)
        #expect((told.last?.notification.duration ?? .seconds(-1)) >= .zero)
        restart()
        #expect(at(second + 1) == [])
    }

    @Test mutating func `An end that is moved into the past is the end`() {
        _ = at(0, move())
        #expect(at(100 * 60, move(until: 95 * 60)) == ["chat resolved", "page resolved"])
        #expect(titles.last == "Maintenance is over: move")
    }

    @Test mutating func `A crash between a step and its storing tells nothing twice`() {
        for second in [0, 2 * Self.hour] {
            book.policy.planned = [move()]
            let lost = book.advance(firing: [], at: Self.start + .seconds(second)).deliveries
            restart()
            let news = at(second + 1, move())
            #expect(news.count == 2)
            #expect(told.suffix(2).map(\.id) == lost.map(\.id))
        }
    }

    @Test mutating func `Who is named later is told then, and who is named no longer is told how it ends`() {
        _ = at(0, move(announce: ["page"]))
        #expect(at(1, move(announce: ["chat"])) == ["chat opened"])
        #expect(at(2, move(announce: [])) == [])
        restart()
        #expect(at(2 * Self.hour, move(announce: [])) == ["chat resolved", "page resolved"])
    }

    @Test mutating func `A window of the same name is another one, once the first is over`() throws {
        _ = at(0, move())
        _ = at(60)
        restart()
        #expect(at(61, move()) == ["chat opened", "page opened"])
        _ = at(2 * Self.hour, move())
        #expect(at(2 * Self.hour + 1, move(from: 9 * Self.hour, until: 10 * Self.hour)).count == 2)
        let episodes = stored.values.sorted { $0.openedAt < $1.openedAt }.map(\.episode)
        #expect(episodes == episodes.sorted() && Set(episodes).count == 3)
        #expect(Set(told.map(\.id)).count == told.count)
        #expect(Set(told.map(\.thread)).count == 6)
    }

    @Test mutating func `What was told to be over does not begin again when the clock is set back`() {
        _ = at(0, move())
        _ = at(2 * Self.hour, move())
        restart()
        #expect(at(2 * Self.hour - 2, move()) == [])
        // Another one of that name is news.
        #expect(at(2 * Self.hour - 1, move(until: 5 * Self.hour)) == ["chat opened", "page opened"])
    }

    @Test mutating func `Two agents give the same news the same ids, and one that comes late gives no other news them`()
    {
        func ids(_ steps: [(Int, PlannedMaintenance)]) -> [String] {
            var book = IncidentBook(policy: book.policy)
            return steps.flatMap { second, planned in
                book.policy.planned = [planned]
                return book.advance(firing: [], at: Self.start + .seconds(second)).deliveries.map(\.id)
            }
        }
        let steps = [
            (0, move()), (60, move(until: 3 * Self.hour)), (120, move(until: 4 * Self.hour)), (5 * Self.hour, move()),
        ]
        let (one, other) = (ids(steps), ids(steps.map { ($0 + 1, $1) }))
        #expect(one == other)
        let late = ids(Array(steps.dropFirst()))
        #expect(late.count == 6)
        #expect(Set(late.prefix(4)).isDisjoint(with: one))
        #expect(late.suffix(2) == one.suffix(2))
    }

    @Test mutating func `It is no incident to look after: nothing mutes, acknowledges or counts it`() throws {
        book.policy.maintenance = [
            Silence(
                id: "maintenance-move", matchers: [try LabelMatcher("target", .matches, ".*")], begin: Self.start,
                end: Self.start + .seconds(9 * Self.hour), author: "the configuration")
        ]
        #expect(at(0, move()) == ["chat opened", "page opened"])
        let id = try #require(stored.keys.first)
        #expect(book.acknowledge(id, by: "anna", at: Self.start) == nil)
        #expect(book.close(targetsOtherThan: ["billing"], at: Self.start).isEmpty)
        #expect(stored[id]?.mutedBy == nil)

        let state = AgentState(targets: [], book: book, groups: [])
        var metrics = MetricsBuilder()
        state.record(into: &metrics, at: Self.start)
        let open = metrics.snapshot().series.filter { $0.name == "lockkeeper_incidents" }
        #expect(open.count == 3 && open.allSatisfy { $0.value == 0 })
    }

    @Test mutating func `That of no single target is led by the first, so that one of several agents tells it`() {
        _ = at(0, move(target: ""))
        #expect(told.map(\.leadingTarget) == ["app", "app"])
        #expect(told.map(\.notification.facts.target) == ["", ""])
        _ = at(60)
        _ = at(120, move(target: "billing"))
        #expect(told.suffix(2).map(\.leadingTarget) == [nil, nil])
        #expect(told.suffix(2).map(\.notification.facts.target) == ["billing", "billing"])
    }

    @Test func `A time is said as people say it`() throws {
        func readable(_ begin: String, _ end: String) throws -> String {
            MaintenanceWindow(
                begin: try #require(Timestamp(rfc3339: begin)), end: try #require(Timestamp(rfc3339: end))
            ).readable
        }
        #expect(try readable("2026-12-01T22:00:00Z", "2026-12-02T00:30:00+01:00") == "2026-12-01 22:00–23:30 UTC")
        #expect(
            try readable("2026-12-01T22:00:00Z", "2026-12-02T02:00:00Z") == "2026-12-01 22:00 – 2026-12-02 02:00 UTC")
        #expect(try readable("2026-12-01T22:00:00Z", "2026-12-01T22:00:30Z") == "2026-12-01 22:00:00–22:00:30 UTC")
    }

    @Test mutating func `What was stored before there was maintenance is read as having none`() throws {
        _ = at(0, move())
        let incident = try #require(stored.values.first)
        #expect(try read(Incident.self, incident) { _ in } == incident)
        #expect(try read(Incident.self, incident) { $0["maintenance"] = nil }.maintenance == nil)
        let notification = try #require(told.first).notification
        #expect(try read(Notification.self, notification) { _ in } == notification)
        #expect(try read(Notification.self, notification) { $0["maintenance"] = nil }.maintenance == nil)
    }

    private func read<Value: Codable>(
        _ type: Value.Type, _ value: Value, _ change: (inout [String: Any]) -> Void
    ) throws -> Value {
        var object =
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any] ?? [:]
        change(&object)
        return try JSONDecoder().decode(type, from: JSONSerialization.data(withJSONObject: object))
    }
}
