public import PromQL

/// One thing that a test of rules expected otherwise.
public struct RuleTestFailure: Sendable, Hashable {
    /// What was expected, and what came.
    public enum Finding: Sendable, Hashable {
        /// Other alerts of this name fire.
        case alerts(name: String, expected: [RuleTest.Alert], got: [RuleTest.Alert])
        /// The expression gives other samples; both are sorted by labels.
        case samples(expression: String, expected: [VectorSample], got: [VectorSample])
        /// The expression cannot be read or evaluated.
        case expressionFailed(expression: String, message: String)
        /// A rule cannot be evaluated over the test's series, which ends the test.
        case ruleFailed(RuleFailure)
    }

    /// The test's name, or "".
    public let test: String
    /// Which test it is in the file, counted from 0.
    public let index: Int
    /// Since the test's start.
    public let time: Duration
    /// What is different.
    public let finding: Finding
}

extension RuleTestFailure: CustomStringConvertible {
    /// Where and what, the differences as lines that begin with `-` (expected) and `+` (got).
    public var description: String {
        let place = test.isEmpty ? "test \(index + 1)" : test
        let moment = DurationText.text(time.milliseconds)
        switch finding {
        case .alerts(let name, let expected, let got):
            return "\(place)\n  \(name) at \(moment): \(Self.summary(expected.count, got.count))"
                + RuleTestDifference.alerts(expected: expected, got: got).map { "\n    " + $0 }.joined()
        case .samples(let expression, let expected, let got):
            return "\(place)\n  \(Self.oneLine(expression)) at \(moment) gives something else"
                + RuleTestDifference.samples(expected: expected, got: got).map { "\n    " + $0 }.joined()
        case .expressionFailed(let expression, let message):
            return "\(place)\n  \(Self.oneLine(expression)) at \(moment) fails: \(message)"
        case .ruleFailed(let failure):
            return "\(place)\n  the rule \(failure.rule) of the group \(failure.group) fails at \(moment): "
                + failure.message
        }
    }

    private static func summary(_ expected: Int, _ got: Int) -> String {
        switch (expected, got) {
        case (0, 1): "fires, and should not"
        case (0, _): "fires \(got) times, and should not"
        case (1, 0): "does not fire, and should"
        case (_, 0): "does not fire, and should \(expected) times"
        case (let expected, let got) where expected != got: "fires \(times(got)), not \(times(expected))"
        default: "fires otherwise than expected"
        }
    }

    private static func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }

    private static func oneLine(_ expression: String) -> String {
        expression.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
