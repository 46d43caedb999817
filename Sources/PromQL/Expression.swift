/// A PromQL expression, read and checked, ready to be evaluated any number of times.
///
/// The language is that of https://prometheus.io/docs/prometheus/latest/querying/basics/ without native histograms and
/// experimental functions. Ranges and look-backs include both their ends as in Prometheus 2 unless
/// `EvaluationOptions` says otherwise.
public struct Expression: Sendable {
    let root: Node
    let source: SourceText

    /// Reads an expression.
    ///
    /// - Throws: `ParseError` with the place of the first mistake, whatever the text is.
    public init(parsing text: String) throws(ParseError) {
        var parser = Parser(text)
        root = try parser.parse()
        source = parser.source
    }

    /// What evaluating gives.
    public var type: ValueType { root.type }
}

extension Expression: CustomStringConvertible {
    /// The expression in one normal form, which reads back as the same expression.
    public var description: String { NodeText.text(root) }
}

extension Expression: Hashable {
    /// Equal when the normal forms are.
    public static func == (left: Expression, right: Expression) -> Bool {
        left.description.hasSameBytes(as: right.description)
    }

    /// Hashes the normal form.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(description)
    }
}
