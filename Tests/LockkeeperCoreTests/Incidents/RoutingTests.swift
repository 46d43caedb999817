import LockkeeperCore
import PromQL
import Testing

/// Who is told, and when: the conditions that a route may have.
@Suite struct RoutingTests {
    private static let monday = CivilTime(year: 2026, month: 11, day: 30).timestamp

    /// A book with one alert of its own that fires or not, and the messages that come of it.
    private struct Scene {
        var book: IncidentBook
        let start: Timestamp

        init(_ routes: [Route], start: Timestamp = RoutingTests.monday) {
            book = IncidentBook(policy: IncidentPolicy(routes: routes))
            self.start = start
        }

        /// - Returns: `receiver reason severity` of each message.
        mutating func at(_ seconds: Int, _ severities: Severity...) -> [String] {
            let firing = severities.enumerated().map { index, severity in
                IncidentAlert(
                    name: "TargetDown", severity: severity,
                    labels: ["target": "app", "severity": severity.rawValue, "n": "\(index)"],
                    annotations: ["summary": "app is down"], activeAt: start)
            }
            return Self.told(book.advance(firing: firing, at: start + .seconds(seconds)))
        }

        static func told(_ change: StateChange?) -> [String] {
            (change?.deliveries ?? []).map {
                "\($0.receiver) \($0.notification.reason.rawValue) \($0.notification.severity.rawValue)"
            }
        }

        mutating func acknowledge(at seconds: Int) -> [String] {
            guard let id = book.open.keys.first else { return ["nothing is open"] }
            return Self.told(book.acknowledge(id, by: "anna", at: start + .seconds(seconds)))
        }
    }

    @Test func `A receiver with a minimum duration is told of what has lasted as long, and of its end only then`() {
        var scene = Scene([Route(receiver: "mail", severity: .warning, minimumDuration: .seconds(120))])
        #expect(scene.at(0, .warning) == [])
        #expect(scene.at(119, .warning) == [])
        #expect(scene.at(120, .warning) == ["mail opened warning"])
        #expect(scene.at(121) == ["mail resolved warning"])
        #expect(scene.at(200, .warning) == [])
        #expect(scene.at(260) == [], "who did not hear of it does not hear of its end")
    }

    @Test func `The duration counts from when the incident became as severe as the route asks`() {
        var scene = Scene([Route(receiver: "mail", severity: .critical, minimumDuration: .seconds(60))])
        #expect(scene.at(0, .warning) == [])
        #expect(scene.at(100, .critical) == [])
        #expect(scene.at(159, .critical) == [])
        #expect(scene.at(160, .critical) == ["mail opened critical"])
    }

    @Test func `Outside of its hours a receiver is told nothing, and when they begin what is still true`() {
        let hours = ActiveHours(days: [.monday, .tuesday], from: 8 * 60, until: 18 * 60)
        let routes = [Route(receiver: "mail", activeHours: [hours]), Route(receiver: "slack")]
        var scene = Scene(routes, start: Self.monday + .seconds(7 * 3600))
        #expect(scene.at(0, .warning) == ["slack opened warning"])
        #expect(scene.at(3599, .critical) == ["slack escalated critical"])
        #expect(scene.at(3600, .critical) == ["mail opened critical"])
        #expect(
            scene.at(12 * 3600) == ["mail resolved critical", "slack resolved critical"], "an end is told at any hour")
    }

    @Test func `Hours may go past midnight, and belong to the day on which they begin`() {
        let night = ActiveHours(days: [.sunday], from: 22 * 60, until: 6 * 60)
        for (hours, isActive) in [(-3, false), (-2, true), (0, true), (5, true), (6, false), (22, false)] {
            #expect(night.contains(Self.monday + .seconds(hours * 3600)) == isActive, "\(hours)")
        }
    }

    @Test func `Hours follow the clocks of their place`() {
        let change = CivilTime(year: 2027, month: 3, day: 28, hour: 1).timestamp
        let berlin = ClockZone(
            name: "Europe/Berlin", offset: .seconds(3600), changes: [.init(at: change, offset: .seconds(7200))])
        let hours = ActiveHours(from: 8 * 60, until: 9 * 60, zone: berlin)
        #expect(hours.contains(CivilTime(year: 2027, month: 3, day: 27, hour: 7).timestamp))
        #expect(!hours.contains(CivilTime(year: 2027, month: 3, day: 28, hour: 7).timestamp))
        #expect(hours.contains(CivilTime(year: 2027, month: 3, day: 28, hour: 6).timestamp))
    }

    @Test func `A receiver is told again at its interval until somebody acknowledges it`() {
        var scene = Scene([
            Route(receiver: "slack", reminderInterval: .seconds(600)), Route(receiver: "mail"),
        ])
        #expect(scene.at(0, .warning) == ["slack opened warning", "mail opened warning"])
        #expect(scene.at(599, .warning) == [])
        #expect(scene.at(600, .warning) == ["slack reminder warning"])
        #expect(scene.at(900, .critical) == ["slack escalated critical", "mail escalated critical"])
        #expect(scene.at(1499, .critical) == [])
        #expect(scene.at(1500, .critical) == ["slack reminder critical"])
        #expect(scene.acknowledge(at: 1600) == ["slack acknowledged critical", "mail acknowledged critical"])
        #expect(scene.at(9000, .critical) == [])
    }

    @Test func `What nobody acknowledges is told to the next receiver, and what somebody does is not`() {
        let routes = [
            Route(receiver: "slack"),
            Route(receiver: "oncall", severity: .critical, unacknowledgedFor: .seconds(300)),
            Route(receiver: "boss", severity: .critical, unacknowledgedFor: .seconds(900)),
        ]
        var scene = Scene(routes)
        #expect(scene.at(0, .warning) == ["slack opened warning"])
        #expect(scene.at(400, .critical) == ["slack escalated critical"])
        #expect(scene.at(699, .critical) == [])
        #expect(scene.at(700, .critical) == ["oncall opened critical"])
        #expect(scene.acknowledge(at: 800) == ["slack acknowledged critical", "oncall acknowledged critical"])
        #expect(scene.at(3000, .critical) == [])
        #expect(scene.at(3001) == ["oncall resolved critical", "slack resolved critical"])
    }

    @Test func `An acknowledgement of a warning does not hold for what becomes critical`() {
        var scene = Scene([
            Route(receiver: "slack"), Route(receiver: "oncall", unacknowledgedFor: .seconds(300)),
        ])
        _ = scene.at(0, .warning)
        #expect(scene.acknowledge(at: 10) == ["slack acknowledged warning"])
        #expect(scene.at(1000, .warning) == [])
        #expect(scene.at(1100, .critical) == ["slack escalated critical"])
        #expect(scene.book.open.values.first?.timeline.last?.text.contains("holds no longer") == true)
        #expect(scene.at(1399, .critical) == [])
        #expect(scene.at(1400, .critical) == ["oncall opened critical"])
    }

    @Test func `A fall of severity is told to those who heard the rise, the next receiver too`() {
        var scene = Scene([
            Route(receiver: "slack"), Route(receiver: "oncall", severity: .critical, unacknowledgedFor: .seconds(60)),
            Route(receiver: "mail", severity: .critical, minimumDuration: .seconds(3600)),
        ])
        _ = scene.at(0, .critical)
        #expect(scene.at(60, .critical) == ["oncall opened critical"])
        _ = scene.at(100, .warning)
        #expect(scene.at(106, .warning) == ["slack deescalated warning", "oncall deescalated warning"])
        #expect(scene.at(107) == ["oncall resolved warning", "slack resolved warning"])
    }

    @Test func `A digest is one message when it is over, with the whole story`() {
        var scene = Scene([Route(receiver: "board", severity: .critical, isDigest: true), Route(receiver: "slack")])
        #expect(scene.at(0, .warning) == ["slack opened warning"])
        #expect(scene.at(60, .critical) == ["slack escalated critical"])
        #expect(scene.at(120) == ["slack resolved critical", "board resolved critical"])
        #expect(scene.at(200, .warning) == ["slack opened warning"])
        #expect(scene.at(260) == ["slack resolved warning"], "it was never as severe as the digest asks")
    }

    @Test func `A digest waits for its receiver's hours, over a restart too`() {
        let hours = ActiveHours(from: 8 * 60, until: 18 * 60)
        var scene = Scene([Route(receiver: "board", activeHours: [hours], isDigest: true)])
        #expect(scene.at(0, .warning) == [])
        #expect(scene.at(60) == [])
        #expect(scene.book.owing.count == 1)
        scene.book = IncidentBook(incidents: Array(scene.book.owing.values), policy: scene.book.policy)
        #expect(scene.at(8 * 3600 - 1) == [])
        let change = scene.book.advance(firing: [], at: Self.monday + .seconds(8 * 3600))
        #expect(Scene.told(change) == ["board resolved warning"])
        #expect(change.deliveries.first?.notification.title == "Resolved: TargetDown on app")
        #expect(change.deliveries.first?.notification.duration == .seconds(60))
        #expect(change.incidents.first?.owed == [])
        #expect(scene.book.owing.isEmpty)
        #expect(scene.at(9 * 3600) == [])
    }

    @Test func `A digest waits for its hours though another route leads to the same receiver`() {
        let hours = ActiveHours(from: 8 * 60, until: 18 * 60)
        for isFirst in [true, false] {
            let digest = Route(receiver: "board", activeHours: [hours], isDigest: true)
            let other = Route(receiver: "board", minimumDuration: .seconds(1800))
            var scene = Scene(isFirst ? [digest, other] : [other, digest])
            _ = scene.at(0, .warning)
            #expect(scene.at(60) == [])
            #expect(scene.at(8 * 3600) == ["board resolved warning"])
        }
    }

    @Test func `An acknowledgement that has lapsed does not come back when the severity falls`() {
        var scene = Scene([Route(receiver: "slack", reminderInterval: .seconds(600))])
        _ = scene.at(0, .warning)
        _ = scene.acknowledge(at: 1)
        _ = scene.at(10, .critical)
        _ = scene.at(20, .warning)
        #expect(scene.at(26, .warning) == ["slack deescalated warning"])
        #expect(scene.at(626, .warning) == ["slack reminder warning"])
    }

    @Test func `A receiver to which several routes lead is told once, by the first that lets it through`() {
        var scene = Scene([
            Route(receiver: "slack", severity: .critical),
            Route(receiver: "slack", severity: .warning, minimumDuration: .seconds(60)),
        ])
        #expect(scene.at(0, .warning) == [])
        #expect(scene.at(60, .warning) == ["slack opened warning"])
        #expect(scene.at(61, .critical) == ["slack escalated critical"])
    }

    @Test func `Matchers ask for what a label is, is not, or looks like`() throws {
        let routes = try [
            ("a", LabelMatcher("target", .matches, "ap.")), ("b", LabelMatcher("target", .notEqual, "app")),
            ("c", LabelMatcher("tool", is: "")), ("d", LabelMatcher("alertname", .doesNotMatch, "Target.*")),
        ].map { Route(receiver: $0.0, matchers: [$0.1]) }
        var scene = Scene(routes)
        #expect(scene.at(0, .warning) == ["a opened warning", "c opened warning"])
    }

    @Test func `Another set of routes tells those who are new, and nobody twice`() {
        var scene = Scene([Route(receiver: "slack")])
        _ = scene.at(0, .warning)
        scene.book.policy.routes.append(Route(receiver: "mail"))
        #expect(scene.at(1, .warning) == ["mail opened warning"])
        scene.book.policy.routes = []
        #expect(scene.at(2, .critical) == [])
        #expect(
            scene.at(3)
                == ["mail resolved warning", "slack resolved warning"].map { $0.replacing("warning", with: "critical") }
        )
    }
}
