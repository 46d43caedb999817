/// One thing that is wrong with a configuration or rule file: where, what, and what to do about it.
public struct ConfigurationProblem: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Whether the file is refused for it.
    public enum Gravity: String, Sendable, Hashable, Codable {
        case error
        /// The file is used, and somebody should look at it.
        case warning
    }

    public var gravity: Gravity
    /// The file as it was named, or what stands for one, such as `DATABASE_URL`.
    public var file: String
    /// Counted from 1; `nil` where the problem is the whole file.
    public var line: Int?
    /// Counted from 1 in Unicode scalars; `nil` where only the line, or nothing, is known.
    public var column: Int?
    /// The path of the field, such as `targets[1].dsn`; "" for the whole file.
    public var path: String
    /// The value as it stands in the file, before `${…}` is put in; `(hidden)` for a secret, `nil` where there is none to show.
    public var value: String?
    /// What is wrong, as a sentence without its full stop.
    public var message: String
    /// What to do, where more can be said than the message does.
    public var hint: String?

    public init(
        gravity: Gravity = .error, file: String, line: Int? = nil, column: Int? = nil, path: String = "",
        value: String? = nil, message: String, hint: String? = nil
    ) {
        self.gravity = gravity
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.value = value
        self.message = message
        self.hint = hint
    }

    /// What stands in place of a secret's value.
    static let hiddenValue = "(hidden)"

    /// One line in the form that editors jump to: `lockkeeper.yml:14:7: error: targets[1].dsn: … (value). Hint.`
    public var description: String {
        var place = file
        if let line {
            place += ":\(line)"
            if let column { place += ":\(column)" }
        }
        var text = "\(place): \(gravity.rawValue): "
        if !path.isEmpty { text += "\(path): " }
        text += message
        if let value { text += value == Self.hiddenValue ? " \(value)" : " (`\(value)`)" }
        if let hint { text += ". \(hint)" }
        return text
    }
}

/// Everything that is wrong with a configuration, in the order of the files.
public struct ConfigurationProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// Errors, at least one, and the warnings beside them.
    public var problems: [ConfigurationProblem]

    public init(_ problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    public var errors: [ConfigurationProblem] { problems.filter { $0.gravity == .error } }

    /// A line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
