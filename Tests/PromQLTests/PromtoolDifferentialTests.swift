import PromQL
import Testing

/// Prometheus itself is asked what made-up expressions over made-up series give.
@Suite struct PromtoolDifferentialTests {
    private enum Answer: CustomStringConvertible {
        case samples([Labels: Double])
        case error(String)

        var description: String {
            switch self {
            case .samples(let samples):
                samples.sorted { $0.key < $1.key }.map { "\($0.key) \(FloatText.shortest($0.value))" }.joined(
                    separator: ", ")
            case .error(let text): "error: " + text
            }
        }

        func agrees(with other: Answer) -> Bool {
            switch (self, other) {
            case (.error, .error): true
            case (.samples(let left), .samples(let right)):
                left.count == right.count
                    && left.allSatisfy { entry in right[entry.key].map { Self.close($0, entry.value) } ?? false }
            default: false
            }
        }

        /// The same but for the last bits, which depend on the order of summation.
        private static func close(_ left: Double, _ right: Double) -> Bool {
            if left == right || (left.isNaN && right.isNaN) { return true }
            return (left - right).magnitude <= 1e-9 * max(left.magnitude, right.magnitude, 1)
        }
    }

    private struct Case {
        let expression: String
        /// Milliseconds.
        let time: Int64
    }

    @Test(
        "Expressions give the same answer as in promtool", .enabled(if: Promtool.isWanted, Promtool.reason),
        arguments: 1...8 as ClosedRange<UInt64>)
    func agrees(seed: UInt64) throws {
        let world = GeneratedWorld(seed: seed)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed &* 31))
        let cases = (0..<500).map { _ in
            let text = generator.expression()
            let steps = Int64.random(in: 0...70, using: &generator.random)
            let jitter =
                generator.random.chance(50) ? 0 : Int64.random(in: 0..<world.interval, using: &generator.random)
            return Case(expression: text, time: steps * world.interval + jitter)
        }
        let theirs = try Self.promtool(world, cases)
        let source = world.source
        var differences = 0
        var answered = 0
        for (index, example) in cases.enumerated() {
            let expected = theirs[index] ?? .samples([:])
            let actual = Self.ours(example, source)
            if case .samples(let samples) = actual, !samples.isEmpty { answered += 1 }
            if !actual.agrees(with: expected) {
                differences += 1
                if differences <= 10 {
                    Issue.record(
                        "\(example.expression) at \(example.time) ms\n  promtool: \(expected)\n  here:     \(actual)")
                }
            }
        }
        #expect(differences == 0)
        // Were most of them empty or errors, they would prove nothing.
        #expect(answered > 250)
    }

    @Test(
        "What is an expression here is one in promtool and the other way round, whatever is mangled",
        .enabled(if: Promtool.isWanted, Promtool.reason), arguments: 1...4 as ClosedRange<UInt64>)
    func agreesOnSyntax(seed: UInt64) throws {
        let world = GeneratedWorld(seed: seed)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed &* 77))
        let cases = (0..<500).map { _ in
            Case(expression: Self.mangled(generator.expression(), &generator.random), time: 600_000)
        }
        let theirs = try Self.promtool(world, cases)
        for (index, example) in cases.enumerated() {
            let theirError: String? =
                if case .error(let text) = theirs[index], text.contains("parse error") { text } else { nil }
            var ourError: ParseError?
            do { _ = try Expression(parsing: example.expression) } catch { ourError = error }
            if theirError == nil, let ourError {
                Issue.record("only refused here: \(example.expression)\n  \(ourError)")
            }
            // Prometheus 3 takes durations for numbers, numbers for durations, and quoted and more label names; so do we.
            let isLaterSyntax = ["duration", "in grouping opts", "trailing commas"].contains {
                theirError?.contains($0) == true
            }
            if let theirError, ourError == nil, !isLaterSyntax {
                Issue.record("only accepted here: \(example.expression)\n  \(theirError)")
            }
        }
    }

    /// The text with one to three words removed, doubled, exchanged or replaced.
    private static func mangled(_ text: String, _ random: inout SeededGenerator) -> String {
        var words: [String] = []
        for character in text {
            let isWord = character.isLetter || character.isNumber || character == "_" || character == "."
            if isWord, let last = words.last,
                last.last?.isLetter == true || last.last?.isNumber == true || last.last == "_"
            {
                words[words.count - 1].append(character)
            } else {
                words.append(String(character))
            }
        }
        let replacements = [
            "(", ")", "[", "]", "{", "}", ",", ":", "@", "=", "==", "=~", "+", "-", "^", "and", "or", "on", "by",
            "without", "bool",
            "group_left", "offset", "sum", "rate", "m", "m[5m]", "'s'", "1", "(a)", "start()", "unless", "\"a\"", "abs",
            "5m", " ",
        ]
        for _ in 0..<Int.random(in: 1...3, using: &random) where words.count > 1 {
            let place = Int.random(in: words.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: words.remove(at: place)
            case 1: words.insert(words[place], at: place)
            case 2: words.swapAt(place, Int.random(in: words.indices, using: &random))
            default: words[place] = random.pick(replacements)
            }
        }
        return words.joined()
    }

    private static func ours(_ example: Case, _ source: SampleSeries) -> Answer {
        do {
            let value = try Expression(parsing: example.expression).evaluate(at: example.time, over: source)
            guard let samples = value.asVector else { return .error("neither vector nor scalar") }
            return .samples(Dictionary(samples.map { ($0.labels, $0.value) }) { first, _ in first })
        } catch {
            return .error("\(error)")
        }
    }

    /// Every case expects nothing; what promtool got instead stands in its report.
    private static func promtool(_ world: GeneratedWorld, _ cases: [Case]) throws -> [Int: Answer] {
        var text =
            "evaluation_interval: 1m\ntests:\n  - interval: \(DurationText.text(world.interval))\n    input_series:\n"
        text += world.inputSeries + "    promql_expr_test:\n"
        for (index, example) in cases.enumerated() {
            let quoted = (example.expression + " # case \(index) ").replacing("'", with: "''")
            text += "      - expr: '\(quoted)'\n        eval_time: \(DurationText.text(example.time))\n"
        }
        let output = try Promtool.testRules(text)
        var answers: [Int: Answer] = [:]
        var current: Int?
        for line in output.split(separator: "\n") {
            if let mark = line.firstRange(of: " # case "), line.contains("expr: ") {
                current = Int(line[mark.upperBound...].prefix { $0.isNumber })
                if let error = line.firstRange(of: ", err: "), let current {
                    answers[current] = .error(String(line[error.upperBound...]))
                }
            } else if let got = line.firstRange(of: "        got: "), let current {
                answers[current] = .samples(samples(line[got.upperBound...]))
            }
        }
        #expect(output.contains("FAILED"), "promtool did not run the tests: \(output.prefix(500))")
        return answers
    }

    /// `{a="x", b="y"} 1E+00, {a="z"} NaN`
    private static func samples(_ text: Substring) -> [Labels: Double] {
        var result: [Labels: Double] = [:]
        var rest = text
        while rest.popFirst(through: "{") != nil {
            var labels = Labels()
            while rest.first != "}" {
                guard let name = rest.popFirst(through: "=")?.drop(while: { $0 == "," || $0 == " " }) else {
                    Issue.record("promtool printed \(text)")
                    return result
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
                Issue.record("promtool printed \(number) for a number")
                return result
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
