import LockkeeperCore
import PromQL
import Testing

/// Plays series and rules in virtual time, one evaluation after the other.
struct RuleStage {
    var evaluator: RuleEvaluator
    var window: SeriesWindow
    var groups: [RuleGroup]
    var unreachable: Set<String> = []
    var alwaysKnown: Set<String>

    /// 2026-11-01T00:00:00Z
    static let start = Timestamp(microseconds: 1_793_491_200_000_000)

    init(_ rules: [RuleDefinition], limit: Int? = nil, interval: String? = nil, alwaysKnown: Set<String> = []) throws {
        try self.init(
            [RuleGroupDefinition(name: "g", interval: interval, limit: limit, rules: rules)], alwaysKnown: alwaysKnown)
    }

    init(_ groups: [RuleGroupDefinition], alwaysKnown: Set<String> = []) throws {
        self.groups = try RuleFile(name: "test.yml", groups: groups).groups
        self.alwaysKnown = alwaysKnown
        evaluator = RuleEvaluator(groups: self.groups, alwaysKnown: alwaysKnown)
        window = SeriesWindow(history: SeriesHistory(groups: self.groups))
    }

    /// One evaluation, `minutes` after the start, of all series there are then.
    mutating func step(_ minutes: Double, _ series: [Labels: Double]) -> RuleEvaluation {
        let time = Self.time(minutes)
        window.append(
            series.sorted { $0.key < $1.key }.map { VectorSample(labels: $0.key, value: $0.value) }, at: time)
        let unreachable = unreachable
        return evaluator.evaluate(at: time, over: &window) { labels in unreachable.contains(labels["target"] ?? "") }
    }

    /// The agent ends and begins again: only what the store keeps is left.
    mutating func restart(with alerts: [AlertInstance]) {
        evaluator = RuleEvaluator(groups: groups, alwaysKnown: alwaysKnown)
        evaluator.restore(alerts)
        window = SeriesWindow(history: SeriesHistory(groups: groups))
    }

    /// The rule file changes under the running agent.
    mutating func reload(_ rules: [RuleDefinition]) throws {
        groups = try RuleFile(name: "test.yml", groups: [RuleGroupDefinition(name: "g", rules: rules)]).groups
        let alerts = evaluator.alerts
        evaluator = RuleEvaluator(groups: groups, alwaysKnown: alwaysKnown)
        evaluator.restore(alerts)
        window.keep(SeriesHistory(groups: groups))
    }

    static func time(_ minutes: Double) -> Timestamp { start + .milliseconds(Int64(minutes * 60_000)) }

    func query(_ text: String, _ minutes: Double) throws -> [String] {
        let value = try Expression(parsing: text).evaluate(at: Self.time(minutes).milliseconds, over: window)
        return (value.asVector ?? []).map { "\($0.labels) \(FloatText.shortest($0.value))" }.sorted()
    }
}

extension RuleEvaluation {
    /// `fired a` for each transition.
    var story: [String] { transitions.map { "\($0.reason) \($0.alert.labels["x"] ?? $0.alert.name)" } }
}
