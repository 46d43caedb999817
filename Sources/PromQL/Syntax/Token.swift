/// A word of an expression, with its place.
struct Token: Sendable {
    enum Kind: Equatable, Sendable {
        /// A metric, label or function name or a keyword; which one depends on where it stands.
        case identifier(String)
        case number(Double)
        /// In milliseconds.
        case duration(Int64)
        case string(String)
        case symbol(Symbol)
        /// Where the text ceases to be words; the parser reports it when it gets there.
        case invalid(String)
        case end
    }

    enum Symbol: String, Sendable, CaseIterable {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftBracket = "["
        case rightBracket = "]"
        case comma = ","
        case colon = ":"
        case at = "@"
        case assign = "="
        case notEqual = "!="
        case matches = "=~"
        case doesNotMatch = "!~"
        case equal = "=="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
    }

    let kind: Kind
    /// UTF-8 offsets into the source.
    let range: Range<Int>

    /// As a message names it.
    var name: String {
        switch kind {
        case .identifier(let text): QuotedString.quote(text)
        case .number(let value): "number " + FloatText.shortest(value)
        case .duration(let value): "duration " + DurationText.text(value)
        case .string(let text): "string " + QuotedString.quote(text)
        case .symbol(let symbol): QuotedString.quote(symbol.rawValue)
        case .invalid(let message): message
        case .end: "end of the expression"
        }
    }
}
