import LockkeeperConfig
import LockkeeperCore
import Testing

@Suite struct RuleTestFileTests {
    private static let rules = """
        groups:
          - name: g
            interval: 1h
            rules:
              - record: x:double
                expr: x * 2
              - alert: High
                expr: x > 2
                for: 1m
                labels: { severity: "{{ if gt $value 2.0 }}critical{{ else }}warning{{ end }}" }
                annotations:
                  summary: "{{ $labels.job }} at {{ $value }} in {{ $externalLabels.region }}"
        """

    private static func folder(_ test: String, rules: String = rules) throws -> (folder: TemporaryFolder, path: String)
    {
        let folder = try TemporaryFolder()
        _ = try folder.write(rules, to: "rules.yml")
        return (folder, try folder.write(test, to: "test.yml"))
    }

    private static func failures(_ test: String, rules: String = rules) throws -> [String] {
        let (folder, path) = try folder(test, rules: rules)
        return try withExtendedLifetime(folder) {
            try RuleTestFileReader.read(path: path).failures().map(\.description)
        }
    }

    @Test("A test that holds has nothing to say, groups' own intervals notwithstanding")
    func holds() throws {
        #expect(
            try Self.failures(
                """
                rule_files: [ "*les.yml" ]
                evaluation_interval: 30s
                tests:
                  - name: rises
                    interval: 1m
                    external_labels: { region: eu }
                    input_series:
                      - { series: 'x{job="a"}', values: 1+1x6 _x2 stale }
                    alert_rule_test:
                      - { eval_time: 150s, alertname: High }
                      - eval_time: 3m
                        alertname: High
                        exp_alerts:
                          - exp_labels: { job: a, severity: critical }
                            exp_annotations: { summary: a at 4 in eu }
                      - { eval_time: 9m, alertname: High, exp_alerts: [] }
                    promql_expr_test:
                      - expr: x:double
                        eval_time: 90s
                        exp_samples: [ { labels: 'x:double{job="a"}', value: 4 } ]
                      - { expr: 'scalar(x)', eval_time: 0m, exp_samples: [ { value: 1 } ] }
                      - { expr: x, eval_time: 9m, exp_samples: [] }
                """) == [])
    }

    @Test("Differences say what was expected and what came")
    func differences() throws {
        #expect(
            try Self.failures(
                """
                rule_files: [rules.yml]
                tests:
                  - name: rises
                    input_series:
                      - { series: 'x{job="a"}', values: 1+1x6 }
                      - { series: 'x{job="b"}', values: 9x6 }
                    alert_rule_test:
                      - { eval_time: 1m, alertname: High, exp_alerts: [] }
                      - eval_time: 6m
                        alertname: High
                        exp_alerts:
                          - exp_labels: { job: a, severity: critical }
                            exp_annotations: { summary: a at 8 in }
                          - exp_labels: { job: c, severity: critical }
                      - { eval_time: 6m, alertname: Nope, exp_alerts: [ { exp_labels: { a: b } } ] }
                    promql_expr_test:
                      - expr: x:double
                        eval_time: 1m
                        exp_samples:
                          - { labels: 'x:double{job="a"}', value: 5 }
                          - { labels: 'x:double{job="c"}', value: 6 }
                      - { expr: 'x +', eval_time: 1m }
                      - { expr: 'vector(NaN)', eval_time: 1m, exp_samples: [ { value: .nan } ] }
                """) == [
                    """
                    rises
                      High at 1m: fires, and should not
                        + {job="b", severity="critical"}
                        +   summary: b at 9 in 
                    """,
                    """
                    rises
                      High at 6m: fires otherwise than expected
                          {job="a", severity="critical"}
                        -   summary: a at 8 in
                        +   summary: a at 7 in 
                        - {job="c", severity="critical"}
                        + {job="b", severity="critical"}
                        +   summary: b at 9 in 
                    """,
                    """
                    rises
                      Nope at 6m: does not fire, and should
                        - {a="b"}
                    """,
                    """
                    rises
                      x:double at 1m gives something else
                        - x:double{job="a"} 5
                        + x:double{job="a"} 4
                        - x:double{job="c"} 6
                        + x:double{job="b"} 18
                    """,
                    """
                    rises
                      x + at 1m fails: 1:4: unexpected end of the expression, expected an expression
                    """,
                    """
                    rises
                      vector(NaN) at 1m gives something else
                        - {} NaN
                        + {} NaN   (NaN equals nothing, not even NaN: test for it with expr != expr)
                    """,
                ])
    }

    @Test("A rule that cannot be evaluated ends its test, and only that")
    func brokenRule() throws {
        let rules = "groups: [ { name: g, rules: [ { record: r, expr: x + on() y } ] } ]"
        let failures = try Self.failures(
            """
            rule_files: [rules.yml]
            tests:
              - input_series: [ { series: x, values: 1 }, { series: 'y{a="1"}', values: 1 }, { series: 'y{a="2"}', values: _ 1 } ]
                promql_expr_test: [ { expr: x, eval_time: 5m, exp_samples: [] } ]
              - promql_expr_test: [ { expr: 'vector(1)', eval_time: 5m, exp_samples: [ { labels: '{}', value: 1 } ] } ]
            """, rules: rules)
        #expect(failures.count == 1)
        #expect(
            failures.first?.hasPrefix("test 1\n  the rule r of the group g fails at 1m: 1:1: found duplicate series")
                == true, "\(failures)")
    }

    @Test("Groups go in the order that the file wants")
    func order() throws {
        let rules = """
            groups:
              - { name: second, rules: [ { record: b, expr: a } ] }
              - { name: first, rules: [ { record: a, expr: x } ] }
            """
        for (order, expected) in [("[first, second]", "[ { labels: b, value: 1 } ]"), ("[second, first]", "[]")] {
            #expect(
                try Self.failures(
                    """
                    rule_files: [rules.yml]
                    group_eval_order: \(order)
                    tests:
                      - input_series: [ { series: x, values: 1 } ]
                        promql_expr_test: [ { expr: b, eval_time: 0, exp_samples: \(expected) } ]
                    """, rules: rules) == [])
        }
    }

    @Test("A test may begin at another time, and values may differ in their last bit, as in later versions of promtool")
    func laterFields() throws {
        for (fuzzy, count) in [("true", 0), ("false", 1)] {
            let failures = try Self.failures(
                """
                rule_files: [rules.yml]
                fuzzy_compare: \(fuzzy)
                tests:
                  - start_timestamp: 2021-01-01T00:00:00Z
                    input_series: [ { series: 'x{job="a"}', values: 9x5 } ]
                    alert_rule_test:
                      - eval_time: 1m
                        alertname: High
                        exp_alerts:
                          - { exp_labels: { job: a, severity: critical }, exp_annotations: { summary: "a at 9 in " } }
                    promql_expr_test:
                      - { expr: time(), eval_time: 2m, exp_samples: [ { value: 1609459320 } ] }
                      - { expr: timestamp(x), eval_time: 1m, exp_samples: [ { labels: '{job="a"}', value: 1609459260 } ] }
                  - start_timestamp: 1.5
                    promql_expr_test:
                      - { expr: time() + 0.1 + 0.2, eval_time: 0, exp_samples: [ { value: 1.8 } ] }
                      - { expr: 0.1 + 0.2, eval_time: 0, exp_samples: [ { value: 0.3 } ] }
                """)
            #expect(failures.count == count, "\(failures)")
        }
    }

    @Test("All that is wrong with a file is said, each with its place")
    func problems() throws {
        let (folder, path) = try Self.folder(
            """
            rule_files: [rules.yml, none.yml]
            evaluation_interval: 1 minute
            group_eval_order: [g, g]
            tests:
              - intervall: 1m
                input_series:
                  - { series: 'x{a=b}', values: 1 }
                  - { series: x, values: 1 2 three }
                alert_rule_test:
                  - { eval_time: 1m, exp_alerts: [] }
                promql_expr_test:
                  - { expr: x, eval_time: 1m, exp_samples: [ { labels: x, value: Inf }, { labels: x, histogram: '{{}}' } ] }
            """)
        let error = withExtendedLifetime(folder) {
            #expect(throws: ConfigurationProblems.self) { try RuleTestFileReader.read(path: path) }
        }
        let lines = (error?.problems ?? []).map { "\($0.line ?? 0):\($0.column ?? 0) \($0.path): \($0.message)" }
        #expect(
            lines == [
                "1:25 rule_files[1]: the rule file \(folder.path)/none.yml does not exist",
                "2:22 evaluation_interval: bad duration \"1 minute\", expected whole numbers with units y, w, d, h, m, s or ms, for example 1h30m",
                "3:23 group_eval_order[1]: the group is named twice",
                "5:5 tests[0].intervall: there is no such field",
                "7:19 tests[0].input_series[0].series: unexpected \"b\", expected a quoted string as the label's value",
                "8:30 tests[0].input_series[1].values: expected a number, _ or stale",
                "10:9 tests[0].alert_rule_test[0]: `alertname` is missing",
                "12:70 tests[0].promql_expr_test[0].exp_samples[0].value: is not a number",
                "12:90 tests[0].promql_expr_test[0].exp_samples[1].histogram: is not supported yet by this version",
            ], "\(lines.joined(separator: "\n"))")
    }

    @Test("A rule file that is broken breaks the test")
    func brokenRuleFile() throws {
        let (folder, path) = try Self.folder(
            "{ rule_files: [rules.yml], tests: [] }",
            rules: "groups: [ { name: g, rules: [ { alert: A, expr: 'x >' } ] } ]")
        let error = withExtendedLifetime(folder) {
            #expect(throws: ConfigurationProblems.self) { try RuleTestFileReader.read(path: path) }
        }
        #expect(error?.problems.first?.file == "\(folder.path)/rules.yml")
        #expect(error?.problems.first?.line == 1)
    }
}
