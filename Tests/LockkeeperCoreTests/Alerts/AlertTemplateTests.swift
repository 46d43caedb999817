import LockkeeperCore
import PromQL
import Testing

@Suite struct AlertTemplateTests {
    /// The text of an annotation of an alert with labels `job="node"`, `x="A b"` and the given value.
    private static func fill(_ text: String, _ value: Double = 1234.5) throws -> String {
        let rule = RuleDefinition(alert: "T", expr: "v", annotations: ["text": text])
        let groups = try RuleFile(name: "t.yml", groups: [RuleGroupDefinition(name: "g", rules: [rule])]).groups
        var evaluator = RuleEvaluator(groups: groups)
        var window = SeriesWindow()
        window.append(
            [
                VectorSample(labels: ["__name__": "v", "job": "node", "x": "A b"], value: value),
                VectorSample(labels: ["__name__": "w", "i": "1"], value: 10),
                VectorSample(labels: ["__name__": "w", "i": "2"], value: 20),
            ], at: RuleStage.start)
        let context = RuleContext(externalURL: "https://example.org/lock?a=b", externalLabels: ["env": "test"])
        let result = evaluator.evaluate(at: RuleStage.start, over: &window, context: context)
        return result.alerts.first?.annotations["text"] ?? "no alert"
    }

    @Test(
        "Templates are filled in as Go and Prometheus do",
        arguments: TemplateTable.filled)
    func fills(template: String, expected: String) throws {
        #expect(try Self.fill(template) == expected)
    }

    @Test(
        "Values print as Go prints floats",
        arguments: [
            (1800, "1800"), (1e6, "1e+06"), (0.1, "0.1"), (.nan, "NaN"), (.infinity, "+Inf"), (123_456, "123456"),
            (1_234_567, "1.234567e+06"),
        ] as [(Double, String)])
    func floats(value: Double, expected: String) throws {
        #expect(try Self.fill("{{ $value }}", value) == expected)
    }

    @Test(
        "What is no template is refused with line and column",
        arguments: [
            ("{{ $value", 1, 1, "unclosed action"), ("a\n {{ nope }}", 2, 5, "function \"nope\" not defined"),
            ("{{ js \"x\" }}", 1, 4, "not supported"),
            ("{{ $nope }}", 1, 4, "undefined variable"), ("{{ if }}x{{ end }}", 1, 7, "missing value for if"),
            ("{{ if true }}x", 1, 4, "missing {{end}}"),
            ("{{ end }}", 1, 10, "unexpected {{end}}"),
            ("{{ if true }}{{ else }}{{ else }}{{ end }}", 1, 31, "expected {{end}}"),
            ("{{ }}", 1, 4, "missing value for command"),
            ("{{ $value | }}", 1, 13, "missing value"),
            ("{{ $value $value }}", 1, 11, "can't give argument to non-function"), ("{{ \"a }}", 1, 4, "unterminated"),
            ("{{ toUpper \"a\" \"b\" }}", 1, 4, "wrong number of args"), ("{{ 1 | 2 }}", 1, 8, "non executable"),
            ("{{ break }}", 1, 4, "outside {{range}}"),
            ("{{ template \"x\" }}", 1, 4, "not supported"), ("{{ ( $value }}", 1, 13, "expected"),
            ("{{ ! }}", 1, 4, "unexpected character"), ("{{/* a", 1, 1, "unclosed comment"),
            ("{{ 5x }}", 1, 4, "bad number"),
            ("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", 1, 39, "undefined variable"),
            ("{{ | humanize }}", 1, 4, "expected a value"),
        ])
    func refuses(template: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: TemplateError.self) { try AlertTemplate(parsing: template) }
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test(
        "What cannot be filled in says why in its place",
        arguments: TemplateTable.failing)
    func failures(template: String, message: String) throws {
        let text = try Self.fill(template)
        #expect(text.hasPrefix("<error expanding template: "))
        #expect(text.contains(message), "\(text)")
    }

    @Test("No soup of words crashes the reader of templates", arguments: 0..<4 as Range<UInt64>)
    func soup(seed: UInt64) {
        let words = [
            "{{", "}}", "{{-", "-}}", "$value", "$", ".", ".x", "if", "else", "end", "range", "with", "(", ")", "|",
            ":=", "=", ",", "\"a\"", "`b`", "1", "1.5", "'c'",
            "humanize", "printf", "\"%d\"", "/*", "*/", " ", " ", "\n", "text", "break", "continue", "query", "\"", "ä",
            "{", "}",
        ]
        var state = seed &+ 1
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<14 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += words[Int((state >> 33) % UInt64(words.count))]
            }
            _ = try? AlertTemplate(parsing: text)
        }
        let deep = String(repeating: "{{ if true }}", count: 5000)
        #expect(throws: TemplateError.self) { try AlertTemplate(parsing: deep) }
        #expect(throws: TemplateError.self) { try AlertTemplate(parsing: "{{" + String(repeating: "(", count: 50_000)) }
        #expect(throws: TemplateError.self) {
            try AlertTemplate(
                parsing: "{{ if true }}" + String(repeating: "{{ else if true }}", count: 5000) + "{{ end }}")
        }
    }
}
