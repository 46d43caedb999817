extension Labels {
    /// Reads a series as Prometheus writes it: `up{job="node"}`, `{__name__="up"}`; the empty text is the empty set.
    ///
    /// - Throws: `ParseError` with the place of the first mistake.
    public init(parsing text: String) throws(ParseError) {
        var reader = LabelsReader(text)
        self = try reader.read()
    }
}

/// Reads the notation of a series: a selector that knows no operator but `=`.
private struct LabelsReader {
    private let source: SourceText
    private let tokens: [Token]
    private var index = 0

    init(_ text: String) {
        source = SourceText(text)
        tokens = Lexer.tokens(of: source)
    }

    mutating func read() throws(ParseError) -> Labels {
        var labels = Labels()
        if case .identifier(let name) = current.kind {
            labels[Labels.metricNameLabel] = name
            index += 1
        }
        if accept(.leftBrace) {
            while !accept(.rightBrace) {
                try readPair(into: &labels)
                if accept(.rightBrace) { break }
                guard accept(.comma) else { throw unexpected(", or } behind the label") }
            }
        }
        guard case .end = current.kind else {
            throw unexpected(index == 0 ? "a series such as up{job=\"node\"}" : "the end of the series")
        }
        return labels
    }

    private mutating func readPair(into labels: inout Labels) throws(ParseError) {
        let name: String
        switch current.kind {
        case .identifier(let text):
            name = text
            index += 1
        case .string(let text):
            index += 1
            // `{"a.name"}` is a metric's name.
            if current.kind == .symbol(.comma) || current.kind == .symbol(.rightBrace) {
                labels[Labels.metricNameLabel] = text
                return
            }
            name = text
        default: throw unexpected("a label name or }")
        }
        guard accept(.assign) else { throw unexpected("= behind the label name") }
        guard case .string(let value) = current.kind else { throw unexpected("a quoted string as the label's value") }
        index += 1
        labels[name] = value
    }

    private var current: Token { tokens[min(index, tokens.count - 1)] }

    private mutating func accept(_ symbol: Token.Symbol) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    private func unexpected(_ wanted: String) -> ParseError {
        if case .invalid(let message) = current.kind {
            return ParseError(message, at: current.range.lowerBound, in: source)
        }
        return ParseError(
            "unexpected \(current.name), expected \(wanted)", at: current.range.lowerBound, in: source)
    }
}
