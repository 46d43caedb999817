/// How much of a query's text leaves the agent in messages, logs, files and answers.
public enum QueryTextPrivacy: String, Sendable, Hashable, Codable, CaseIterable {
    /// As the server shows it.
    case full
    /// Literals and comments removed.
    case normalized
    /// No text at all.
    case none

    /// The text as it may be shown, on one line and at most `limit` characters long.
    public func shown(_ query: String, limit: Int = 500) -> String {
        let text =
            switch self {
            case .full: query.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            case .normalized: Self.normalize(query)
            case .none: query.isEmpty ? "" : "(query text withheld by privacy.query_text)"
            }
        guard text.count > limit else { return text }
        return text.prefix(limit - 1) + "…"
    }

    /// The text without comments and with `?` for each literal, its tokens one space apart where they were apart.
    private static func normalize(_ query: String) -> String {
        var result = ""
        var previous: SQLToken?
        for token in SQLLexer(query) where token.kind != .comment {
            let text =
                switch token.kind {
                case .literal, .dollarQuoted: "?"
                case .word, .quotedIdentifier, .parameter, .symbol, .comment: token.text
                }
            if let previous, needsSpace(between: previous, and: token) { result += " " }
            result += text
            previous = token
        }
        return result
    }

    private static func needsSpace(between left: SQLToken, and right: SQLToken) -> Bool {
        if left.kind == .symbol, right.kind == .symbol {
            // Operators such as `>=`, `::` and `||` stay whole; a comma or parenthesis is none.
            return left.text == "," || (left.text == ")" && right.text != ")" && right.text != "," && right.text != ";")
        }
        if right.kind == .symbol { return ![",", ")", ";", ".", ":", "["].contains(right.text) && right.text != "(" }
        if left.kind == .symbol { return !["(", ".", ":", "["].contains(left.text) }
        return true
    }
}
