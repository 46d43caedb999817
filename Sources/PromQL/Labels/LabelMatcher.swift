/// One condition of a selector on one label: `job="node"`, `job=~"n.*"`.
///
/// A regular expression must match the whole value. A label that a series does not have counts as the empty
/// string.
public struct LabelMatcher: Sendable {
    /// How the value is compared.
    public enum Operation: String, Sendable, Hashable, CaseIterable {
        /// Is this value.
        case equal = "="
        /// Is not this value.
        case notEqual = "!="
        /// Matches this regular expression, whole.
        case matches = "=~"
        /// Does not match this regular expression.
        case doesNotMatch = "!~"
    }

    private enum Test: Sendable {
        case literal
        /// A pattern such as `a|b|c`, so common in rules that it is worth not running the engine.
        case oneOf([String])
        case pattern(LinearRegex)
    }

    /// The label's name.
    public let name: String
    /// How the value is compared.
    public let operation: Operation
    /// The value or the regular expression as written.
    public let value: String
    private let test: Test

    /// A matcher.
    ///
    /// - Throws: `RegexError` when the operation takes a regular expression and `value` is none.
    public init(_ name: String, _ operation: Operation, _ value: String) throws(RegexError) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual:
            test = .literal
        case .matches, .doesNotMatch:
            // Compiled in any case, so that the same patterns are refused either way.
            let regex = try LinearRegex(value, matchesWhole: true)
            let special: Set<Unicode.Scalar> = ["\\", ".", "+", "*", "?", "(", ")", "[", "]", "{", "}", "^", "$"]
            if value.unicodeScalars.contains(where: { special.contains($0) }) {
                test = .pattern(regex)
            } else {
                test = .oneOf(value.split(separator: "|", omittingEmptySubsequences: false).map(String.init))
            }
        }
    }

    /// A matcher of exactly this value, which cannot fail.
    public init(_ name: String, is value: String) {
        self.name = name
        operation = .equal
        self.value = value
        test = .literal
    }

    /// True when a label of this value satisfies the matcher; "" stands for a missing label.
    public func matches(_ text: String) -> Bool {
        let found =
            switch test {
            case .literal: text.hasSameBytes(as: value)
            case .oneOf(let values): values.contains { $0.hasSameBytes(as: text) }
            case .pattern(let regex): regex.matches(text)
            }
        return operation == .equal || operation == .matches ? found : !found
    }

    /// True when the label set satisfies the matcher.
    public func matches(_ labels: Labels) -> Bool {
        matches(labels[name] ?? "")
    }
}

extension LabelMatcher: Hashable {
    /// Equal when written equally.
    public static func == (left: LabelMatcher, right: LabelMatcher) -> Bool {
        left.operation == right.operation && left.name.hasSameBytes(as: right.name)
            && left.value.hasSameBytes(as: right.value)
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

extension LabelMatcher: CustomStringConvertible {
    /// As written in a selector: `job=~"n.*"`.
    public var description: String {
        let key = LabelName.isLabelName(name) ? name : QuotedString.quote(name)
        return key + operation.rawValue + QuotedString.quote(value)
    }
}
