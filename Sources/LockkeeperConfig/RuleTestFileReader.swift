import LockkeeperCore
import PromQL

/// Reads files of tests for rules: YAML to ``RuleTestFile``, with everything that is wrong and where it stands.
///
/// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/. As with promtool, a field that is not known is
/// an error.
public enum RuleTestFileReader {
    /// With many series the files become long.
    static let sizeLimit = 64 << 20

    /// - Throws: all that is wrong with the file and the rule files that it names.
    public static func read(path: String) throws(ConfigurationProblems) -> RuleTestFile {
        let file: TextFile
        do {
            file = try TextFile(path: path, limit: sizeLimit)
        } catch {
            throw ConfigurationProblems([
                ConfigurationProblem(
                    file: path, message: "the file \(error.reason)", hint: FilePattern.neighbourHint(for: path))
            ])
        }
        return try read(file.text, path: path)
    }

    /// - Parameter path: what the file is called; names of rule files are relative to its folder.
    /// - Throws: all that is wrong with the text and the rule files that it names.
    public static func read(_ text: String, path: String) throws(ConfigurationProblems) -> RuleTestFile {
        let context = ReadingContext(file: path, folder: TextFile.folder(of: path), environment: [:])
        let file = read(text, into: context)
        let problems = context.problems.inReadingOrder(from: path)
        guard var file, !problems.contains(where: { $0.gravity == .error }) else {
            throw ConfigurationProblems(problems)
        }
        file.warnings = problems
        return file
    }

    private static func read(_ text: String, into context: ReadingContext) -> RuleTestFile? {
        let root: ConfigurationField
        switch YAMLText.compose(text) {
        case .success(let node?): root = ConfigurationField(node: node, path: "", context: context)
        case .success(nil):
            context.add(ConfigurationProblem(file: context.file, message: "the file holds no tests"))
            return nil
        case .failure(let error):
            context.add(
                ConfigurationProblem(
                    file: context.file, line: error.line, column: error.column, message: error.message,
                    hint: error.hint))
            return nil
        }
        guard let section = root.section(.ruleTestFile) else { return nil }
        var interval = section["evaluation_interval"]?.prometheusDuration() ?? .zero
        if interval == .zero { interval = .seconds(60) }
        let order = section["group_eval_order"].flatMap { $0.isNull ? [] : $0.elements(of: "groups' names") } ?? []
        var names: Set<String> = []
        for field in order {
            guard let name = field.plainText(), !names.insert(name).inserted else { continue }
            field.report("the group is named twice", hint: "Keep one of them", value: name)
        }
        let files = ruleFiles(section["rule_files"])
        let groups = Set(files.flatMap { $0.groups.map(\.name) })
        for field in order {
            guard let name = field.plainText(), !groups.contains(name), !files.isEmpty else { continue }
            field.report(
                "no rule file has a group of this name",
                hint: Suggestion.nearest(to: name, in: groups.sorted()).map {
                    "Did you mean `\($0)`?"
                }, value: name, gravity: .warning)
        }
        let tests = section["tests"].flatMap { $0.isNull ? [] : $0.elements(of: "tests") } ?? []
        if tests.isEmpty, context.problems.isEmpty { root.report("the file holds no tests", gravity: .warning) }
        return RuleTestFile(
            path: context.file, ruleFiles: files, groupOrder: order.compactMap { $0.plainText() },
            evaluationInterval: interval, isFuzzy: section["fuzzy_compare"]?.boolean() ?? false,
            tests: tests.compactMap { test($0, evaluationInterval: interval) },
            warnings: [])
    }

    // MARK: - Rule files

    private static func ruleFiles(_ field: ConfigurationField?) -> [RuleFile] {
        guard let field, !field.isNull else { return [] }
        var seen: Set<String> = []
        var files: [RuleFile] = []
        for element in field.elements(of: "files' names or patterns") ?? [] {
            guard let text = element.plainText(), !text.isEmpty else { continue }
            let path = TextFile.resolve(text, in: element.context.folder)
            let paths = FilePattern.isPattern(path) ? FilePattern.matches(path) : [path]
            if paths.isEmpty { element.report("no file matches \(path)", value: text, gravity: .warning) }
            for path in paths where seen.insert(path).inserted {
                do {
                    let file = try TextFile(path: path, limit: RuleFileReader.sizeLimit)
                    files += RuleFilesReader.read([RuleFileText(name: path, text: file.text)], into: element.context)
                } catch {
                    // As in promtool, which tests on without it.
                    element.report(
                        "the rule file \(path) \(error.reason)",
                        hint: FilePattern.neighbourHint(for: path)
                            ?? "Relative paths start from the test file's folder",
                        gravity: error.reason == "does not exist" ? .warning : .error)
                }
            }
        }
        return files
    }

    // MARK: - Tests

    private static func test(_ field: ConfigurationField, evaluationInterval: Duration) -> RuleTest? {
        guard let section = field.section(.ruleTest) else { return nil }
        var interval = section["interval"]?.prometheusDuration() ?? .zero
        if interval == .zero { interval = evaluationInterval }
        return RuleTest(
            name: section["name"]?.plainText() ?? "",
            start: section["start_timestamp"]?.moment() ?? Timestamp(microseconds: 0), interval: interval,
            series: elements(section["input_series"], of: "series").compactMap(series),
            alertCases: elements(section["alert_rule_test"], of: "cases").compactMap(alertCase),
            expressionCases: elements(section["promql_expr_test"], of: "cases").compactMap(expressionCase),
            externalLabels: Labels(section["external_labels"]?.plainTextByName() ?? [:]),
            externalURL: section["external_url"]?.plainText() ?? "")
    }

    private static func series(_ field: ConfigurationField) -> RuleTest.InputSeries? {
        guard let section = field.section(.inputSeries), let name = section.required("series"),
            let labels = labels(name), let values = section.required("values"), let text = values.plainText()
        else { return nil }
        do {
            return RuleTest.InputSeries(labels: labels, values: try SeriesValues.parse(text))
        } catch {
            values.report(error, in: text)
            return nil
        }
    }

    private static func alertCase(_ field: ConfigurationField) -> RuleTest.AlertCase? {
        guard let section = field.section(.alertCase), let name = section.required("alertname"),
            let alertName = name.plainText()
        else { return nil }
        if alertName.isEmpty { name.report("is empty", hint: "Name the alert that is tested") }
        let expected = elements(section["exp_alerts"], of: "alerts").compactMap { field -> RuleTest.Alert? in
            guard let section = field.section(.expectedAlert) else { return nil }
            var labels = Labels(section["exp_labels"]?.plainTextByName() ?? [:])
            labels["alertname"] = alertName
            return RuleTest.Alert(
                labels: labels, annotations: section["exp_annotations"]?.plainTextByName() ?? [:])
        }
        return RuleTest.AlertCase(
            time: section["eval_time"]?.prometheusDuration() ?? .zero, alertName: alertName, expected: expected)
    }

    private static func expressionCase(_ field: ConfigurationField) -> RuleTest.ExpressionCase? {
        guard let section = field.section(.expressionCase), let expression = section.required("expr")?.plainText()
        else { return nil }
        let expected = elements(section["exp_samples"], of: "samples").compactMap { field -> VectorSample? in
            guard let section = field.section(.expectedSample) else { return nil }
            let value = section["value"].map { $0.floatingPoint() } ?? 0
            let series = section["labels"].map { labels($0) } ?? Labels()
            guard let value, let series else { return nil }
            return VectorSample(labels: series, value: value)
        }
        return RuleTest.ExpressionCase(
            time: section["eval_time"]?.prometheusDuration() ?? .zero, expression: expression, expected: expected)
    }

    private static func labels(_ field: ConfigurationField) -> Labels? {
        guard let text = field.plainText() else { return nil }
        do {
            return try Labels(parsing: text)
        } catch {
            field.report(error, in: text)
            return nil
        }
    }

    private static func elements(_ field: ConfigurationField?, of what: String) -> [ConfigurationField] {
        field.flatMap { $0.isNull ? [] : $0.elements(of: what) } ?? []
    }
}

extension ConfigurationField {
    /// A mistake within a text that has a notation of its own.
    fileprivate func report(_ error: ParseError, in text: String) {
        let shown = text.count > 80 ? text.prefix(80) + "…" : Substring(text)
        report(
            text.contains("\n") || text.count > 20 ? "at character \(error.column): \(error.message)" : error.message,
            value: String(shown))
    }

    /// `1h30m`, as Prometheus writes it; `nil`, and reported, if it is none.
    fileprivate func prometheusDuration() -> Duration? {
        guard let text = plainText() else { return nil }
        do {
            return .milliseconds(try DurationText.milliseconds(text.isEmpty ? "0" : text))
        } catch {
            report(error.message)
            return nil
        }
    }

    /// RFC 3339, or seconds since the epoch; `nil`, and reported, if it is neither.
    fileprivate func moment() -> Timestamp? {
        guard let text = plainText() else { return nil }
        if let time = Timestamp(rfc3339: text) { return time }
        if let seconds = Double(text), seconds.magnitude < 1e11 { return Timestamp(seconds: seconds) }
        report(
            "is not a time", hint: "Write RFC 3339, such as `2026-01-01T00:00:00Z`, or seconds since 1970",
            value: String(text.prefix(80)))
        return nil
    }

    /// A number of YAML's core schema: `1.5`, `1e3`, `.inf`, `-.Inf`, `.nan`, `0x1F`.
    fileprivate func floatingPoint() -> Double? {
        guard let text = plainText() else { return nil }
        switch text {
        case "": return 0
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .infinity
        case "-.inf", "-.Inf", "-.INF": return -.infinity
        case ".nan", ".NaN", ".NAN": return .nan
        default: break
        }
        let digits = text.filter { $0 != "_" }
        let isNegative = digits.hasPrefix("-")
        let magnitude = isNegative || digits.hasPrefix("+") ? String(digits.dropFirst()) : digits
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where magnitude.hasPrefix(prefix) {
            if let value = UInt64(magnitude.dropFirst(2), radix: radix) {
                return isNegative ? -Double(value) : Double(value)
            }
        }
        guard magnitude.allSatisfy({ $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }),
            let value = Double(
                magnitude.hasPrefix(".") ? "0" + magnitude : magnitude.hasSuffix(".") ? magnitude + "0" : magnitude)
        else {
            report(
                "is not a number", hint: "Infinity is written `.inf`, not a number `.nan`",
                value: String(text.prefix(80)))
            return nil
        }
        return isNegative ? -value : value
    }
}
