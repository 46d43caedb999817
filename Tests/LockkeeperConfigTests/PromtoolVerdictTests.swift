import Foundation
import LockkeeperConfig
import LockkeeperCore
import LockkeeperTestSupport
import PromQL
import Testing

/// Prometheus itself is asked what it makes of the same files.
@Suite(.enabled(if: Promtool.isWanted, Comment(rawValue: Promtool.reason))) struct PromtoolVerdictTests {
    private static let alerts = repository + "/alerts"

    private static let names = ["agent", "health", "locks", "migrations", "targets"]

    /// Whether a file's tests hold here.
    private static func holds(_ path: String) -> Bool {
        (try? RuleTestFileReader.read(path: path).failures().isEmpty) ?? false
    }

    @Test(
        "Files of made-up expressions and rules give the same answers as in promtool",
        arguments: 101...103 as ClosedRange<UInt64>)
    func generated(seed: UInt64) async throws {
        let world = GeneratedWorld(seed: seed)
        var generator = ExpressionGenerator(random: LockkeeperTestSupport.SeededGenerator(seed: seed &* 31))
        var rules = "groups:\n  - name: g\n    rules:\n"
        // Only rules that cannot fail: one that does ends the test.
        for (index, expression) in [
            "sum by (a) (m)", "m > 20", "rate(c_total[5m])", "max_over_time(gap[3m])", "count(w == w)",
            "absent(gap{b=\"1\"})",
        ].enumerated() {
            rules += "      - { record: 'r:\(index)', expr: '\(expression)' }\n"
            rules +=
                "      - { alert: A\(index), expr: '\(expression)', for: \(index)m, labels: { v: '{{ $value | humanize }}' } }\n"
        }
        let recorded = [
            "r:0", "r:1", "r:2", "r:3", "r:4", "r:5", "ALERTS", "ALERTS_FOR_STATE",
            "sum by (alertname, alertstate) (ALERTS)",
            "count_over_time(ALERTS{alertstate=\"firing\"}[10m])", "changes(r:1[10m])", "r:0 - on (a) group_right r:3",
            "count_over_time(r:3[20m:1m])",
        ]
        let cases = (0..<300).map { index in
            let time = Int64.random(in: 0...70, using: &generator.random) * world.interval
            return ExpressionCase(
                expression: index % 4 == 0 ? generator.random.pick(recorded) : generator.expression(), time: time)
        }
        let text = Promtool.testFile(of: cases, over: world, ruleFiles: ["rules.yml"])
        let theirs = try Promtool.answers(
            in: try await Promtool.run("test", "rules", "test.yml", files: ["test.yml": text, "rules.yml": rules]))

        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        _ = try folder.write(rules, to: "rules.yml")
        let path = try folder.write(text, to: "test.yml")
        var ours: [Int: ExpressionAnswer] = [:]
        for failure in try RuleTestFileReader.read(path: path).failures() {
            switch failure.finding {
            case .samples(let expression, _, let got):
                let samples = Dictionary(got.map { ($0.labels, $0.value) }) { first, _ in first }
                ours[try Self.number(expression)] = .samples(samples)
            case .expressionFailed(let expression, let message): ours[try Self.number(expression)] = .error(message)
            case .alerts, .ruleFailed: Issue.record("\(failure)")
            }
        }
        for (index, example) in cases.enumerated() {
            let (expected, actual) = (theirs[index] ?? .samples([:]), ours[index] ?? .samples([:]))
            if !actual.agrees(with: expected) {
                Issue.record(
                    "\(example.expression) at \(example.time) ms\n  promtool: \(expected)\n  here:     \(actual)")
            }
        }
        // Were most of them empty, they would prove nothing.
        #expect(ours.count > 150)
    }

    private static func number(_ expression: String) throws -> Int {
        let mark = try #require(expression.firstRange(of: " # case "))
        return try #require(Int(expression[mark.upperBound...].prefix { $0.isNumber }))
    }

    @Test("The tests of the shipped rules hold, here and in promtool", arguments: names)
    func shipped(name: String) async throws {
        let path = "\(Self.alerts)/tests/\(name).yml"
        #expect(try RuleTestFileReader.read(path: path).failures().map(\.description) == [])
        let status = try await Promtool.result(["test", "rules", path]).status
        #expect(status == 0)
    }

    /// What somebody might do to a rule by mistake, as a change of its lines.
    private static let mistakes: [(name: String, change: @Sendable ([String]) -> [String])] = [
        (
            "never fires",
            {
                $0.map {
                    $0.hasPrefix("        expr: ") ? $0.replacing("expr: ", with: "expr: vector(0) > 1 and ") : $0
                }
            }
        ),
        ("another severity", { $0.map { $0.replacing("severity: ", with: "severity: x") } }),
        ("another name", { $0.map { $0.replacing("- alert: ", with: "- alert: X") } }),
        ("another text", { $0.map { $0.replacing("summary: ", with: "summary: Oh. ") } }),
        ("waits for a year", { $0.filter { !$0.hasPrefix("        for: ") } + ["        for: 1y"] }),
    ]

    @Test("A shipped rule that is broken on purpose fails its tests, here as in promtool", arguments: names)
    func broken(name: String) async throws {
        let lines = try String(contentsOfFile: "\(Self.alerts)/\(name).yml", encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let test = try String(contentsOfFile: "\(Self.alerts)/tests/\(name).yml", encoding: .utf8)
        let begins = lines.indices.filter { lines[$0].hasPrefix("      - alert: ") }
        #expect(!begins.isEmpty)
        var unnoticed: [String] = []
        for (index, begin) in begins.enumerated() {
            let end = index + 1 < begins.count ? begins[index + 1] : lines.endIndex
            // One for each rule, so that it does not take long.
            let (mistake, change) = Self.mistakes[index % Self.mistakes.count]
            let changed = change(lines[begin..<end].filter { !$0.isEmpty })
            let rules = (lines[..<begin] + changed + lines[end...]).joined(separator: "\n") + "\n"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            _ = try folder.write(rules, to: "\(name).yml")
            let path = try folder.write(test.replacing("../\(name).yml", with: "\(name).yml"), to: "test.yml")
            let here = Self.holds(path)
            let there = try await Promtool.result(["test", "rules", path]).status == 0
            #expect(here == there, "\(lines[begin]): \(mistake)")
            if here { unnoticed.append("\(lines[begin].dropFirst(15)): \(mistake)") }
        }
        #expect(unnoticed == [])
    }

    @Test(
        "Oddities of test files are taken as promtool takes them",
        arguments: [
            // A series that is there twice; a sample of a recorded series; nothing expected at all.
            "tests: [ { input_series: [ {series: x, values: 1}, {series: x, values: 2} ], promql_expr_test: [ {expr: x, eval_time: 0, exp_samples: [ {labels: x, value: 2} ]} ] } ]",
            "rule_files: [rules.yml]\ntests: [ { input_series: [ {series: 'r', values: 5x9}, {series: x, values: 1x9} ], promql_expr_test: [ {expr: r, eval_time: 5m, exp_samples: [ {labels: r, value: 5} ]} ] } ]",
            "tests: []", "tests: [ {} ]", "{}", "rule_files: [nope.yml]\ntests: []",
            "rule_files: [rules.yml, rules.yml]\ntests: [ {} ]",
            "group_eval_order: [a, a]\ntests: []",
            "evaluation_interval: 0s\ntests: [ { promql_expr_test: [ {expr: 'vector(1)', eval_time: 1m, exp_samples: [ {value: 1} ]} ] } ]",
            // Samples behind the last evaluation, and an evaluation between two samples.
            "evaluation_interval: 1m\ntests: [ { interval: 15s, input_series: [ {series: x, values: 0+1x9} ], promql_expr_test: [ {expr: x, eval_time: 90s, exp_samples: [ {labels: x, value: 4} ]} ] } ]",
            "evaluation_interval: 1m\ntests: [ { interval: 15s, input_series: [ {series: x, values: 0+1x9} ], promql_expr_test: [ {expr: x, eval_time: 90s, exp_samples: [ {labels: x, value: 6} ]} ] } ]",
            // Values as YAML has them.
            "tests: [ { promql_expr_test: [ {expr: 'vector(Inf)', eval_time: 0, exp_samples: [ {value: .inf} ]} ] } ]",
            "tests: [ { promql_expr_test: [ {expr: 'vector(16)', eval_time: 0, exp_samples: [ {value: 0x10} ]} ] } ]",
            "tests: [ { promql_expr_test: [ {expr: 'vector(1)', eval_time: 0, exp_samples: [ {value: 1e0} ]} ] } ]",
            "tests: [ { promql_expr_test: [ {expr: 'vector(NaN)', eval_time: 0, exp_samples: [ {value: .nan} ]} ] } ]",
            "tests: [ { promql_expr_test: [ {expr: 'vector(0)', eval_time: 0, exp_samples: [ {labels: '{}'} ]} ] } ]",
            "tests: [ { promql_expr_test: [ {expr: '\"a\"', eval_time: 0, exp_samples: [] } ] } ]",
            "tests: [ { promql_expr_test: [ {expr: 'x[5m]', eval_time: 0, exp_samples: [] } ] } ]",
            "tests: [ { alert_rule_test: [ {eval_time: 1m, exp_alerts: []} ] } ]",
            "tests: [ { unknown: 1 } ]", "tests: [ { input_series: [ {series: x, values: 1x} ] } ]",
            "tests: [ { input_series: [ {series: 'x{', values: 1} ] } ]",
            // A subquery without a step takes the evaluation interval.
            "evaluation_interval: 20s\ntests: [ { promql_expr_test: [ {expr: 'count_over_time(vector(1)[2m:])', eval_time: 4m, exp_samples: [ {value: 7} ]} ] } ]",
        ])
    func oddities(text: String) async throws {
        let rules = "groups: [ { name: g, rules: [ { record: r, expr: x * 3 } ] } ]"
        let theirs = try await Promtool.result(
            ["test", "rules", "test.yml"], files: ["test.yml": text, "rules.yml": rules])
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        _ = try folder.write(rules, to: "rules.yml")
        let path = try folder.write(text, to: "test.yml")
        #expect(Self.holds(path) == (theirs.status == 0), "\(theirs.output)")
    }
}
