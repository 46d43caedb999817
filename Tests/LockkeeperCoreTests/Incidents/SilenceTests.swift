import Foundation
import LockkeeperCore
import PromQL
import Testing

@Suite struct SilenceTests {
    private static let begin = Timestamp(seconds: 1_764_000_000)
    private var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "slack")]))

    private func silence(_ matchers: LabelMatcher..., from: Int = 0, until: Int, id: String = "s1") -> Silence {
        Silence(
            id: id, matchers: matchers, begin: Self.begin + .seconds(from), end: Self.begin + .seconds(until),
            author: "anna", comment: "a copy is restored")
    }

    private func alert(_ name: String, _ severity: Severity = .warning, run: String? = nil) -> IncidentAlert {
        var labels = ["alertname": name, "severity": severity.rawValue, "target": "app"]
        labels["run"] = run
        return IncidentAlert(
            name: name, severity: severity, labels: labels, annotations: ["summary": "\(name) summary"],
            activeAt: Self.begin)
    }

    private func run(outcome: Outcome? = nil) -> MigrationRun {
        MigrationRun(
            id: "r1", target: "app", database: "shop", tool: "drizzle", user: "deploy",
            sessions: [.init(pid: 100, backendStart: Self.begin)], begin: Self.begin,
            end: outcome.map { _ in Self.begin + .seconds(100) }, outcome: outcome)
    }

    private mutating func at(_ seconds: Int, _ firing: IncidentAlert..., events: [RunEvent] = []) -> [String] {
        book.advance(events, firing: firing, at: Self.begin + .seconds(seconds)).deliveries.map {
            "\($0.notification.reason.rawValue) \($0.notification.severity.rawValue)"
        }
    }

    private static let target = LabelMatcher("target", is: "app")

    @Test mutating func `What is still true when a silence ends is told then, and what happened is on the timeline`() {
        _ = book.add(silence(Self.target, until: 60))
        #expect(at(0, alert("TargetDown")) == [])
        #expect(at(30, alert("TargetDown", .critical)) == [])
        #expect(at(59, alert("TargetDown", .critical)) == [])
        #expect(at(60, alert("TargetDown", .critical)) == ["opened critical"])
        let lines = book.open.values.first?.timeline.map(\.text) ?? []
        #expect(lines.contains { $0.hasPrefix("Muted until 2025-") && $0.contains("by anna: a copy is restored") })
        #expect(lines.contains("No longer muted."))
    }

    @Test mutating func `What began and ended within a silence is told to nobody`() {
        _ = book.add(silence(Self.target, until: 60))
        #expect(at(0, alert("TargetDown")) == [])
        #expect(at(30) == [])
        #expect(at(61) == [])
    }

    @Test mutating func `Who knew of it is told of its end through the silence`() {
        #expect(at(0, alert("TargetDown")) == ["opened warning"])
        _ = book.add(silence(Self.target, from: 10, until: 60))
        #expect(at(20, alert("TargetDown", .critical)) == [])
        #expect(at(30) == ["resolved critical"])
    }

    @Test mutating func `A silence that is expired tells at once what it held back`() throws {
        _ = book.add(silence(Self.target, until: 6000))
        #expect(at(0, alert("TargetDown")) == [])
        let change = book.expire("s1", at: Self.begin + .seconds(10))
        #expect(change?.silences.map(\.end) == [Self.begin + .seconds(10)])
        #expect(at(10, alert("TargetDown")) == ["opened warning"])
        let again = book.expire("s1", at: Self.begin + .seconds(11))
        #expect(again == nil)
    }

    @Test mutating func `One alert of a migration can be silenced, and the migration is told of all the same`() {
        _ = book.add(silence(LabelMatcher("alertname", is: "MigrationBlocked"), until: 60))
        let blocked = alert("MigrationBlocked", .critical, run: "r1")
        #expect(at(0, blocked, events: [.started(run())]) == ["opened info"])
        #expect(at(10, blocked, alert("MigrationRunningLong", .warning, run: "r1")) == ["escalated warning"])
        #expect(at(20, blocked, alert("MigrationRunningLong", .warning, run: "r1")) == [])
        #expect(at(60, blocked, alert("MigrationRunningLong", .warning, run: "r1")) == ["escalated critical"])
    }

    @Test mutating func `A silence over a part takes nothing back from those who know`() {
        let blocked = alert("MigrationBlocked", .critical, run: "r1")
        #expect(at(0, blocked, events: [.started(run())]) == ["opened info", "escalated critical"])
        _ = book.add(silence(LabelMatcher("alertname", is: "MigrationBlocked"), from: 5, until: 60))
        #expect(at(10, blocked) == [])
        #expect(at(70, blocked) == [])
        #expect(at(71) == [])
        #expect(at(77) == ["deescalated info"])
    }

    @Test
    mutating func `Who was told of an alert is told of its end, though it came again for a moment before a silence`() {
        func alert(_ severity: Severity) -> IncidentAlert { self.alert("Lag", severity) }
        #expect(at(0, alert(.critical), alert(.info)) == ["opened critical"])
        #expect(at(30, alert(.critical)) == [])
        #expect(at(31, alert(.critical), alert(.info)) == [])
        _ = book.add(silence(Self.target, from: 32, until: 60))
        #expect(at(32, alert(.critical), alert(.info)) == [])
        #expect(at(40, alert(.critical)) == [])
        book.policy.routes = [Route(receiver: "slack", reminderInterval: .seconds(100))]
        let change = book.advance(firing: [alert(.critical)], at: Self.begin + .seconds(100))
        #expect(change.deliveries.map(\.notification.reason) == [.reminder])
        #expect(change.deliveries.first?.notification.ended.map(\.alert.severity) == [.info])
    }

    /// Lets a run fail at 100 s within what mutes it.
    ///
    /// - Returns: who is told of it then.
    private mutating func fail(_ outcome: Outcome = .failed(evidence: "it broke")) -> [String] {
        book.policy.routes.append(Route(receiver: "mail", severity: .critical))
        _ = at(0, events: [.started(run())])
        return book.advance([.ended(run(outcome: outcome))], firing: [], at: Self.begin + .seconds(100))
            .deliveries.map(\.receiver)
    }

    /// Another run of the same tool.
    private func laterRun(_ outcome: Outcome?, end: Int, tool: String = "drizzle") -> MigrationRun {
        MigrationRun(
            id: "r2", target: "app", database: "shop", tool: tool, user: "deploy", sessions: [],
            begin: Self.begin + .seconds(end - 10), end: outcome.map { _ in Self.begin + .seconds(end) },
            outcome: outcome)
    }

    @Test
    mutating func
        `A migration that fails in a maintenance window is told to those who knew of it, and to others after it`()
    {
        book.policy.maintenance = [silence(Self.target, from: 10, until: 1000, id: "maintenance-move")]
        #expect(fail() == ["slack"])
        #expect(book.owing["run-r1"]?.mutedBy == "maintenance-move")
        #expect(at(999) == [])
        let change = book.advance(firing: [], at: Self.begin + .seconds(1000))
        #expect(change.deliveries.map(\.receiver) == ["mail"])
        let end = change.deliveries.first?.notification
        #expect(end?.isResolved == true)
        #expect(end?.title == "Migration on app FAILED after 1m 40s")
        #expect(end?.duration == .seconds(100))
        #expect(change.incidents.first?.timeline.map(\.text).last == "No longer muted.")
        #expect(at(1001) == [], "it is told once")
        #expect(book.owing.isEmpty)
    }

    @Test mutating func `A migration that began and failed in a silence is told when the silence runs out`() {
        _ = book.add(silence(Self.target, until: 600))
        #expect(fail() == [])
        #expect(at(599) == [])
        #expect(at(600) == ["resolved critical", "resolved critical"])
        #expect(at(601) == [])
    }

    @Test
    mutating func `A failure that a silence held back is told when somebody ends the silence, and not in the next`() {
        _ = book.add(silence(Self.target, until: 6000))
        #expect(fail() == [])
        _ = book.add(silence(Self.target, until: 300, id: "s2"))
        _ = book.expire("s1", at: Self.begin + .seconds(200))
        #expect(at(200) == [], "another one goes on")
        #expect(at(300) == ["resolved critical", "resolved critical"])
    }

    @Test
    mutating func
        `A failure in a maintenance window is told when a reload takes the window out, where a route still leads`()
    {
        book.policy.maintenance = [silence(Self.target, until: 6000, id: "maintenance-move")]
        #expect(fail() == [])
        book.policy.maintenance = []
        book.policy.routes.removeAll { $0.receiver == "slack" }
        let change = book.advance(firing: [], at: Self.begin + .seconds(200))
        #expect(change.deliveries.map(\.receiver) == ["mail"])
        #expect(book.owing.isEmpty)
    }

    @Test mutating func `A failure that a silence held back outlives a restart`() throws {
        _ = book.add(silence(Self.target, until: 600))
        #expect(fail() == [])
        let stored = try JSONDecoder().decode(
            Incident.self, from: JSONEncoder().encode(#require(book.owing["run-r1"])))
        for isSilenced in [true, false] {
            var restored = IncidentBook(
                incidents: [stored], silences: isSilenced ? Array(book.silences.values) : [], policy: book.policy)
            let within = restored.advance(firing: [], at: Self.begin + .seconds(isSilenced ? 599 : 700))
            #expect(within.deliveries.count == (isSilenced ? 0 : 2))
            let after = restored.advance(firing: [], at: Self.begin + .seconds(701))
            #expect(after.deliveries.count == (isSilenced ? 2 : 0))
        }
    }

    @Test mutating func `A failure that a silence held back waits for a receiver's hours`() {
        _ = book.add(silence(Self.target, until: 600))
        // The 24th of November 2025, 16:00 UTC.
        book.policy.routes = [Route(receiver: "slack", activeHours: [ActiveHours(from: 17 * 60, until: 18 * 60)])]
        #expect(fail() == [])
        #expect(at(600) == ["resolved critical"], "mail is told at any hour")
        #expect(at(3599) == [])
        #expect(at(3600) == ["resolved critical"])
    }

    @Test(arguments: [
        (Outcome.committed(versions: []), "drizzle", false), (.committed(versions: []), "psql", true),
        (.lost(evidence: "nobody knows"), "drizzle", true), (nil, "drizzle", true),
    ])
    mutating func `A failure in a silence is told after it unless a later run of the tool has succeeded`(
        outcome: Outcome?, tool: String, isTold: Bool
    ) {
        _ = book.add(silence(Self.target, until: 600))
        #expect(fail() == [])
        let later = laterRun(outcome, end: 300, tool: tool)
        #expect(at(300, events: [outcome == nil ? .started(later) : .ended(later)]) == [])
        let told = book.advance(firing: [], at: Self.begin + .seconds(600)).deliveries
        #expect(told.contains { $0.incidentID == "run-r1" } == isTold)
        if !isTold { #expect(told == []) }
    }

    @Test mutating func `Of several failures in a silence the last is told`() {
        _ = book.add(silence(Self.target, until: 600))
        #expect(fail() == [])
        let change = book.advance(
            [.ended(laterRun(.failed(evidence: "again"), end: 300))], firing: [], at: Self.begin + .seconds(300))
        #expect(change.deliveries == [])
        let first = change.incidents.first { $0.id == "run-r1" }
        #expect(first?.owed == [])
        #expect(first?.timeline.last?.text == "A later run has ended: nobody else is told of this one.")
        let told = book.advance(firing: [], at: Self.begin + .seconds(600)).deliveries
        #expect(told.map(\.incidentID) == ["run-r2", "run-r2"])
    }

    @Test mutating func `That a migration committed in a silence is no news after it`() {
        _ = book.add(silence(Self.target, until: 600))
        #expect(fail(.committed(versions: [])) == [])
        #expect(book.owing.isEmpty)
        #expect(at(600) == [])
    }

    @Test mutating func `That nobody saw how a migration ended in a silence is told after it as a warning`() {
        _ = book.add(silence(Self.target, until: 600))
        #expect(fail(.lost(evidence: "nobody knows")) == [])
        #expect(at(600) == ["resolved warning"])
    }

    @Test mutating func `An incident can be silenced by its name or its severity`() throws {
        _ = at(0, alert("TargetDown"))
        let id = try #require(book.open.keys.first)
        _ = book.add(silence(LabelMatcher("incident", is: id), until: 60))
        #expect(at(1, alert("TargetDown", .critical)) == [])
        _ = book.expire("s1", at: Self.begin + .seconds(2))
        _ = book.add(silence(LabelMatcher("severity", is: "critical"), until: 60, id: "s2"))
        #expect(at(3, alert("TargetDown", .critical)) == [])
        #expect(at(60, alert("TargetDown", .critical)) == ["escalated critical"])
    }

    @Test mutating func `An acknowledgement within a silence is told when it ends`() throws {
        _ = at(0, alert("TargetDown"))
        let id = try #require(book.open.keys.first)
        _ = book.add(silence(Self.target, until: 60))
        _ = at(1, alert("TargetDown"))
        let acknowledged = book.acknowledge(id, by: "ben", at: Self.begin + .seconds(2))
        #expect(acknowledged?.deliveries == [])
        #expect(at(60, alert("TargetDown")) == ["acknowledged warning"])
        let unknown = book.acknowledge("alert-other", by: "ben", at: Self.begin)
        #expect(unknown == nil)
    }

    @Test mutating func `A silence on what one alert of several is about leaves the others to be heard`() {
        func lagging(_ slot: String) -> IncidentAlert {
            IncidentAlert(
                name: "ReplicationLagging", severity: .warning,
                labels: ["alertname": "ReplicationLagging", "target": "app", "slot": slot], annotations: [:],
                activeAt: Self.begin)
        }
        _ = book.add(silence(LabelMatcher("slot", is: "a"), until: 600))
        #expect(at(0, lagging("a")) == [])
        #expect(at(10, lagging("a"), lagging("b")) == ["opened warning"])
        #expect(at(20, lagging("b")) == [])
        #expect(at(30) == ["resolved warning"])
    }

    @Test
    mutating func
        `An alert that joins in a silence of its own is told half a minute after it, also if it was heard for a moment`()
    {
        func lagging(_ slot: String, _ severity: Severity = .warning) -> IncidentAlert {
            IncidentAlert(
                name: "ReplicationLagging", severity: severity,
                labels: ["target": "app", "slot": slot, "severity": severity.rawValue], annotations: [:],
                activeAt: Self.begin)
        }
        #expect(at(0, lagging("a")) == ["opened warning"])
        #expect(at(5, lagging("a"), lagging("b")) == [])
        _ = book.add(silence(LabelMatcher("slot", is: "b"), from: 10, until: 100))
        #expect(at(10, lagging("a"), lagging("b")) == [])
        #expect(at(20, lagging("a", .critical), lagging("b")) == ["escalated critical"])
        #expect(at(99, lagging("a", .critical), lagging("b")) == [])
        #expect(at(100, lagging("a", .critical), lagging("b")) == [])
        #expect(at(130, lagging("a", .critical), lagging("b")) == ["changed critical"])
        #expect(at(161, lagging("a", .critical), lagging("b")) == [])
    }

    @Test mutating func `The end names the alerts that were told, and none that was silenced`() {
        _ = book.add(silence(LabelMatcher("n", is: "2"), until: 600))
        var alerts = [alert("TargetDown"), alert("TargetDown")]
        alerts[1].labels["n"] = "2"
        _ = book.advance(firing: alerts, at: Self.begin)
        let end = book.advance(firing: [], at: Self.begin + .seconds(1))
        #expect(
            end.deliveries.map(\.notification.alerts) == [
                [alerts[0]].map { alert in
                    var alert = alert
                    alert.audibleSince = Self.begin
                    return alert
                }
            ])
    }

    @Test
    mutating func `Those who are called when nobody acknowledges it are not called at the end of a silence at once`() {
        book.policy.routes.append(Route(receiver: "oncall", unacknowledgedFor: .seconds(300)))
        _ = book.add(silence(Self.target, until: 3600))
        #expect(at(0, alert("TargetDown")) == [])
        #expect(at(3600, alert("TargetDown")) == ["opened warning"])
        #expect(at(3899, alert("TargetDown")) == [])
        #expect(at(3900, alert("TargetDown")) == ["opened warning"])
    }

    @Test mutating func `A digest tells of what was heard before a silence`() {
        book.policy.routes = [Route(receiver: "board", severity: .critical, isDigest: true)]
        #expect(at(0, alert("TargetDown", .critical)) == [])
        _ = book.add(silence(Self.target, from: 10, until: 600))
        #expect(at(20, alert("TargetDown", .critical)) == [])
        #expect(at(30) == ["resolved critical"])
        #expect(at(40, alert("TargetDown", .critical)) == [])
        #expect(at(50) == [], "it was silenced from its beginning to its end")
    }

    @Test mutating func `Another alert that came and went unheard is no news later`() {
        _ = at(0, alert("MigrationRunningLong", run: "r1"), events: [.started(run())])
        _ = book.add(silence(Self.target, from: 10, until: 60))
        let long = alert("MigrationRunningLong", run: "r1")
        #expect(at(20, long, alert("MigrationBlocked", run: "r1")) == [])
        #expect(at(40, long) == [])
        #expect(at(61, long) == [])
    }

    @Test func `Matchers are read as people write them`() throws {
        for (text, written) in [
            ("target=app", #"target="app""#), (#"target="app one""#, #"target="app one""#), ("a!=b", #"a!="b""#),
            ("a=~b.*", #"a=~"b.*""#), (#"a!~"b|c""#, #"a!~"b|c""#), ("a=", #"a="""#), ("a==b", #"a="=b""#),
            (#"a="say \"x\" \\ \d""#, #"a="say \"x\" \\ \\d""#),
        ] {
            #expect(try LabelMatcher(written: text).description == written)
        }
        for text in ["", "target", "=app", "1a=b", "a b=c", #"a="b"#, #"a="b"c"#, #"a=b""#, "a=~(", "ä=b"] {
            #expect(throws: MatcherProblem.self, "\(text)") { try LabelMatcher(written: text) }
        }
    }

    @Test mutating func `What a silence matches now is counted, in force or not`() {
        _ = at(0, alert("TargetDown"), alert("MigrationFailed", run: "r1"), events: [.started(run())])
        _ = at(10, alert("TargetDown"), alert("MigrationBlocked", run: "r1"), alert("MigrationRunningLong", run: "r1"))
        func reach(_ matchers: LabelMatcher...) -> [Int] {
            let silence = Silence(
                id: "s", matchers: matchers, begin: Self.begin + .seconds(900), end: Self.begin + .seconds(1000),
                author: "anna")
            let reach = book.reach(of: silence)
            return [reach.incidents, reach.alerts]
        }
        #expect(reach(Self.target) == [2, 3])
        #expect(reach(LabelMatcher("target", is: "other")) == [0, 0])
        #expect(reach(LabelMatcher("alertnam", is: "TargetDown")) == [0, 0])
        #expect(reach(LabelMatcher("tool", is: "drizzle")) == [1, 2])
        // The run itself is still told of.
        #expect(reach(LabelMatcher("alertname", is: "MigrationBlocked")) == [0, 1])
        #expect(reach(LabelMatcher("alertname", is: "TargetDown")) == [1, 1])
    }
}
