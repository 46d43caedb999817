import PromQL

extension Promtool {
    /// A test file over the world's series in which every case expects nothing; each ends with its number in a comment.
    public static func testFile(of cases: [ExpressionCase], over world: GeneratedWorld, ruleFiles: [String] = [])
        -> String
    {
        var text =
            "rule_files: [\(ruleFiles.joined(separator: ", "))]\nevaluation_interval: 1m\ntests:\n"
            + "  - interval: \(DurationText.text(world.interval))\n    input_series:\n"
        text += world.inputSeries + "    promql_expr_test:\n"
        for (index, example) in cases.enumerated() {
            let quoted = (example.expression + " # case \(index) ").replacing("'", with: "''")
            text += "      - expr: '\(quoted)'\n        eval_time: \(DurationText.text(example.time))\n"
        }
        return text
    }

    /// What promtool says to the cases: every one expects nothing, and what came instead stands in its report. Those that
    /// give nothing are missing.
    public static func answers(
        to cases: [ExpressionCase], over world: GeneratedWorld
    ) async throws -> [Int: ExpressionAnswer] {
        try answers(in: try await testRules(testFile(of: cases, over: world)))
    }

    /// Reads the report on a file of `testFile`.
    public static func answers(in output: String) throws -> [Int: ExpressionAnswer] {
        guard output.contains("FAILED") else {
            throw TestFailure("promtool did not run the tests: \(output.prefix(500))")
        }
        var answers: [Int: ExpressionAnswer] = [:]
        var current: Int?
        for line in output.split(separator: "\n") {
            if let mark = line.firstRange(of: " # case "), line.contains("expr: ") {
                current = Int(line[mark.upperBound...].prefix { $0.isNumber })
                if let error = line.firstRange(of: ", err: "), let current {
                    answers[current] = .error(String(line[error.upperBound...]))
                }
            } else if let got = line.firstRange(of: "        got: "), let current {
                answers[current] = .samples(try samples(line[got.upperBound...]))
            }
        }
        return answers
    }

    /// `{a="x", b="y"} 1E+00, {a="z"} NaN`
    private static func samples(_ text: Substring) throws -> [Labels: Double] {
        var result: [Labels: Double] = [:]
        var rest = text
        while rest.popFirst(through: "{") != nil {
            var labels = Labels()
            while rest.first != "}" {
                guard let name = rest.popFirst(through: "=")?.drop(while: { $0 == "," || $0 == " " }) else {
                    throw TestFailure("promtool printed \(text)")
                }
                rest = rest.dropFirst()
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character == "\\" ? rest.popFirst() ?? " " : character)
                }
                labels[String(name)] = value
            }
            rest = rest.dropFirst(2)
            let number = rest.prefix { $0 != "," && $0 != " " }
            guard let value = Double(number.lowercased()) else {
                throw TestFailure("promtool printed \(number) for a number")
            }
            result[labels] = value
        }
        return result
    }
}

extension Substring {
    /// Takes what stands before a character, and the character.
    fileprivate mutating func popFirst(through character: Character) -> Substring? {
        guard let place = firstIndex(of: character) else { return nil }
        defer { self = self[index(after: place)...] }
        return self[..<place]
    }
}
