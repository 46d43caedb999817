import LockkeeperTestSupport
import PromQL
import Testing

/// Prometheus itself is asked what made-up expressions over made-up series give.
@Suite struct PromtoolDifferentialTests {
    @Test(
        "Expressions give the same answer as in promtool",
        .enabled(if: Promtool.isWanted, Comment(rawValue: Promtool.reason)),
        arguments: 1...8 as ClosedRange<UInt64>)
    func agrees(seed: UInt64) async throws {
        let world = GeneratedWorld(seed: seed)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed &* 31))
        let cases = (0..<500).map { _ in
            let text = generator.expression()
            let steps = Int64.random(in: 0...70, using: &generator.random)
            let jitter =
                generator.random.chance(50) ? 0 : Int64.random(in: 0..<world.interval, using: &generator.random)
            return ExpressionCase(expression: text, time: steps * world.interval + jitter)
        }
        let theirs = try await Promtool.answers(to: cases, over: world)
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
        .enabled(if: Promtool.isWanted, Comment(rawValue: Promtool.reason)), arguments: 1...4 as ClosedRange<UInt64>)
    func agreesOnSyntax(seed: UInt64) async throws {
        let world = GeneratedWorld(seed: seed)
        var generator = ExpressionGenerator(random: SeededGenerator(seed: seed &* 77))
        let cases = (0..<500).map { _ in
            ExpressionCase(expression: Self.mangled(generator.expression(), &generator.random), time: 600_000)
        }
        let theirs = try await Promtool.answers(to: cases, over: world)
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

    private static func ours(_ example: ExpressionCase, _ source: SampleSeries) -> ExpressionAnswer {
        do {
            let value = try Expression(parsing: example.expression).evaluate(at: example.time, over: source)
            guard let samples = value.asVector else { return .error("neither vector nor scalar") }
            return .samples(Dictionary(samples.map { ($0.labels, $0.value) }) { first, _ in first })
        } catch {
            return .error("\(error)")
        }
    }
}
