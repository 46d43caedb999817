/// Cuts an expression into tokens. Text that is none becomes one last `.invalid` token, so that an earlier mistake
/// is still the first to be reported.
struct Lexer {
    private let bytes: [UInt8]
    private var index = 0
    private var tokens: [Token] = []
    /// Inside `{}` and `[]` a colon is not part of a name.
    private var colonsJoinNames = true

    private init(_ source: SourceText) {
        bytes = source.bytes
    }

    static func tokens(of source: SourceText) -> [Token] {
        var lexer = Lexer(source)
        while lexer.next() {}
        return lexer.tokens
    }

    /// - Returns: false when there is no more.
    private mutating func next() -> Bool {
        skipBlanksAndComments()
        guard index < bytes.count else {
            add(.end, from: bytes.count)
            return false
        }
        let start = index
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            return string()
        case _ where byte.isASCIIDigit,
            UInt8(ascii: ".") where peek(1)?.isASCIIDigit == true:
            return numberOrDuration()
        case _ where byte.isASCIILetterOrUnderscore,
            UInt8(ascii: ":") where colonsJoinNames:
            index += 1
            while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
            add(.identifier(String(decoding: bytes[start..<index], as: UTF8.self)), from: start)
            return true
        default:
            return symbol()
        }
    }

    private mutating func symbol() -> Bool {
        let start = index
        for length in [2, 1] where start + length <= bytes.count {
            guard
                let symbol = Token.Symbol(
                    rawValue: String(decoding: bytes[start..<start + length], as: UTF8.self))
            else { continue }
            index += length
            switch symbol {
            case .leftBrace, .leftBracket: colonsJoinNames = false
            case .rightBrace, .rightBracket: colonsJoinNames = true
            default: break
            }
            add(.symbol(symbol), from: start)
            return true
        }
        // The whole character, which may have several bytes.
        let rest = String(decoding: bytes[start..<min(start + 4, bytes.count)], as: UTF8.self)
        let character = rest.unicodeScalars.first.map { String(Character($0)) } ?? ""
        add(.invalid("unexpected character \(QuotedString.quote(character))"), from: start)
        return false
    }

    private mutating func string() -> Bool {
        let start = index
        do {
            let (value, end) = try QuotedString.read(bytes, at: start)
            index = end
            add(.string(value), from: start)
            return true
        } catch {
            add(.invalid(error.message), from: error.offset)
            return false
        }
    }

    private mutating func numberOrDuration() -> Bool {
        let start = index
        let isHexadecimal = bytes[start] == UInt8(ascii: "0") && peek(1).map { $0 | 0x20 } == UInt8(ascii: "x")
        while index < bytes.count {
            let byte = bytes[index]
            if byte.isASCIIDigit || byte.isASCIILetterOrUnderscore || byte == UInt8(ascii: ".") {
                index += 1
                // The sign of an exponent belongs to the number.
                if byte | 0x20 == UInt8(ascii: "e"), !isHexadecimal, index + 1 < bytes.count,
                    bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"),
                    bytes[index + 1].isASCIIDigit
                {
                    index += 1
                }
            } else {
                break
            }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let value = NumberText.value(text) {
            add(.number(value), from: start)
            return true
        }
        do {
            add(.duration(try DurationText.milliseconds(text)), from: start)
            return true
        } catch {
            add(.invalid("bad number or duration \(QuotedString.quote(text))"), from: start)
            return false
        }
    }

    private mutating func skipBlanksAndComments() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                index += 1
            case UInt8(ascii: "#"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            default:
                return
            }
        }
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrUnderscore || byte.isASCIIDigit || (colonsJoinNames && byte == UInt8(ascii: ":"))
    }

    private func peek(_ distance: Int) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    private mutating func add(_ kind: Token.Kind, from start: Int) {
        tokens.append(Token(kind: kind, range: start..<max(start, index)))
    }
}
