import LockkeeperConfig
import LockkeeperCore
import PromQL
import ShippedRules

/// Prints what rules and their series cost, on one core: on each line a name, a number and its unit; of times the quickest of
/// some rounds.
@main
enum RuleBenchmark {
    static let begin = Timestamp(seconds: 1_700_000_000)

    static func main() throws {
        try manyRules()
        try parsing()
        try shippedRules()
        window()
    }

    // MARK: - Times

    static func manyRules() throws {
        let groups = try RuleFile(name: "many", groups: [manyDefinitions]).groups
        // Ten series of each of a thousand metrics.
        let names = (0..<1000).map { "m\($0)" }
        let series = names.flatMap { name in
            (0..<10).map { Labels(["__name__": name, "target": "t\($0 % 3)", "database": "d\($0)", "mode": "x"]) }
        }
        var window = SeriesWindow(history: SeriesHistory(groups: groups), retention: SeriesWindow.agentRetention)
        var evaluator = RuleEvaluator(groups: groups)
        var best = Duration.seconds(3600)
        var alerts = 0
        for second in 0..<330 {
            let samples = series.enumerated().map {
                VectorSample(labels: $0.element, value: Double(second % 7 + $0.offset % 10))
            }
            window.append(samples, at: begin + .seconds(second))
            // The ranges are full from the fifth minute on.
            guard second % 30 == 0 || second > 310 else { continue }
            let time = ContinuousClock().measure {
                let evaluation = evaluator.evaluate(at: begin + .seconds(second), over: &window)
                alerts = evaluation.alerts.count
            }
            if second > 310 { best = min(best, time) }
        }
        show("1,000 rules over \(series.count) series, \(alerts) alerts", best)
    }

    /// Comparisons, aggregations, rates over 5 minutes, joins: a thousand of them.
    static var manyDefinitions: RuleGroupDefinition {
        let rules = (0..<1000).map { number in
            let metric = "m\(number)"
            let other = "m\((number + 1) % 1000)"
            return switch number % 10 {
            case 0: RuleDefinition(record: "r\(number)", expr: "sum by (target) (\(metric))")
            case 1: RuleDefinition(record: "r\(number)", expr: "max without (database) (\(metric) / 10)")
            case 2, 3: alert(number, "rate(\(metric)[5m]) > 100")
            case 4: alert(number, "\(metric) > 3 and on (target, database) \(other) > 0")
            case 5: alert(number, "\(metric) - on (target, database) \(other) > 2")
            case 6: alert(number, "sum by (database) (\(metric){target=~\"t[0-9]\"}) > 12")
            case 7: alert(number, "absent(\(metric))")
            default: alert(number, "\(metric) > 14")
            }
        }
        return RuleGroupDefinition(name: "many", rules: rules)
    }

    static func alert(_ number: Int, _ expression: String) -> RuleDefinition {
        RuleDefinition(
            alert: "A\(number)", expr: expression, for: "1m", labels: ["severity": "warning"],
            annotations: [
                "summary": "{{ $labels.target }} ({{ $labels.database }}) is at {{ $value | humanize }}",
                "action": "Look at {{ $labels.database }}, and do something.",
            ])
    }

    static func parsing() throws {
        let definitions = manyDefinitions
        show(
            "1,000 rules, their expressions and templates read",
            try best(10) { _ = try RuleFile(name: "many", groups: [definitions]) })
        var text = "groups:\n  - name: many\n    rules:\n"
        for rule in definitions.rules {
            text += rule.alert.map { "      - alert: \($0)\n" } ?? "      - record: \(rule.record ?? "")\n"
            text += "        expr: '\(rule.expr)'\n"
            if rule.alert != nil {
                text += "        for: 1m\n        labels: { severity: warning }\n        annotations:\n"
            }
            for (name, value) in rule.annotations { text += "          \(name): '\(value)'\n" }
        }
        let file = RuleFileText(name: "many.yml", text: text)
        show("1,000 rules, from \(text.utf8.count) bytes of YAML", try best(5) { _ = try RuleFileReader.read(file) })
    }

    static func shippedRules() throws {
        let groups = try ShippedRules.files.flatMap { file in
            try RuleFileReader.read(RuleFileText(name: file.name, text: file.text)).groups
        }
        var window = SeriesWindow(history: SeriesHistory(groups: groups), retention: SeriesWindow.agentRetention)
        var evaluator = RuleEvaluator(groups: groups)
        let names = Set(groups.flatMap { $0.rules.flatMap { $0.expression.metricNames } }).sorted()
        let samples = names.flatMap { name in
            ["app", "billing", "archive"].map { database in
                VectorSample(
                    labels: Labels([
                        "__name__": name, "target": "production", "database": database, "tool": "drizzle", "state": "x",
                    ]), value: 0)
            }
        }
        var fastest = Duration.seconds(3600)
        let count = groups.reduce(0) { $0 + $1.rules.count }
        for second in 0..<1000 {
            window.append(samples, at: begin + .seconds(second))
            let time = ContinuousClock().measure {
                _ = evaluator.evaluate(at: begin + .seconds(second), over: &window)
            }
            fastest = min(fastest, time)
        }
        show("the \(count) shipped rules over one target of \(samples.count) series", fastest)
    }

    static func best(_ rounds: Int, _ body: () throws -> Void) rethrows -> Duration {
        var best = Duration.seconds(3600)
        for _ in 0..<rounds { best = min(best, try ContinuousClock().measure(body)) }
        return best
    }

    static func show(_ name: String, _ time: Duration) {
        print("\(name)\t\(FloatText.fixed(time.inSeconds * 1000, decimals: 2))\tms")
    }

    // MARK: - Bytes

    /// An hour of 2,000 series at one sample a second, with the jitter of a timer.
    static func window() {
        let kinds: [(name: String, change: (Double, inout SystemRandomNumberGenerator) -> Double)] = [
            ("gauges that do not change", { value, _ in value }),
            (
                "gauges that change every tenth time",
                { value, random in
                    Int.random(in: 0..<10, using: &random) == 0 ? Double(Int.random(in: 0..<50, using: &random)) : value
                }
            ),
            ("counters", { value, random in value + Double(Int.random(in: 0..<100, using: &random)) }),
            (
                "ages in seconds, with fractions",
                { value, random in
                    value + 1 + Double.random(in: -0.01...0.01, using: &random)
                }
            ),
            ("numbers at random", { _, random in Double.random(in: 0...1, using: &random) }),
        ]
        for (name, change) in kinds {
            let (bytes, samples) = hour(of: 2000) { _ in change }
            show("an hour of 2,000 series at 1/s: \(name)", bytes, samples)
        }
        let (bytes, samples) = hour(of: 2000) { index in
            // As an agent has them: most do not change, one in twenty at random.
            kinds[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 4][index % 20]].change
        }
        show("an hour of 2,000 series at 1/s: all kinds, most of them quiet", bytes, samples)
    }

    static func hour(
        of count: Int, _ kind: (Int) -> (Double, inout SystemRandomNumberGenerator) -> Double
    ) -> (bytes: Int, samples: Int) {
        var random = SystemRandomNumberGenerator()
        var window = SeriesWindow(retention: SeriesWindow.agentRetention, budget: .max)
        var samples = (0..<count).map { VectorSample(labels: ["__name__": "x", "i": "\($0)"], value: Double($0 % 10)) }
        let changes = (0..<count).map(kind)
        for second in 0..<3600 {
            for index in samples.indices { samples[index].value = changes[index](samples[index].value, &random) }
            window.append(samples, at: begin + .seconds(second) + .milliseconds(Int.random(in: 0...10, using: &random)))
        }
        return (window.byteCount, window.sampleCount)
    }

    static func show(_ name: String, _ bytes: Int, _ samples: Int) {
        print("\(name)\t\(FloatText.fixed(Double(bytes) / Double(samples), decimals: 2))\tbytes a sample")
        print("\(name)\t\(FloatText.fixed(Double(bytes) / 1_048_576, decimals: 1))\tMiB")
    }
}

extension Rule {
    var expression: Expression {
        switch self {
        case .alerting(let rule): rule.expression
        case .recording(let rule): rule.expression
        }
    }
}
