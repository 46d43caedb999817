/// Cuts SQL text into tokens by PostgreSQL's lexical rules, as far as telling words, literals and comments apart needs them.
///
/// Any text is accepted: what the server cut off at `track_activity_query_size` ends in an unterminated token.
/// Source: PostgreSQL manual, "Lexical Structure". `standard_conforming_strings` is taken to be on.
public struct SQLLexer: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The next token, white space skipped; `nil` at the end.
    public mutating func next() -> SQLToken? {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        guard position < bytes.count else { return nil }
        let start = position
        let kind = scan()
        return SQLToken(kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func scan() -> SQLToken.Kind {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "-") where peek(1) == UInt8(ascii: "-"):
            while position < bytes.count, bytes[position] != 10 { position += 1 }
            return .comment
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
            scanBlockComment()
            return .comment
        case UInt8(ascii: "'"):
            scanQuoted(by: byte, escapes: false)
            return .literal
        case UInt8(ascii: "\""):
            scanQuoted(by: byte, escapes: false)
            return .quotedIdentifier
        case UInt8(ascii: "$"):
            return scanDollar()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            scanNumber()
            return .literal
        case UInt8(ascii: ".") where peek(1).map(Self.isDigit) == true:
            scanNumber()
            return .literal
        case _ where Self.isWordStart(byte):
            return scanWord()
        default:
            position += 1
            return .symbol
        }
    }

    /// A word, or a literal with a prefix: E'…', B'…', X'…', N'…', U&'…'.
    private mutating func scanWord() -> SQLToken.Kind {
        let first = bytes[position] | 0x20
        if peek(1) == UInt8(ascii: "'"), "ebxn".utf8.contains(first) {
            position += 1
            scanQuoted(by: UInt8(ascii: "'"), escapes: first == UInt8(ascii: "e"))
            return .literal
        }
        if first == UInt8(ascii: "u"), peek(1) == UInt8(ascii: "&"), let quote = peek(2) {
            if quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
                position += 2
                scanQuoted(by: quote, escapes: false)
                return quote == UInt8(ascii: "'") ? .literal : .quotedIdentifier
            }
        }
        while position < bytes.count, Self.isWordPart(bytes[position]) { position += 1 }
        return .word
    }

    /// A parameter (`$1`), a dollar-quoted string, or a lone dollar sign.
    private mutating func scanDollar() -> SQLToken.Kind {
        var end = position + 1
        if end < bytes.count, Self.isDigit(bytes[end]) {
            while end < bytes.count, Self.isDigit(bytes[end]) { end += 1 }
            position = end
            return .parameter
        }
        while end < bytes.count, bytes[end] != UInt8(ascii: "$"), Self.isWordPart(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
            position += 1
            return .symbol
        }
        let delimiter = bytes[position...end]
        position = end + 1
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "$"), bytes[position...].starts(with: delimiter) {
                position += delimiter.count
                return .dollarQuoted
            }
            position += 1
        }
        return .dollarQuoted
    }

    private mutating func scanQuoted(by quote: UInt8, escapes: Bool) {
        position += 1
        while position < bytes.count {
            if bytes[position] == quote {
                if peek(1) == quote {
                    position += 2
                    continue
                }
                position += 1
                return
            }
            position += escapes && bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position = bytes.count
    }

    private mutating func scanBlockComment() {
        var depth = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                position += 2
            } else if bytes[position] == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else {
                position += 1
            }
        }
    }

    private mutating func scanNumber() {
        while position < bytes.count {
            let byte = bytes[position]
            let isExponentSign =
                (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"))
                && (bytes[position - 1] | 0x20) == UInt8(ascii: "e")
            guard Self.isWordPart(byte) && byte != UInt8(ascii: "$") || byte == UInt8(ascii: ".") || isExponentSign
            else { return }
            position += 1
        }
    }

    private func peek(_ offset: Int) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func isWordStart(_ byte: UInt8) -> Bool {
        (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isWordPart(_ byte: UInt8) -> Bool {
        isWordStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }
}

/// A piece of SQL text.
public struct SQLToken: Sendable, Hashable {
    public var kind: Kind
    public var text: String

    public enum Kind: Sendable, Hashable {
        /// A keyword or an unquoted identifier.
        case word
        case quotedIdentifier
        /// A string in single quotes, with or without a prefix, or a number.
        case literal
        case dollarQuoted
        /// `$1`
        case parameter
        case comment
        /// One character of punctuation or of an operator.
        case symbol
    }

    /// The word in lower case, or the identifier without its quotes; `nil` for other kinds.
    public var name: String? {
        switch kind {
        case .word: text.lowercased()
        case .quotedIdentifier:
            String(text.drop { $0 != "\"" }.dropFirst().dropLast(text.hasSuffix("\"") ? 1 : 0))
                .replacing("\"\"", with: "\"")
        case .literal, .dollarQuoted, .parameter, .comment, .symbol: nil
        }
    }

    /// What stands between the delimiters of a dollar-quoted string.
    public var dollarQuotedBody: String? {
        guard kind == .dollarQuoted, let open = text.dropFirst().firstIndex(of: "$") else { return nil }
        let delimiter = text[...open]
        let body = text[text.index(after: open)...]
        return String(body.hasSuffix(delimiter) ? body.dropLast(delimiter.count) : body)
    }
}
