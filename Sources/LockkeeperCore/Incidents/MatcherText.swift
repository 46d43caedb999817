public import PromQL

/// Why a text is no matcher.
public struct MatcherProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    public var hint: String

    public var description: String { "\(message). \(hint)" }
}

extension LabelMatcher {
    /// Reads a matcher as people write it: `target=app`, `alertname=~"Migration.*"`, `env!=staging`. The quotes may be left out.
    ///
    /// Only `\"` and `\\` are escapes within quotes.
    public init(written text: String) throws(MatcherProblem) {
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = text.dropFirst(name.count)
        // The longer ones first: `=~` begins with `=`.
        guard !name.isEmpty, name.first?.isNumber == false,
            let operation = [Operation.matches, .doesNotMatch, .notEqual, .equal].first(where: {
                rest.hasPrefix($0.rawValue)
            })
        else {
            throw MatcherProblem(
                message: "`\(text.prefix(100))` is no matcher",
                hint: "Write a label, `=`, `!=`, `=~` or `!~`, and a value: `target=app-production`")
        }
        let written = rest.dropFirst(operation.rawValue.count)
        guard let value = Self.unquoted(written) else {
            throw MatcherProblem(
                message: "the quotes in `\(text.prefix(100))` do not close",
                hint: "Put the whole value into quotes, or none around it")
        }
        do {
            try self.init(String(name), operation, value)
        } catch {
            throw MatcherProblem(
                message: "`\(value.prefix(100))` is no regular expression: \(error)",
                hint: "The syntax is RE2's; use `=` for a plain value")
        }
    }

    private static func unquoted(_ text: Substring) -> String? {
        guard text.first == "\"" else { return text.contains("\"") ? nil : String(text) }
        var value = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            switch character {
            case "\"": return rest.isEmpty ? value : nil
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                if next != "\"" && next != "\\" { value.append("\\") }
                value.append(next)
            default: value.append(character)
            }
        }
        return nil
    }
}
