/// String literals of PromQL: the escapes of Go, in double or single quotes, or none in backquotes
/// (https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals).
enum QuotedString {
    /// Why a literal could not be read, with the offset of the offending byte.
    struct Flaw: Error {
        let message: String
        let offset: Int
    }

    /// Reads the literal that begins with the quote at `start`.
    ///
    /// - Returns: its value and the offset behind its closing quote.
    static func read(_ bytes: [UInt8], at start: Int) throws(Flaw) -> (value: String, end: Int) {
        let quote = bytes[start]
        let isRaw = quote == UInt8(ascii: "`")
        var value: [UInt8] = []
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote {
                guard let text = String(validating: value, as: UTF8.self) else {
                    throw Flaw(message: "this string is not valid UTF-8", offset: start)
                }
                return (text, index + 1)
            }
            if isRaw {
                value.append(byte)
                index += 1
            } else if byte == UInt8(ascii: "\n") {
                break
            } else if byte == UInt8(ascii: "\\") {
                try readEscape(bytes, &index, quote: quote, into: &value)
            } else {
                value.append(byte)
                index += 1
            }
        }
        let mark = String(UnicodeScalar(quote))
        throw Flaw(message: "this string is not closed, expected \(mark)", offset: start)
    }

    private static func readEscape(
        _ bytes: [UInt8], _ index: inout Int, quote: UInt8, into value: inout [UInt8]
    ) throws(Flaw) {
        let start = index
        index += 1
        guard index < bytes.count else {
            throw Flaw(message: "this string is not closed", offset: start)
        }
        let letter = bytes[index]
        index += 1
        switch letter {
        case UInt8(ascii: "a"): value.append(0x07)
        case UInt8(ascii: "b"): value.append(0x08)
        case UInt8(ascii: "f"): value.append(0x0C)
        case UInt8(ascii: "n"): value.append(0x0A)
        case UInt8(ascii: "r"): value.append(0x0D)
        case UInt8(ascii: "t"): value.append(0x09)
        case UInt8(ascii: "v"): value.append(0x0B)
        case UInt8(ascii: "\\"), quote: value.append(letter)
        case UInt8(ascii: "x"):
            value.append(UInt8(truncatingIfNeeded: try digits(bytes, &index, 2, radix: 16, from: start)))
        case UInt8(ascii: "u"):
            try appendScalar(digits(bytes, &index, 4, radix: 16, from: start), at: start, to: &value)
        case UInt8(ascii: "U"):
            try appendScalar(digits(bytes, &index, 8, radix: 16, from: start), at: start, to: &value)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            let code = try digits(bytes, &index, 3, radix: 8, from: start)
            guard code <= 0xFF else {
                throw Flaw(message: "an octal escape goes up to \\377", offset: start)
            }
            value.append(UInt8(code))
        default:
            throw Flaw(
                message: "unknown escape in this string; a backslash itself is written \\\\", offset: start)
        }
    }

    private static func digits(
        _ bytes: [UInt8], _ index: inout Int, _ count: Int, radix: UInt32, from start: Int
    ) throws(Flaw) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<count {
            guard index < bytes.count, let digit = hexDigit(bytes[index]), digit < radix else {
                throw Flaw(message: "this escape needs \(count) digits of base \(radix)", offset: start)
            }
            code = code &* radix &+ digit
            index += 1
        }
        return code
    }

    private static func appendScalar(_ code: UInt32, at start: Int, to value: inout [UInt8]) throws(Flaw) {
        guard let scalar = Unicode.Scalar(code) else {
            throw Flaw(message: "this escape is no Unicode character", offset: start)
        }
        value.append(contentsOf: String(Character(scalar)).utf8)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    /// The text as a literal in double quotes.
    static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\x" + (hex.count == 1 ? "0" : "") + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
