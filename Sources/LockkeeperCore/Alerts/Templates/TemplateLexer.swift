/// Cuts a template into texts and the words of its actions.
struct TemplateLexer {
    struct Token {
        enum Kind: Equatable {
            case text(String)
            case open
            case close
            /// A name without dot or dollar.
            case word(String)
            /// `$name`; the dollar alone has the empty name.
            case variable(String)
            /// `.name`
            case field(String)
            case dot
            case string(String)
            case integer(Int)
            case float(Double)
            case pipe, declare, assign, comma, leftParenthesis, rightParenthesis
            case space
            case end
        }

        let kind: Kind
        let offset: Int
    }

    private let source: String
    private let bytes: [UInt8]
    private var index = 0
    private var tokens: [Token] = []

    private init(_ source: String) {
        self.source = source
        bytes = Array(source.utf8)
    }

    static func tokens(of source: String) throws(TemplateError) -> [Token] {
        var lexer = TemplateLexer(source)
        try lexer.run()
        return lexer.tokens
    }

    private mutating func run() throws(TemplateError) {
        var trimsNext = false
        while index < bytes.count {
            let start = index
            while index < bytes.count, !starts(with: "{{") { index += 1 }
            var text = bytes[start..<index]
            let trimsThis = starts(with: "{{-") && isSpace(at: index + 3)
            if trimsNext { text = text.drop(while: Self.isSpace) }
            if trimsThis { while let last = text.last, Self.isSpace(last) { text.removeLast() } }
            if !text.isEmpty { add(.text(String(decoding: text, as: UTF8.self)), at: start) }
            guard index < bytes.count else { break }
            let open = index
            index += trimsThis ? 4 : 2
            trimsNext = try isComment() ? comment(from: open) : action(from: open)
        }
        add(.end, at: bytes.count)
    }

    private func isComment() -> Bool { starts(with: "/*") }

    /// - Returns: whether the following text is trimmed.
    private mutating func comment(from open: Int) throws(TemplateError) -> Bool {
        while index < bytes.count, !starts(with: "*/") { index += 1 }
        guard index < bytes.count else { throw error("unclosed comment", at: open) }
        index += 2
        if let trims = closing() { return trims }
        throw error("comment ends before closing delimiter, expected }}", at: index)
    }

    /// `}}` or ` -}}`, taken; nil when neither stands here.
    private mutating func closing() -> Bool? {
        if starts(with: "}}") {
            index += 2
            return false
        }
        if isSpace(at: index), starts(with: "-}}", at: index + 1) {
            index += 4
            return true
        }
        return nil
    }

    private mutating func action(from open: Int) throws(TemplateError) -> Bool {
        add(.open, at: open)
        while index < bytes.count {
            let start = index
            if let trims = closing() {
                add(.close, at: start)
                return trims
            }
            let byte = bytes[index]
            switch byte {
            case _ where Self.isSpace(byte):
                index += 1
                if tokens.last?.kind != .space { add(.space, at: start) }
            case UInt8(ascii: "|"): take(1, .pipe)
            case UInt8(ascii: ","): take(1, .comma)
            case UInt8(ascii: "("): take(1, .leftParenthesis)
            case UInt8(ascii: ")"): take(1, .rightParenthesis)
            case UInt8(ascii: "="): take(1, .assign)
            case UInt8(ascii: ":") where starts(with: ":="): take(2, .declare)
            case UInt8(ascii: "\""): add(.string(try quoted()), at: start)
            case UInt8(ascii: "`"): add(.string(try raw()), at: start)
            case UInt8(ascii: "'"): add(.integer(try character()), at: start)
            case UInt8(ascii: "$"):
                index += 1
                add(.variable(name()), at: start)
            case UInt8(ascii: ".") where !isDigit(at: index + 1):
                index += 1
                let field = name()
                add(field.isEmpty ? .dot : .field(field), at: start)
            case _ where isDigit(at: index) || byte == UInt8(ascii: "."),
                UInt8(ascii: "+") where isDigit(at: index + 1) || bytes.count > index + 1 && bytes[index + 1] == 0x2E,
                UInt8(ascii: "-") where isDigit(at: index + 1) || bytes.count > index + 1 && bytes[index + 1] == 0x2E:
                try number()
            case _ where Self.isLetter(byte):
                add(.word(name()), at: start)
            default:
                let rest = String(decoding: bytes[start..<min(start + 4, bytes.count)], as: UTF8.self)
                throw error("unexpected character \"\(rest.unicodeScalars.first.map { String($0) } ?? "")\"", at: start)
            }
        }
        throw error("unclosed action, expected }}", at: open)
    }

    private mutating func take(_ count: Int, _ kind: Token.Kind) {
        add(kind, at: index)
        index += count
    }

    private mutating func name() -> String {
        let start = index
        while index < bytes.count, Self.isLetter(bytes[index]) || isDigit(at: index) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func number() throws(TemplateError) {
        let start = index
        if bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
        while index < bytes.count {
            let byte = bytes[index]
            guard Self.isLetter(byte) || isDigit(at: index) || byte == UInt8(ascii: ".") else { break }
            index += 1
            let isExponent = byte | 0x20 == UInt8(ascii: "e") && !starts(with: "0x", at: start)
            if isExponent, index < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[index]) {
                index += 1
            }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if text.lowercased().hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16) {
            add(.integer(value), at: start)
        } else if let value = Int(text) {
            add(.integer(value), at: start)
        } else if let value = Double(text.hasPrefix(".") ? "0" + text : text) {
            add(.float(value), at: start)
        } else {
            throw error("bad number syntax: \"\(text)\"", at: start)
        }
    }

    private mutating func raw() throws(TemplateError) -> String {
        let start = index
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "`") { index += 1 }
        guard index < bytes.count else { throw error("unterminated raw quoted string", at: start) }
        index += 1
        return String(decoding: bytes[(start + 1)..<(index - 1)], as: UTF8.self)
    }

    private mutating func quoted() throws(TemplateError) -> String {
        let start = index
        index += 1
        var value: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != 0x0A {
            if bytes[index] == UInt8(ascii: "\\") {
                try escape(into: &value)
            } else {
                value.append(bytes[index])
                index += 1
            }
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
            throw error("unterminated quoted string", at: start)
        }
        index += 1
        return String(decoding: value, as: UTF8.self)
    }

    private mutating func character() throws(TemplateError) -> Int {
        let start = index
        index += 1
        var value: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "'"), bytes[index] != 0x0A {
            if bytes[index] == UInt8(ascii: "\\") {
                try escape(into: &value)
            } else {
                value.append(bytes[index])
                index += 1
            }
        }
        let scalars = String(decoding: value, as: UTF8.self).unicodeScalars
        guard index < bytes.count, bytes[index] == UInt8(ascii: "'"), scalars.count == 1, let scalar = scalars.first
        else { throw error("malformed character constant", at: start) }
        index += 1
        return Int(scalar.value)
    }

    /// Go's escapes.
    private mutating func escape(into value: inout [UInt8]) throws(TemplateError) {
        let start = index
        index += 1
        guard index < bytes.count else { throw error("unterminated quoted string", at: start) }
        let letter = bytes[index]
        index += 1
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
            UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): 0x5C,
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "'"): 0x27,
        ]
        if let byte = simple[letter] {
            value.append(byte)
            return
        }
        let digitCounts: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
        guard let count = digitCounts[letter], index + count <= bytes.count,
            let code = UInt32(String(decoding: bytes[index..<index + count], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(code)
        else { throw error("unknown escape in a string", at: start) }
        index += count
        if count == 2 { value.append(UInt8(truncatingIfNeeded: code)) } else { value += Array(String(scalar).utf8) }
    }

    private func starts(with text: StaticString, at place: Int? = nil) -> Bool {
        let place = place ?? index
        guard place + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { $0.elementsEqual(bytes[place..<place + text.utf8CodeUnitCount]) }
    }

    private func isSpace(at place: Int) -> Bool { place < bytes.count && Self.isSpace(bytes[place]) }

    private func isDigit(at place: Int) -> Bool {
        place < bytes.count && bytes[place] >= 0x30 && bytes[place] <= 0x39
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    /// Letters beyond ASCII are letters too.
    private static func isLetter(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return (lower >= 0x61 && lower <= 0x7A) || byte == 0x5F || byte >= 0x80
    }

    private mutating func add(_ kind: Token.Kind, at offset: Int) {
        tokens.append(Token(kind: kind, offset: offset))
    }

    private func error(_ message: String, at offset: Int) -> TemplateError {
        TemplateError(message, at: offset, in: source)
    }
}
