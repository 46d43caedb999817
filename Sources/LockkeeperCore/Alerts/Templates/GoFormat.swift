import PromQL

/// Go's `fmt` (https://pkg.go.dev/fmt) for the values that templates have.
enum GoFormat {
    private struct Directive {
        var plus = false
        var minus = false
        var space = false
        var zero = false
        var sharp = false
        var width: Int?
        var precision: Int?
        var verb: Unicode.Scalar = "v"
    }

    /// Wide enough for anything, and a bound for what a typo can ask for; Go has the same.
    private static let widest = 1_000_000

    /// `fmt.Sprint`: a blank between two operands when neither is a string.
    static func print(_ values: [TemplateValue]) -> String {
        var result = ""
        for (place, value) in values.enumerated() {
            if place > 0, !isString(value), !isString(values[place - 1]) { result += " " }
            result += plain(value)
        }
        return result
    }

    /// `fmt.Sprintln`
    static func printLine(_ values: [TemplateValue]) -> String {
        values.map(plain).joined(separator: " ") + "\n"
    }

    /// `fmt.Sprintf`
    static func format(_ format: String, _ values: [TemplateValue]) -> String {
        let scalars = Array(format.unicodeScalars)
        var result = ""
        var index = 0
        var next = 0
        func number(_ index: inout Int) -> Int? {
            var value: Int?
            while index < scalars.count, scalars[index].value >= 0x30, scalars[index].value <= 0x39 {
                value = min((value ?? 0) * 10 + Int(scalars[index].value - 0x30), widest)
                index += 1
            }
            return value
        }
        while index < scalars.count {
            guard scalars[index] == "%" else {
                result.unicodeScalars.append(scalars[index])
                index += 1
                continue
            }
            index += 1
            var directive = Directive()
            flags: while index < scalars.count {
                switch scalars[index] {
                case "+": directive.plus = true
                case "-": directive.minus = true
                case " ": directive.space = true
                case "0": directive.zero = true
                case "#": directive.sharp = true
                default: break flags
                }
                index += 1
            }
            directive.width = number(&index)
            if index < scalars.count, scalars[index] == "." {
                index += 1
                directive.precision = number(&index) ?? 0
            }
            guard index < scalars.count else {
                result += "%!(NOVERB)"
                break
            }
            directive.verb = scalars[index]
            index += 1
            if directive.verb == "%" {
                result += "%"
            } else if next < values.count {
                result += text(values[next], directive)
                next += 1
            } else {
                result += "%!\(directive.verb)(MISSING)"
            }
        }
        if next < values.count {
            let extra = values[next...].map { isNone($0) ? "<nil>" : "\($0.typeName)=\(plain($0))" }
            result += "%!(EXTRA " + extra.joined(separator: ", ") + ")"
        }
        return result
    }

    private static func text(_ value: TemplateValue, _ directive: Directive) -> String {
        switch value {
        case .float(let number):
            if let text = text(number, directive) { return padded(signed(text, number, directive), directive) }
        case .integer(let number):
            if let text = text(number, directive) { return padded(text, directive) }
        case .string(let text):
            switch directive.verb {
            case "s", "v": return padded(cut(text, directive), directive)
            case "q": return padded(quoted(cut(text, directive)), directive)
            case "x", "X":
                let hex = text.utf8.map {
                    ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: directive.verb == "X")
                }
                return padded(hex.joined(), directive)
            default: break
            }
        case .bool(let flag):
            if directive.verb == "t" || directive.verb == "v" { return padded(flag ? "true" : "false", directive) }
        case .none:
            return directive.verb == "v" ? padded("<nil>", directive) : "%!\(directive.verb)(<nil>)"
        case .labels, .sample, .samples, .root:
            if directive.verb == "v" || directive.verb == "s" { return padded(value.text, directive) }
        }
        return "%!\(directive.verb)(\(value.typeName)=\(plain(value)))"
    }

    private static func text(_ number: Double, _ directive: Directive) -> String? {
        let precision = directive.precision
        switch directive.verb {
        case "f", "F": return FloatText.fixed(number, decimals: precision ?? 6)
        case "e": return FloatText.scientific(number, decimals: precision ?? 6)
        case "E": return FloatText.scientific(number, decimals: precision ?? 6).uppercased()
        case "g", "v": return precision.map { FloatText.general(number, digits: $0) } ?? FloatText.shortest(number)
        case "G":
            return (precision.map { FloatText.general(number, digits: $0) } ?? FloatText.shortest(number)).uppercased()
        default: return nil
        }
    }

    private static func signed(_ text: String, _ number: Double, _ directive: Directive) -> String {
        if text.hasPrefix("-") || text.hasPrefix("+") { return text }
        if directive.plus { return "+" + text }
        return directive.space ? " " + text : text
    }

    private static func text(_ number: Int, _ directive: Directive) -> String? {
        let digits: String
        switch directive.verb {
        case "d", "v": digits = String(number.magnitude)
        case "b": digits = String(number.magnitude, radix: 2)
        case "o": digits = (directive.sharp ? "0" : "") + String(number.magnitude, radix: 8)
        case "x": digits = (directive.sharp ? "0x" : "") + String(number.magnitude, radix: 16)
        case "X": digits = (directive.sharp ? "0X" : "") + String(number.magnitude, radix: 16, uppercase: true)
        case "c": return Unicode.Scalar(UInt32(clamping: number)).map { String($0) } ?? "\u{FFFD}"
        case "q": return Unicode.Scalar(UInt32(clamping: number)).map { "'\($0)'" } ?? "'\u{FFFD}'"
        case "U":
            let hex = String(number.magnitude, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
        default: return nil
        }
        let sign = number < 0 ? "-" : directive.plus ? "+" : directive.space ? " " : ""
        return sign + String(repeating: "0", count: max(0, (directive.precision ?? 0) - digits.utf8.count)) + digits
    }

    private static func padded(_ text: String, _ directive: Directive) -> String {
        guard let width = directive.width else { return text }
        let missing = width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        if directive.minus { return text + String(repeating: " ", count: missing) }
        let isNumber = text.utf8.last.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
        guard directive.zero, isNumber || directive.verb == "s" else {
            return String(repeating: " ", count: missing) + text
        }
        let zeros = String(repeating: "0", count: missing)
        if isNumber, let sign = text.first, sign == "-" || sign == "+" {
            return String(sign) + zeros + text.dropFirst()
        }
        return zeros + text
    }

    private static func cut(_ text: String, _ directive: Directive) -> String {
        guard let precision = directive.precision else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
    }

    private static func quoted(_ text: String) -> String {
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
                    result += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    private static func plain(_ value: TemplateValue) -> String {
        isNone(value) ? "<nil>" : value.text
    }

    private static func isNone(_ value: TemplateValue) -> Bool {
        if case .none = value { true } else { false }
    }

    private static func isString(_ value: TemplateValue) -> Bool {
        if case .string = value { true } else { false }
    }
}
