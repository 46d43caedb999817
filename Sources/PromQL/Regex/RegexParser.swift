/// Reads RE2's syntax (https://github.com/google/re2/wiki/Syntax) as Go does: no backreferences and no look-around,
/// so that every pattern can be matched in linear time.
struct RegexParser {
    private struct Flags {
        var foldsCase = false
        var isMultiline = false
        var dotTakesNewline = false
        var isUngreedy = false
    }

    /// As in Go's `regexp/syntax`.
    private static let largestRepetition = 1000
    private static let deepestNesting = 100

    private let pattern: [Unicode.Scalar]
    private var index = 0
    private var flags = Flags()
    private var depth = 0
    private(set) var captureNames: [String?] = [nil]

    init(_ pattern: String) {
        self.pattern = Array(pattern.unicodeScalars)
    }

    mutating func parse() throws(RegexError) -> RegexNode {
        let node = try alternation()
        if index < pattern.count { throw error("unexpected )") }
        return node
    }

    private mutating func alternation() throws(RegexError) -> RegexNode {
        var branches = [try concatenation()]
        while accept("|") { branches.append(try concatenation()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func concatenation() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            let start = index
            if let bounds = try repetition() {
                _ = bounds
                index = start
                throw error("missing argument to repetition operator \(scalar)")
            }
            if scalar == "\\", index + 1 < pattern.count, pattern[index + 1] == "Q" {
                nodes += quotation()
            } else if let node = try atom() {
                nodes.append(node)
            } else {
                continue
            }
            // After an empty quotation there may be nothing yet to repeat.
            guard var node = nodes.popLast() else { continue }
            let operatorStart = index
            if let bounds = try repetition() {
                let isLazy = accept("?")
                node = .repetition(
                    node, minimum: bounds.minimum, maximum: bounds.maximum,
                    isGreedy: isLazy == flags.isUngreedy)
                let nextStart = index
                if try repetition() != nil {
                    let text = String(String.UnicodeScalarView(pattern[operatorStart..<index]))
                    index = nextStart
                    throw error("invalid nested repetition operator \(text)")
                }
            }
            nodes.append(node)
        }
        switch nodes.count {
        case 0: return .empty
        case 1: return nodes[0]
        default: return .concatenation(nodes)
        }
    }

    /// `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`; a brace that is none of these is literal.
    private mutating func repetition() throws(RegexError) -> (minimum: Int, maximum: Int?)? {
        let start = index
        switch peek {
        case "*":
            index += 1
            return (0, nil)
        case "+":
            index += 1
            return (1, nil)
        case "?":
            index += 1
            return (0, 1)
        case "{":
            index += 1
            guard let minimum = number() else {
                index = start
                return nil
            }
            var maximum: Int? = minimum
            if accept(",") { maximum = peek == "}" ? nil : number() ?? -1 }
            guard accept("}"), maximum != -1 else {
                index = start
                return nil
            }
            if max(minimum, maximum ?? 0) > Self.largestRepetition || (maximum ?? minimum) < minimum {
                index = start
                throw error("invalid repeat count, it goes up to \(Self.largestRepetition) and from small to large")
            }
            return (minimum, maximum)
        default:
            return nil
        }
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = peek, scalar.value >= 0x30, scalar.value <= 0x39 {
            // Large enough to be refused, small enough not to overflow.
            value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), 1_000_000)
            index += 1
        }
        return value
    }

    /// - Returns: nil for what only sets flags.
    private mutating func atom() throws(RegexError) -> RegexNode? {
        guard let scalar = peek else { return .empty }
        switch scalar {
        case "(": return try group()
        case "[": return .set(try bracket())
        case "\\": return try escape()
        case ".":
            index += 1
            return .any(newlineToo: flags.dotTakesNewline)
        case "^":
            index += 1
            return .assertion(flags.isMultiline ? .beginningOfLine : .beginningOfText)
        case "$":
            index += 1
            return .assertion(flags.isMultiline ? .endOfLine : .endOfText)
        default:
            index += 1
            return literal(scalar.value)
        }
    }

    private func literal(_ scalar: UInt32) -> RegexNode {
        .scalar(flags.foldsCase ? CaseFolding.fold(scalar) : scalar, foldsCase: flags.foldsCase)
    }

    private mutating func group() throws(RegexError) -> RegexNode? {
        let start = index
        index += 1
        let outer = flags
        var number: Int?
        if accept("?") {
            if accept("P") {
                guard accept("<") else {
                    throw RegexError(message: "invalid group, expected (?P<name>…)", offset: start)
                }
                number = try namedGroup(from: start)
            } else if peek == "<" {
                index += 1
                if peek == "=" || peek == "!" {
                    throw RegexError(message: "look-behind is not supported", offset: start)
                }
                number = try namedGroup(from: start)
            } else if peek == "=" || peek == "!" {
                throw RegexError(message: "look-ahead is not supported", offset: start)
            } else if try !readFlags(from: start) {
                // `(?i)` holds until the enclosing group ends.
                return nil
            }
        } else {
            captureNames.append(nil)
            number = captureNames.count - 1
        }
        depth += 1
        guard depth <= Self.deepestNesting else {
            throw RegexError(message: "groups are nested too deeply", offset: start)
        }
        let inner = try alternation()
        depth -= 1
        flags = outer
        guard accept(")") else { throw RegexError(message: "missing ) for this group", offset: start) }
        return number.map { .capture(inner, $0) } ?? inner
    }

    private mutating func namedGroup(from start: Int) throws(RegexError) -> Int {
        var name = ""
        while let scalar = peek, scalar != ">" {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        guard accept(">"), !name.isEmpty, name.utf8.allSatisfy({ $0.isASCIIDigit || $0.isASCIILetterOrUnderscore })
        else { throw RegexError(message: "invalid group name", offset: start) }
        guard !captureNames.contains(name) else {
            throw RegexError(message: "duplicate group name \(name)", offset: start)
        }
        captureNames.append(name)
        return captureNames.count - 1
    }

    /// - Returns: true when a group follows (`(?i:…)`), false when the flags stand alone (`(?i)`).
    private mutating func readFlags(from start: Int) throws(RegexError) -> Bool {
        var isNegative = false
        var count = 0
        while let scalar = peek {
            index += 1
            switch scalar {
            case "i": flags.foldsCase = !isNegative
            case "m": flags.isMultiline = !isNegative
            case "s": flags.dotTakesNewline = !isNegative
            case "U": flags.isUngreedy = !isNegative
            case "-" where !isNegative:
                isNegative = true
                count = -1
            case ":" where !(isNegative && count == 0): return true
            case ")" where !(isNegative && count == 0): return false
            default: throw RegexError(message: "invalid group flags", offset: start)
            }
            count += 1
        }
        throw RegexError(message: "missing ) for this group", offset: start)
    }

    private mutating func escape() throws(RegexError) -> RegexNode {
        let start = index
        index += 1
        guard let scalar = peek else {
            throw RegexError(message: "trailing backslash", offset: start)
        }
        switch scalar {
        case "A":
            index += 1
            return .assertion(.beginningOfText)
        case "z":
            index += 1
            return .assertion(.endOfText)
        case "b":
            index += 1
            return .assertion(.wordBoundary)
        case "B":
            index += 1
            return .assertion(.noWordBoundary)
        default:
            if let set = try classEscape(from: start) { return .set(set) }
            return literal(try scalarEscape(from: start))
        }
    }

    /// `\Q…\E`: everything between is literal; a repetition behind it is of the last character.
    private mutating func quotation() -> [RegexNode] {
        index += 2
        var nodes: [RegexNode] = []
        while let scalar = peek {
            if scalar == "\\", index + 1 < pattern.count, pattern[index + 1] == "E" {
                index += 2
                break
            }
            nodes.append(literal(scalar.value))
            index += 1
        }
        return nodes
    }

    /// `\d`, `\pL`, …: behind the backslash; nil when it is no class.
    private mutating func classEscape(from start: Int) throws(RegexError) -> ScalarSet? {
        guard let scalar = peek else { return nil }
        var set: ScalarSet
        switch scalar {
        case "d", "D": set = .digit
        case "s", "S": set = .space
        case "w", "W": set = .word
        case "p", "P":
            index += 1
            var name = ""
            if accept("{") {
                while let letter = peek, letter != "}" {
                    name.unicodeScalars.append(letter)
                    index += 1
                }
                guard accept("}") else { throw RegexError(message: "missing } of this class", offset: start) }
            } else if let letter = peek {
                name.unicodeScalars.append(letter)
                index += 1
            }
            var isNegated = scalar == "P"
            if name.hasPrefix("^") {
                isNegated.toggle()
                name.removeFirst()
            }
            guard let categories = ScalarSet.categories(name) else {
                throw RegexError(
                    message: "the class \\p{\(name)} is not supported, only Unicode's general categories are",
                    offset: start)
            }
            var result = ScalarSet()
            result.insert(categories, isNegated: isNegated)
            result.foldsCase = flags.foldsCase
            return result
        default: return nil
        }
        index += 1
        set.isNegated = scalar.properties.isUppercase
        return set
    }

    /// The scalar of `\n`, `\x{2028}`, `\.`, …: behind the backslash.
    private mutating func scalarEscape(from start: Int) throws(RegexError) -> UInt32 {
        guard let scalar = peek else { throw RegexError(message: "trailing backslash", offset: start) }
        index += 1
        switch scalar {
        case "a": return 0x07
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        case "x": return try hexEscape(from: start)
        case "0"..."7":
            // A single digit other than 0 would be a backreference.
            guard scalar == "0" || (peek.map { $0 >= "0" && $0 <= "7" } ?? false) else { break }
            var code = scalar.value - 0x30
            for _ in 0..<2 {
                guard let digit = peek, digit >= "0", digit <= "7" else { break }
                code = code * 8 + digit.value - 0x30
                index += 1
            }
            return code
        default:
            let isPunctuation =
                scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F
                && !(UInt8(scalar.value).isASCIIDigit || UInt8(scalar.value).isASCIILetterOrUnderscore)
            if isPunctuation || scalar == "_" { return scalar.value }
        }
        throw RegexError(message: "invalid escape \\\(scalar)", offset: start)
    }

    private mutating func hexEscape(from start: Int) throws(RegexError) -> UInt32 {
        var text = ""
        if accept("{") {
            while let scalar = peek, scalar != "}" {
                text.unicodeScalars.append(scalar)
                index += 1
            }
            guard accept("}") else { throw RegexError(message: "missing } of this escape", offset: start) }
        } else {
            while text.utf8.count < 2, let scalar = peek {
                text.unicodeScalars.append(scalar)
                index += 1
            }
            if text.utf8.count < 2 { text = "" }
        }
        guard let code = UInt32(text, radix: 16), !text.hasPrefix("+"), Unicode.Scalar(code) != nil else {
            throw RegexError(message: "invalid escape \\x", offset: start)
        }
        return code
    }

    private mutating func bracket() throws(RegexError) -> ScalarSet {
        let start = index
        index += 1
        var set = ScalarSet()
        set.foldsCase = flags.foldsCase
        set.isNegated = accept("^")
        var isFirst = true
        while let scalar = peek, scalar != "]" || isFirst {
            isFirst = false
            if scalar == "[", let posix = try posixClass() {
                set.insert(posix)
                continue
            }
            let itemStart = index
            if scalar == "\\" {
                index += 1
                if let escaped = try classEscape(from: itemStart) {
                    set.insert(escaped)
                    continue
                }
                index = itemStart
            }
            let low = try bracketScalar()
            var high = low
            if peek == "-", index + 1 < pattern.count, pattern[index + 1] != "]" {
                index += 1
                high = try bracketScalar()
                guard low <= high else {
                    throw RegexError(message: "this range goes backwards", offset: itemStart)
                }
            }
            set.insert(low...high)
        }
        guard accept("]") else { throw RegexError(message: "missing ] for this class", offset: start) }
        return set
    }

    private mutating func bracketScalar() throws(RegexError) -> UInt32 {
        let start = index
        guard let scalar = peek else { throw RegexError(message: "missing ] of a class", offset: start) }
        index += 1
        return scalar == "\\" ? try scalarEscape(from: start) : scalar.value
    }

    private mutating func posixClass() throws(RegexError) -> ScalarSet? {
        let start = index
        guard index + 1 < pattern.count, pattern[index + 1] == ":" else { return nil }
        var end = index + 2
        var name = ""
        while end < pattern.count, pattern[end] != ":", pattern[end] != "]" {
            name.unicodeScalars.append(pattern[end])
            end += 1
        }
        guard end + 1 < pattern.count, pattern[end] == ":", pattern[end + 1] == "]" else { return nil }
        let isNegated = name.hasPrefix("^")
        guard var set = ScalarSet.posix(isNegated ? String(name.dropFirst()) : name) else {
            throw RegexError(message: "unknown class [:\(name):]", offset: start)
        }
        set.isNegated = isNegated
        index = end + 2
        return set
    }

    private var peek: Unicode.Scalar? { index < pattern.count ? pattern[index] : nil }

    private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        index += 1
        return true
    }

    private func error(_ message: String) -> RegexError {
        RegexError(message: message, offset: min(index, max(pattern.count - 1, 0)))
    }
}
