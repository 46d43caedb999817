import Foundation
import LockkeeperCore
import PromQL
import Testing

@Suite struct RuleEvaluatorTests {
    private static let high: [Labels: Double] = [["__name__": "v", "x": "a"]: 9]
    private static let low: [Labels: Double] = [["__name__": "v", "x": "a"]: 1]

    private static func rule(
        _ expr: String = "v > 5", for hold: String? = nil, keepFiringFor: String? = nil, labels: [String: String] = [:],
        annotations: [String: String] = [:]
    ) -> RuleDefinition {
        RuleDefinition(
            alert: "High", expr: expr, for: hold, keepFiringFor: keepFiringFor, labels: labels, annotations: annotations
        )
    }

    @Test("Without a hold time an alert fires in the evaluation that finds it")
    func firesAtOnce() throws {
        var stage = try RuleStage([Self.rule()])
        let result = stage.step(0, Self.high)
        #expect(result.story == ["fired a"])
        #expect(result.transitions.first?.from == nil)
        let alert = try #require(result.firing.first)
        #expect(alert.labels == ["alertname": "High", "x": "a"])
        #expect(alert.activeAt == RuleStage.start)
        #expect(alert.firedAt == RuleStage.start)
        #expect(alert.value == 9)
        #expect(result.hasNewState)
        #expect(stage.step(1, Self.high).hasNewState == false)
    }

    @Test("An alert is pending until the condition has held for the hold time, and then fires")
    func holds() throws {
        var stage = try RuleStage([Self.rule(for: "10m")])
        #expect(stage.step(0, Self.high).story == ["becamePending a"])
        #expect(stage.step(9.99, Self.high).story == [])
        let result = stage.step(10, Self.high)
        #expect(result.story == ["fired a"])
        #expect(result.firing.first?.activeAt == RuleStage.start)
        #expect(result.firing.first?.firedAt == RuleStage.time(10))
    }

    @Test("A pending alert whose condition ceases is gone, and begins anew")
    func vanishes() throws {
        var stage = try RuleStage([Self.rule(for: "10m")])
        _ = stage.step(0, Self.high)
        let gone = stage.step(5, Self.low)
        #expect(gone.story == ["vanished a"])
        #expect(gone.alerts.isEmpty)
        _ = stage.step(6, Self.high)
        #expect(stage.step(15, Self.high).story == [])
        #expect(stage.step(16, Self.high).story == ["fired a"])
    }

    @Test("A resolved alert is kept for 15 minutes, and can fire again")
    func resolves() throws {
        var stage = try RuleStage([Self.rule()])
        _ = stage.step(0, Self.high)
        let result = stage.step(1, Self.low)
        #expect(result.story == ["resolved a"])
        #expect(result.alerts.first?.state == .resolved)
        #expect(result.alerts.first?.resolvedAt == RuleStage.time(1))
        #expect(stage.step(16, Self.low).alerts.count == 1)
        let forgotten = stage.step(16.1, Self.low)
        #expect(forgotten.alerts.isEmpty)
        #expect(forgotten.story == [])
        #expect(forgotten.hasNewState)
        #expect(stage.step(17, Self.high).story == ["fired a"])
        _ = stage.step(18, Self.low)
        #expect(stage.step(19, Self.high).story == ["fired a"])
        #expect(stage.evaluator.alerts.first?.resolvedAt == nil)
    }

    @Test("A series that disappears resolves its alert like one that falls")
    func disappears() throws {
        var stage = try RuleStage([Self.rule()])
        _ = stage.step(0, Self.high)
        #expect(stage.step(0.01, [:]).story == ["resolved a"])
    }

    @Test("keep_firing_for keeps the alert firing, counted anew each time the condition returns")
    func keepsFiring() throws {
        var stage = try RuleStage([Self.rule(keepFiringFor: "5m")])
        _ = stage.step(0, Self.high)
        let kept = stage.step(1, Self.low)
        #expect(kept.firing.first?.keepFiringSince == RuleStage.time(1))
        #expect(kept.story == [])
        #expect(kept.hasNewState)
        #expect(stage.step(5, Self.high).firing.first?.keepFiringSince == nil)
        #expect(stage.step(6, Self.low).story == [])
        #expect(stage.step(10.9, Self.low).firing.count == 1)
        #expect(stage.step(11, Self.low).story == ["resolved a"])
    }

    @Test("An agent restarted at minute 9 of ten fires at minute 10")
    func restoresPending() throws {
        var stage = try RuleStage([Self.rule(for: "10m")])
        _ = stage.step(0, Self.high)
        let stored = try Self.throughStore(stage.step(9, Self.high).alerts)
        stage.restart(with: stored)
        #expect(stage.step(9.1, Self.high).story == [])
        let result = stage.step(10, Self.high)
        #expect(result.story == ["fired a"])
        #expect(result.firing.first?.activeAt == RuleStage.start)
    }

    @Test("keep_firing_for and retention go on over a restart, whatever the hold time")
    func restoresKeepFiring() throws {
        var stage = try RuleStage([Self.rule(keepFiringFor: "5m")])
        _ = stage.step(0, Self.high)
        stage.restart(with: try Self.throughStore(stage.step(1, Self.low).alerts))
        #expect(stage.step(5.9, Self.low).firing.count == 1)
        stage.restart(with: try Self.throughStore(stage.evaluator.alerts))
        #expect(stage.step(6, Self.low).story == ["resolved a"])
        stage.restart(with: try Self.throughStore(stage.evaluator.alerts))
        #expect(stage.step(20, Self.low).alerts.map(\.state) == [.resolved])
        #expect(stage.step(22, Self.low).alerts.isEmpty)
    }

    @Test("After a restart nothing resolves before the window reaches as far back as the rule")
    func warmsUp() throws {
        let counter: (Double) -> [Labels: Double] = { [["__name__": "v", "x": "a"]: $0] }
        var stage = try RuleStage([Self.rule("increase(v[5m]) > 0")])
        _ = stage.step(0, counter(1))
        #expect(stage.step(1, counter(2)).story == ["fired a"])
        stage.restart(with: try Self.throughStore(stage.evaluator.alerts))
        let first = stage.step(2, counter(2))
        #expect(first.story == ["froze a"])
        #expect(first.firing.first?.freeze == .warmingUp)
        #expect(stage.step(6.9, counter(2)).firing.count == 1)
        #expect(stage.step(7, counter(2)).story == ["resolved a"])
    }

    @Test("A restored alert that is confirmed once resolves as usual")
    func confirmed() throws {
        let counter: (Double) -> [Labels: Double] = { [["__name__": "v", "x": "a"]: $0] }
        var stage = try RuleStage([Self.rule("increase(v[5m]) > 0")])
        _ = stage.step(0, counter(1))
        _ = stage.step(1, counter(2))
        stage.restart(with: stage.evaluator.alerts)
        _ = stage.step(2, counter(2))
        #expect(stage.step(3, counter(3)).story == ["thawed a"])
        #expect(stage.step(4, [:]).story == [])
        #expect(stage.step(9, [:]).story == ["resolved a"])
    }

    @Test("An alert about what is out of reach neither resolves nor progresses, and goes on where it stood")
    func freezes() throws {
        let series: [Labels: Double] = [
            ["__name__": "v", "x": "a", "target": "t"]: 9, ["__name__": "v", "x": "b", "target": "u"]: 9,
        ]
        var stage = try RuleStage([Self.rule(for: "10m")])
        _ = stage.step(0, series)
        stage.unreachable = ["t"]
        #expect(stage.step(5, [:]).story == ["froze a", "vanished b"])
        let frozen = stage.step(12, series)
        #expect(frozen.story == ["becamePending b"])
        #expect(frozen.alerts.map(\.isFrozen) == [true, false])
        #expect(frozen.alerts.map(\.freeze) == [.targetUnreachable, nil])
        stage.unreachable = []
        let back = stage.step(13, series)
        #expect(back.story == ["fired a"])
        stage.unreachable = ["t"]
        #expect(stage.step(14, [:]).story == ["froze a", "vanished b"])
        #expect(stage.step(60, [:]).firing.count == 1)
        stage.unreachable = []
        #expect(stage.step(61, [:]).story == ["resolved a"])
    }

    @Test("No alert begins about what is out of reach, except by rules on what is always known")
    func freezesNewAlerts() throws {
        let series: [Labels: Double] = [
            ["__name__": "v", "x": "a", "target": "t"]: 9, ["__name__": "up", "x": "down", "target": "t"]: 0,
        ]
        var stage = try RuleStage(
            [
                Self.rule(), RuleDefinition(alert: "Down", expr: "up == 0"),
                RuleDefinition(alert: "Both", expr: "up == 0 or v > 100"),
            ],
            alwaysKnown: ["up"])
        stage.unreachable = ["t"]
        #expect(stage.step(0, series).transitions.map(\.alert.name) == ["Down"])
    }

    @Test("A rule that fails keeps its alerts as they are and says why")
    func survivesFailures() throws {
        let doubled = ["__name__": "w", "x": "a", "y": "2"] as Labels
        var stage = try RuleStage([Self.rule("v > on(x) w", for: "2m")])
        var series: [Labels: Double] = [["__name__": "v", "x": "a"]: 9, ["__name__": "w", "x": "a", "y": "1"]: 1]
        _ = stage.step(0, series)
        series[doubled] = 1
        let failed = stage.step(3, series)
        #expect(failed.story == ["froze a"])
        #expect(failed.alerts.map(\.state) == [.pending])
        #expect(failed.alerts.map(\.freeze) == [.evaluationFailed])
        #expect(failed.failures.first?.message.contains("found duplicate series") == true)
        #expect(failed.failures.first?.group == "g")
        series[doubled] = nil
        #expect(stage.step(4, series).story == ["fired a"])
        series[doubled] = 1
        #expect(stage.step(5, series).firing.count == 1)
    }

    @Test("Two results with the same labels after the rule's own fail the rule")
    func duplicateLabels() throws {
        var stage = try RuleStage([Self.rule(labels: ["x": "same"])])
        _ = stage.step(0, Self.high)
        let result = stage.step(1, [["__name__": "v", "x": "a"]: 9, ["__name__": "v", "x": "b"]: 9])
        #expect(result.failures.first?.message.contains("same labelset after applying alert labels") == true)
        #expect(result.firing.count == 1)
    }

    @Test("More alerts than the limit are given up, and those that fired are told to be over")
    func limit() throws {
        var stage = try RuleStage([Self.rule()], limit: 1)
        #expect(stage.step(0, Self.high).story == ["fired a"])
        let both: [Labels: Double] = [["__name__": "v", "x": "a"]: 9, ["__name__": "v", "x": "b"]: 9]
        let result = stage.step(1, both)
        #expect(result.story == ["exceededLimit a"])
        #expect(result.transitions.first?.alert.state == .resolved)
        #expect(result.alerts.isEmpty)
        #expect(result.failures.first?.message == "exceeded limit of 1 with 2 alerts")
        #expect(result.hasNewState)
        #expect(stage.step(2, both).story == [])
        #expect(stage.step(3, Self.high).story == ["fired a"])
    }

    @Test("Raising the hold time of a firing alert makes it pending again")
    func demotes() throws {
        var stage = try RuleStage([Self.rule(for: "5m")])
        _ = stage.step(0, Self.high)
        #expect(stage.step(5, Self.high).story == ["fired a"])
        try stage.reload([Self.rule(for: "10m")])
        let result = stage.step(6, Self.high)
        #expect(result.story == ["demoted a"])
        #expect(result.alerts.first?.firedAt == nil)
        #expect(stage.step(10, Self.high).story == ["fired a"])
    }

    @Test("A reload keeps the alerts of rules that keep name and labels, and ends those of rules that are gone")
    func reloads() throws {
        let rule = Self.rule(for: "10m", labels: ["severity": "warning"])
        let other = RuleDefinition(alert: "Other", expr: "v > 2")
        var stage = try RuleStage([rule, other])
        #expect(stage.step(0, Self.high).transitions.map(\.alert.name) == ["High", "Other"])
        var edited = rule
        edited.annotations = ["summary": "now with words"]
        edited.expr = "v > 4"
        try stage.reload([edited])
        let result = stage.step(10, Self.high)
        #expect(result.transitions.map(\.alert.name) == ["Other", "High"])
        #expect(result.transitions.map(\.reason) == [.ruleRemoved, .fired])
        #expect(result.transitions.map(\.alert.state) == [.resolved, .firing])
        #expect(result.firing.first?.annotations == ["summary": "now with words"])
        #expect(
            try stage.query("ALERTS", 10) == [
                #"ALERTS{alertname="High", alertstate="firing", severity="warning", x="a"} 1"#
            ])
        edited.labels = ["severity": "critical"]
        try stage.reload([edited])
        #expect(stage.step(11, Self.high).transitions.map(\.reason) == [.ruleRemoved, .becamePending])
    }

    @Test("Rules of one name and labels keep apart by their order")
    func ordinals() throws {
        var stage = try RuleStage([Self.rule("v > 5"), Self.rule("v > 7", for: "1h")])
        _ = stage.step(0, Self.high)
        stage.restart(with: stage.evaluator.alerts)
        #expect(stage.step(1, Self.high).alerts.map(\.state) == [.firing, .pending])
    }

    @Test("ALERTS and ALERTS_FOR_STATE can be queried, by later rules too")
    func alertSeries() throws {
        var stage = try RuleStage([
            Self.rule(for: "2m"),
            RuleDefinition(alert: "Meta", expr: "ALERTS{alertname=\"High\",alertstate=\"firing\"}"),
        ])
        _ = stage.step(0, Self.high)
        #expect(try stage.query("ALERTS", 0) == [#"ALERTS{alertname="High", alertstate="pending", x="a"} 1"#])
        let result = stage.step(2, Self.high)
        #expect(result.transitions.map(\.alert.name) == ["High", "Meta"])
        #expect(
            try stage.query("ALERTS{alertname=\"High\"}", 2) == [
                #"ALERTS{alertname="High", alertstate="firing", x="a"} 1"#
            ])
        let begin = RuleStage.start.milliseconds / 1000
        #expect(try stage.query("ALERTS_FOR_STATE{alertname=\"High\"} == \(begin)", 2).count == 1)
        _ = stage.step(3, Self.low)
        #expect(try stage.query("ALERTS", 3) == [])
    }

    @Test("Recording rules give series to the rules behind them, and end with their condition")
    func records() throws {
        var stage = try RuleStage([
            RuleDefinition(record: "v:sum", expr: "sum(v)", labels: ["kind": "total"]),
            RuleDefinition(alert: "Sum", expr: "v:sum > 5"),
        ])
        #expect(stage.step(0, Self.high).transitions.map(\.alert.name) == ["Sum"])
        #expect(try stage.query("v:sum", 0) == [#"v:sum{kind="total"} 9"#])
        #expect(stage.step(1, [:]).transitions.map(\.reason) == [.resolved])
        #expect(try stage.query("v:sum", 1) == [])
    }

    @Test("A group with a longer interval is evaluated once in each of its slots, whatever the jitter")
    func intervals() throws {
        var stage = try RuleStage([Self.rule()], interval: "30s")
        var times: [Double] = []
        for second in 0..<120 {
            let jittered = Double(second) + (second % 3 == 0 ? 0.04 : 0.9)
            if stage.step(jittered / 60, Self.high).evaluatedRules > 0 { times.append(jittered.rounded(.down)) }
        }
        #expect(times == [0, 30, 60, 90])
    }

    @Test("A scalar is an alert without labels, and an expression over nothing is none")
    func scalars() throws {
        var stage = try RuleStage([RuleDefinition(alert: "Always", expr: "1")])
        #expect(stage.step(0, [:]).alerts.map(\.labels) == [["alertname": "Always"]])
    }

    @Test("Labels and annotations are filled in; a bad annotation is shown, a bad label fails the rule")
    func fillsIn() throws {
        let rule = Self.rule(
            labels: ["severity": "{{ if gt $value 8.0 }}critical{{ else }}warning{{ end }}", "x": ""],
            annotations: ["summary": "{{ $labels.x }} is {{ $value }}", "broken": "{{ query \"sum(\" }}"])
        var stage = try RuleStage([rule])
        let result = stage.step(0, Self.high)
        #expect(result.firing.first?.labels == ["alertname": "High", "severity": "critical"])
        #expect(result.firing.first?.annotations["summary"] == "a is 9")
        #expect(result.firing.first?.annotations["broken"]?.hasPrefix("<error expanding template: 1:4: ") == true)
        #expect(result.failures.count == 1)
        var broken = try RuleStage([Self.rule(labels: ["severity": "{{ gt $value 8 }}"])])
        let failed = broken.step(0, Self.high)
        #expect(failed.alerts.isEmpty)
        #expect(failed.failures.first?.message.contains("label severity: 1:4: ") == true)
    }

    @Test(
        "An evaluation in two halves, with everything stored between, equals one in one go",
        arguments: 1...20 as ClosedRange<UInt64>)
    func halves(seed: UInt64) throws {
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        let rules = [
            Self.rule(for: "3m", keepFiringFor: "2m"), RuleDefinition(alert: "Second", expr: "sum(v) > 12", for: "1m"),
            RuleDefinition(alert: "Third", expr: "v > 2", keepFiringFor: "4m"),
        ]
        var whole = try RuleStage(rules)
        var halves = whole
        let cut = Int(random(40))
        for minute in 0..<40 {
            var series: [Labels: Double] = [:]
            for x in ["a", "b", "c"] where random(4) > 0 { series[["__name__": "v", "x": x]] = Double(random(12)) }
            if minute == cut { halves.restart(with: try Self.throughStore(halves.evaluator.alerts)) }
            let expected = whole.step(Double(minute), series)
            let actual = halves.step(Double(minute), series)
            #expect(actual.transitions == expected.transitions)
            #expect(actual.alerts == expected.alerts)
        }
    }

    @Test("An alert survives the store, NaN and infinities too", arguments: [1.5, .nan, .infinity, -.infinity])
    func stores(value: Double) throws {
        let alert = AlertInstance(
            rule: RuleIdentity(name: "High", labels: ["severity": "{{ $value }}"]), labels: ["alertname": "High"],
            annotations: ["summary": "a"], state: .firing, activeAt: RuleStage.start, firedAt: RuleStage.time(1),
            keepFiringSince: RuleStage.time(2), value: value, freeze: .warmingUp)
        #expect(try Self.throughStore([alert]) == [alert])
    }

    private static func throughStore(_ alerts: [AlertInstance]) throws -> [AlertInstance] {
        try JSONDecoder().decode([AlertInstance].self, from: JSONEncoder().encode(alerts))
    }
}
