/// A regular expression in RE2's syntax, matched in time linear in the text.
///
/// Syntax: https://github.com/google/re2/wiki/Syntax, as Go's `regexp` takes it; of `\p{…}` only the general
/// categories. Text is matched Unicode scalar by Unicode scalar.
public struct LinearRegex: Sendable {
    /// The pattern as written.
    public let pattern: String
    private let program: RegexProgram
    private let captureNames: [String?]
    private let matchesWhole: Bool

    /// Compiles a pattern.
    ///
    /// - Parameter matchesWhole: the pattern must match the whole text, as in label matchers.
    /// - Throws: `RegexError` when it is no pattern or becomes too large.
    public init(_ pattern: String, matchesWhole: Bool = false) throws(RegexError) {
        var parser = RegexParser(pattern)
        var node = try parser.parse()
        if matchesWhole {
            node = .concatenation([.assertion(.beginningOfText), node, .assertion(.endOfText)])
        }
        self.pattern = pattern
        self.matchesWhole = matchesWhole
        program = try RegexProgram(node)
        captureNames = parser.captureNames
    }

    /// True when the pattern matches somewhere in the text, or all of it where the whole must match.
    public func matches(_ text: String) -> Bool {
        var machine = RegexMachine(program, text.unicodeScalars.map(\.value))
        return machine.firstMatch(from: 0, slots: 0, isAnchored: matchesWhole) != nil
    }

    /// The template with `$1`, `${name}` replaced by what the first match captured (Go's `Regexp.Expand`); nil when
    /// there is no match.
    public func expanding(_ template: String, in text: String) -> String? {
        let scalars = text.unicodeScalars.map(\.value)
        var machine = RegexMachine(program, scalars)
        guard let match = machine.firstMatch(from: 0, slots: 2 * captureNames.count, isAnchored: matchesWhole)
        else { return nil }
        return expand(template, scalars, match)
    }

    /// The text with every match replaced by the expanded template (Go's `Regexp.ReplaceAllString`).
    public func replacingAll(in text: String, with template: String) -> String {
        let scalars = text.unicodeScalars.map(\.value)
        var machine = RegexMachine(program, scalars)
        var result = ""
        var copied = 0
        var position = 0
        while position <= scalars.count,
            let match = machine.firstMatch(from: position, slots: 2 * captureNames.count, isAnchored: false)
        {
            append(scalars, copied..<match[0], to: &result)
            // An empty match right behind the previous match does not count.
            if match[1] > copied || match[0] == 0 { result += expand(template, scalars, match) }
            copied = match[1]
            position = match[1] > position ? match[1] : position + 1
        }
        append(scalars, copied..<scalars.count, to: &result)
        return result
    }

    private func expand(_ template: String, _ text: [UInt32], _ match: [Int]) -> String {
        let scalars = Array(template.unicodeScalars)
        var result = ""
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "$" else {
                result.unicodeScalars.append(scalars[index])
                index += 1
                continue
            }
            index += 1
            if index < scalars.count, scalars[index] == "$" {
                result += "$"
                index += 1
                continue
            }
            let start = index
            let isBraced = index < scalars.count && scalars[index] == "{"
            if isBraced { index += 1 }
            var name = ""
            while index < scalars.count, isWord(scalars[index]) {
                name.unicodeScalars.append(scalars[index])
                index += 1
            }
            let isClosed = !isBraced || (index < scalars.count && scalars[index] == "}")
            guard !name.isEmpty, isClosed else {
                // No reference after all: a dollar like any other.
                result += "$"
                index = start
                continue
            }
            if isBraced { index += 1 }
            if let group = group(named: name), match[2 * group] >= 0 {
                append(text, match[2 * group]..<match[2 * group + 1], to: &result)
            }
        }
        return result
    }

    private func group(named name: String) -> Int? {
        if let number = Int(name) { return number < captureNames.count ? number : nil }
        return captureNames.firstIndex { $0 == name }
    }

    private func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
    }

    private func append(_ scalars: [UInt32], _ range: Range<Int>, to result: inout String) {
        for scalar in scalars[range] {
            if let unicode = Unicode.Scalar(scalar) { result.unicodeScalars.append(unicode) }
        }
    }
}
