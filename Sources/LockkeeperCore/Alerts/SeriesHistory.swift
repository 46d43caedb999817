import PromQL

/// How long the samples of which metrics are needed: what the loaded rules look back on.
public struct SeriesHistory: Sendable, Hashable {
    /// Milliseconds by metric name; no entry means that the newest sample is enough.
    private(set) var byMetric: [String: Int64] = [:]
    /// Milliseconds for all metrics, because a rule selects without a name.
    private(set) var ofAll: Int64 = 0

    /// No history at all.
    public init() {}

    /// All there is, for as long as the window lasts.
    static let everything: SeriesHistory = {
        var history = SeriesHistory()
        // Half of all time, so that no time less this is out of range.
        history.ofAll = .max / 4
        return history
    }()

    /// What these rules, and the queries written in their templates, need.
    ///
    public init(groups: [RuleGroup]) {
        for group in groups {
            for rule in group.rules {
                for use in rule.expressions.flatMap(\.selectors) {
                    var needed = use.lookback + group.queryOffset.milliseconds
                    if group.queryOffset > .zero, use.lookback == 0 { needed += EvaluationOptions.defaultLookback }
                    guard needed > 0 else { continue }
                    if let name = use.metricName {
                        byMetric[name] = max(byMetric[name] ?? 0, needed)
                    } else {
                        ofAll = max(ofAll, needed)
                    }
                }
            }
        }
    }

    /// Milliseconds for a metric of this name.
    func length(of metric: String) -> Int64 {
        max(byMetric[metric] ?? 0, ofAll)
    }
}

extension Rule {
    /// Its own, and those of its templates.
    fileprivate var expressions: [Expression] {
        switch self {
        case .recording(let rule): [rule.expression]
        case .alerting(let rule):
            [rule.expression] + rule.labels.values.flatMap(\.queries) + rule.annotations.values.flatMap(\.queries)
        }
    }
}

extension Duration {
    /// Prometheus's unit of time; fractions are cut off.
    var milliseconds: Int64 { microseconds / 1000 }
}
