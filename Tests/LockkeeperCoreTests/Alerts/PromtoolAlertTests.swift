import LockkeeperCore
import LockkeeperTestSupport
import PromQL
import Testing

/// Prometheus itself is asked what becomes of templates and of alerts.
@Suite(.enabled(if: Promtool.isWanted, Comment(rawValue: Promtool.reason))) struct PromtoolAlertTests {
    @Test("promtool fills in templates with the same texts")
    func templates() async throws {
        // A rule test has no external address and labels of its own.
        let filled = TemplateTable.filled.filter { !$0.0.contains("xternal") }
        let failing = TemplateTable.failing
        var rules = "groups:\n  - name: g\n    rules:\n      - alert: T\n        expr: v\n        annotations:\n"
        for (index, row) in (filled + failing).enumerated() {
            rules += "          a\(index): \(Promtool.quote(row.0))\n"
        }
        let output = try await Promtool.run(
            "test", "rules", "test.yml",
            files: [
                "rules.yml": rules,
                "test.yml": """
                rule_files: [rules.yml]
                evaluation_interval: 1m
                tests:
                  - interval: 1m
                    input_series:
                      - {series: 'v{job="node", x="A b"}', values: '1234.5'}
                      - {series: 'w{i="1"}', values: '10'}
                      - {series: 'w{i="2"}', values: '20'}
                    alert_rule_test:
                      - {eval_time: 0m, alertname: T, exp_alerts: [{}]}
                """,
            ])
        let got = try #require(output.firstRange(of: " got:"), "\(output.prefix(2000))")
        let annotations = try #require(output[got.upperBound...].firstRange(of: "Annotations:{"))
        var rest = output[annotations.upperBound...]
        let theirs = Promtool.labels(&rest)
        for (index, row) in filled.enumerated() {
            #expect((theirs["a\(index)"] ?? "") == row.1, "\(row.0)")
        }
        for index in failing.indices {
            let text = theirs["a\(filled.count + index)"] ?? ""
            #expect(text.hasPrefix("<error expanding template"), "\(failing[index].0): \(text)")
        }
    }

    @Test("promtool refuses the templates and expressions that are refused here")
    func checks() async throws {
        for text in ["{{ $value", "{{ nope }}", "{{ if true }}x", "{{ $nope }}", "{{ break }}", "{{ 1 | 2 }}"] {
            #expect(throws: TemplateError.self) { try AlertTemplate(parsing: text) }
            let rules = "groups: [{name: g, rules: [{alert: A, expr: up, annotations: {a: \(Promtool.quote(text))}}]}]"
            let output = try await Promtool.run("check", "rules", "rules.yml", files: ["rules.yml": rules])
            #expect(output.contains("FAILED"), "\(text)")
        }
    }

    @Test("Made-up alerts go the same way as in promtool", arguments: 1...6 as ClosedRange<UInt64>)
    func lives(seed: UInt64) async throws {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let holds = ["0s", "1m", "3m", "90s", "10m"]
        let expressions = [
            "v > 3", "v > 6 or v < 1", "sum(v) > 12", "max_over_time(v[3m]) > 8", "v unless v > 4",
            "absent(v{x=\"a\"})", "r:sum > 10",
            "sum by (x) (ALERTS{alertname=\"A0\", alertstate=\"firing\"})", "increase(v[5m]) > 6",
        ]
        var definitions = [RuleDefinition(record: "r:sum", expr: "sum(v)")]
        for (index, expression) in expressions.enumerated() {
            definitions.append(
                RuleDefinition(
                    alert: "A\(index)", expr: expression, for: holds[random(5)],
                    keepFiringFor: random(2) == 0 ? holds[random(5)] : nil,
                    labels: ["state": "{{ if gt $value 5.0 }}high{{ else }}low{{ end }}"]))
        }
        let minutes = 40
        var series: [String: [Double?]] = [:]
        for x in ["a", "b", "c"] { series[x] = (0..<minutes).map { _ in random(4) == 0 ? nil : Double(random(10)) } }

        var stage = try RuleStage(definitions)
        var ours: [Int: Set<[String: String]>] = [:]
        for minute in 0..<minutes {
            var now: [Labels: Double] = [:]
            for (x, points) in series { if let value = points[minute] { now[["__name__": "v", "x": x]] = value } }
            _ = stage.step(Double(minute), now)
            let value = try Expression(parsing: "ALERTS").evaluate(
                at: RuleStage.time(Double(minute)).milliseconds, over: stage.window)
            ours[minute] = Set((value.asVector ?? []).map(\.labels.dictionary))
        }
        let theirs = try await Self.promtool(definitions, series, minutes)
        for minute in 0..<minutes {
            let (expected, actual) = (theirs[minute, default: []], ours[minute, default: []])
            if actual != expected {
                Issue.record(
                    "minute \(minute): only there \(expected.subtracting(actual)), only here \(actual.subtracting(expected))"
                )
                break
            }
        }
        #expect(ours.values.contains { $0.count > 5 })
    }

    private static func promtool(
        _ definitions: [RuleDefinition], _ series: [String: [Double?]], _ minutes: Int
    ) async throws -> [Int: Set<[String: String]>] {
        var rules = "groups:\n  - name: g\n    rules:\n"
        for rule in definitions {
            rules += rule.alert.map { "      - alert: \($0)\n" } ?? "      - record: \(rule.record ?? "")\n"
            rules += "        expr: \(Promtool.quote(rule.expr))\n"
            if let hold = rule.hold { rules += "        for: \(hold)\n" }
            if let keep = rule.keepFiringFor { rules += "        keep_firing_for: \(keep)\n" }
            if !rule.labels.isEmpty { rules += "        labels:\n" }
            for (name, text) in rule.labels { rules += "          \(name): \(Promtool.quote(text))\n" }
        }
        var test = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n"
        for (x, points) in series.sorted(by: { $0.key < $1.key }) {
            // What is missing from a scrape has ended.
            let values = points.map { $0.map(FloatText.plain) ?? "stale" }.joined(separator: " ")
            test += "      - {series: 'v{x=\"\(x)\"}', values: '\(values)'}\n"
        }
        test += "    promql_expr_test:\n"
        for minute in 0..<minutes { test += "      - {expr: 'ALERTS # \(minute) ', eval_time: \(minute)m}\n" }
        let output = try await Promtool.run("test", "rules", "test.yml", files: ["rules.yml": rules, "test.yml": test])
        var result: [Int: Set<[String: String]>] = [:]
        var minute: Int?
        for line in output.split(separator: "\n") {
            if let mark = line.firstRange(of: "\"ALERTS # ") {
                minute = Int(line[mark.upperBound...].prefix { $0.isNumber })
            } else if let got = line.firstRange(of: " got: "), let minute {
                var rest = line[got.upperBound...]
                while let open = rest.firstIndex(of: "{") {
                    rest = rest[rest.index(after: open)...]
                    result[minute, default: []].insert(Promtool.labels(&rest))
                }
            }
        }
        #expect(!result.isEmpty, "\(output.prefix(2000))")
        return result
    }
}
