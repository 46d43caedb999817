/// All that is wrong with a rule file.
public struct RuleFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's name as given.
    public let file: String
    /// At least one, in the order of the file.
    public let problems: [RuleProblem]

    /// One problem a line.
    public var description: String {
        problems.map { "\(file): \($0)" }.joined(separator: "\n")
    }
}

/// One thing that is wrong with a rule file.
public struct RuleProblem: Sendable, Hashable, CustomStringConvertible {
    /// The place within the text of a field, when the field has a language of its own.
    public struct Place: Sendable, Hashable {
        /// In UTF-8 bytes from 0.
        public let offset: Int
        /// From 1.
        public let line: Int
        /// In Unicode scalars from 1.
        public let column: Int
    }

    /// Which group, counted from 0.
    public let group: Int
    /// Which rule of the group, counted from 0; nil when the group itself is wrong.
    public let rule: Int?
    /// The name of the group, and behind a slash that of the rule.
    public let name: String
    /// The field as the file names it: `expr`, `for`, …
    public let field: String
    /// Of `labels` and `annotations`, which one.
    public let key: String?
    /// Where in the field's text.
    public let place: Place?
    /// What is wrong and what was expected.
    public let message: String

    /// The path of the field: `groups[0].rules[2].annotations.summary`.
    public var path: String {
        "groups[\(group)]" + (rule.map { ".rules[\($0)]" } ?? "") + "." + field + (key.map { ".\($0)" } ?? "")
    }

    /// Path, names, place and message.
    public var description: String {
        let position = place.map { " (line \($0.line), column \($0.column) of the text)" } ?? ""
        return "\(path) [\(name)]\(position): \(message)"
    }
}
