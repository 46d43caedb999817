import LockkeeperCore
import PromQL
import Testing

@Suite struct RuleFileTests {
    @Test("A good file is read with its durations, templates and expressions")
    func reads() throws {
        let file = try RuleFile(
            name: "a.yml",
            groups: [
                RuleGroupDefinition(
                    name: "g", interval: "30s", limit: 5, queryOffset: "1m",
                    labels: ["team": "db", "severity": "info"],
                    rules: [
                        RuleDefinition(
                            alert: "A", expr: "up == 0", for: "1h30m", keepFiringFor: "5m",
                            labels: ["severity": "critical"],
                            annotations: ["summary": "{{ $labels.job }}"]),
                        RuleDefinition(
                            record: "job:up:sum", expr: "sum by (job) (up)", labels: ["a": "{{ not a template"]),
                    ])
            ])
        let group = try #require(file.groups.first)
        #expect(group.interval == .seconds(30))
        #expect(group.limit == 5)
        #expect(group.queryOffset == .seconds(60))
        guard case .alerting(let alert) = group.rules[0], case .recording(let recording) = group.rules[1] else {
            Issue.record("wrong kinds of rules")
            return
        }
        #expect(alert.hold == .seconds(5400))
        #expect(alert.keepFiringFor == .seconds(300))
        #expect(alert.labels.mapValues(\.source) == ["team": "db", "severity": "critical"])
        #expect(alert.expression.description == "up == 0")
        #expect(recording.labels == ["a": "{{ not a template", "team": "db", "severity": "info"])
    }

    @Test("All that is wrong is reported at once, with group, rule, field and place")
    func reportsAll() throws {
        let error = #expect(throws: RuleFileError.self) {
            try RuleFile(
                name: "bad.yml",
                groups: [
                    RuleGroupDefinition(
                        name: "g", interval: "30", limit: -1, queryOffset: "x", labels: ["alertname": "no"],
                        rules: [
                            RuleDefinition(
                                alert: "A", expr: "up ==\n= 0", for: "10", keepFiringFor: "5m1h",
                                labels: ["0a": "x", "b": "{{ .x"],
                                annotations: ["ok": "fine\n{{ nope }}", "a-b": "x"]),
                            RuleDefinition(
                                record: "a b", expr: "", for: "1m", keepFiringFor: "1m", annotations: ["a": "b"]),
                            RuleDefinition(record: "a", alert: "b", expr: "up[5m]"),
                            RuleDefinition(expr: "'text'"),
                            RuleDefinition(alert: "", expr: "1", labels: ["__name__": "x"]),
                        ]),
                    RuleGroupDefinition(name: "g", interval: "0s", rules: []), RuleGroupDefinition(name: "", rules: []),
                ])
        }
        let problems = try #require(error?.problems)
        #expect(
            problems.map(\.path) == [
                "groups[0].interval", "groups[0].limit", "groups[0].query_offset", "groups[0].labels.alertname",
                "groups[0].rules[0].expr", "groups[0].rules[0].for", "groups[0].rules[0].keep_firing_for",
                "groups[0].rules[0].labels.0a", "groups[0].rules[0].annotations.a-b", "groups[0].rules[0].labels.b",
                "groups[0].rules[0].annotations.ok", "groups[0].rules[1].expr", "groups[0].rules[1].record",
                "groups[0].rules[1].for", "groups[0].rules[1].keep_firing_for", "groups[0].rules[1].annotations",
                "groups[0].rules[2].expr", "groups[0].rules[2].alert", "groups[0].rules[3].expr",
                "groups[0].rules[3].alert",
                "groups[0].rules[4].labels.__name__", "groups[0].rules[4].alert", "groups[1].name",
                "groups[1].interval",
                "groups[2].name",
            ])
        let expression = try #require(problems.first { $0.field == "expr" })
        #expect(expression.place?.line == 2)
        #expect(expression.place?.column == 1)
        #expect(expression.name == "g/A")
        #expect(problems.first { $0.key == "ok" }?.place?.line == 2)
        #expect(
            error?.description.contains(
                "bad.yml: groups[0].rules[0].expr [g/A] (line 2, column 1 of the text): could not parse") == true)
    }
}
