import Yams

/// A value in the configuration file, with the place that problems of it are reported at.
struct ConfigurationField {
    let node: Node
    /// Such as `targets[1].dsn`; "" for the whole file.
    let path: String
    let context: ReadingContext

    /// A string as it stands in the file and as it is meant.
    struct Text {
        /// With the environment's variables put in.
        let value: String
        /// As it stands in the file.
        let written: String
        let usesEnvironment: Bool

        /// What may be shown of a URL: all of it, unless there may be a password in it.
        var shownUnlessCredentials: String {
            written.contains("@") ? ConfigurationProblem.hiddenValue : written
        }
    }

    func report(
        _ message: String, hint: String? = nil, value: String? = nil, gravity: ConfigurationProblem.Gravity = .error
    ) {
        context.add(
            ConfigurationProblem(
                gravity: gravity, file: context.file, line: node.mark?.line, column: node.mark?.column, path: path,
                value: value, message: message, hint: hint))
    }

    // MARK: - Kinds

    /// A key without a value.
    var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    var isSingleValue: Bool {
        if case .scalar = node { !isNull } else { false }
    }

    var isList: Bool {
        if case .sequence = node { true } else { false }
    }

    var isEmptyList: Bool {
        if case .sequence(let sequence) = node { sequence.isEmpty } else { false }
    }

    var isEmptyMapping: Bool {
        if case .mapping(let mapping) = node { mapping.isEmpty } else { false }
    }

    /// The mapping's fields; each one that is not in `fields` is reported, and `nil` comes back if it is no mapping at all.
    func section(_ fields: FieldSet) -> ConfigurationSection? {
        guard let pairs = pairs(expecting: "a mapping with \(Self.list(fields.known))") else { return nil }
        var found: [String: ConfigurationField] = [:]
        for (name, keyed) in pairs {
            if fields.known.contains(name) {
                found[name] = keyed.field
            } else if fields.later.contains(name) {
                keyed.reportAtKey("is not supported yet by this version", hint: "Take it out for now")
            } else {
                keyed.reportAtKey("there is no such field", hint: fields.hint(for: name))
            }
        }
        return ConfigurationSection(fields: found, hasOnlyKnownFields: found.count == pairs.count, place: self)
    }

    /// The elements of a list.
    func elements(of what: String) -> [ConfigurationField]? {
        guard case .sequence(let sequence) = node else {
            report(isNull ? "is empty" : "must be a list of \(what)", hint: "Write each of them after a `-`")
            return nil
        }
        return sequence.enumerated().map { index, node in
            ConfigurationField(node: node, path: "\(path)[\(index)]", context: context)
        }
    }

    /// A mapping of names to texts, both free, without the environment.
    func plainTextByName() -> [String: String] {
        if isNull { return [:] }
        let pairs = pairs(expecting: "a mapping of names to texts") ?? []
        return Dictionary(
            pairs.compactMap { name, keyed in keyed.field.plainText().map { (name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// A mapping of names to texts, both free.
    func textByName() -> [(name: String, text: Text, field: ConfigurationField)]? {
        pairs(expecting: "a mapping of names to values")?.compactMap { name, keyed in
            keyed.field.text().map { (name, $0, keyed.field) }
        }
    }

    /// - Parameter isSecret: whether problems must not show the value.
    func text(isSecret: Bool = false) -> Text? {
        guard case .scalar(let scalar) = node else {
            report("must be a single value, not a \(kind)")
            return nil
        }
        guard !isNull else {
            report("is empty", hint: "Give it a value, or take the line out")
            return nil
        }
        let expansion = EnvironmentExpansion(scalar.string, environment: context.environment)
        for failure in expansion.failures { report(failure, in: scalar) }
        guard expansion.failures.isEmpty else { return nil }
        guard !expansion.text.isEmpty else {
            report(
                expansion.usesEnvironment ? "is empty: so is the environment variable" : "is empty",
                hint: "Give it a value, or take the line out", value: expansion.usesEnvironment ? scalar.string : nil)
            return nil
        }
        guard !expansion.text.unicodeScalars.contains("\0") else {
            report("contains a NUL character")
            return nil
        }
        return Text(value: expansion.text, written: scalar.string, usesEnvironment: expansion.usesEnvironment)
    }

    /// A value as it stands in the file, without the environment; "" for none.
    func plainText() -> String? {
        guard case .scalar(let scalar) = node else {
            report("must be a single value, not a \(kind)")
            return nil
        }
        return isNull ? "" : scalar.string
    }

    func text(oneOf choices: [String]) -> String? {
        guard let text = text() else { return nil }
        guard choices.contains(text.value) else {
            report(
                "must be \(Self.list(choices, conjunction: "or"))",
                hint: Suggestion.nearest(to: text.value, in: choices).map { "Did you mean `\($0)`?" },
                value: text.written)
            return nil
        }
        return text.value
    }

    func boolean() -> Bool? {
        text(oneOf: ["true", "false"]).map { $0 == "true" }
    }

    func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let text = text() else { return nil }
        guard let duration = GoDuration.parse(text.value) else {
            report("is not a duration", hint: GoDuration.hint(for: text.value), value: text.written)
            return nil
        }
        guard range.contains(duration) else {
            report(
                "must be from \(GoDuration.text(range.lowerBound)) to \(GoDuration.text(range.upperBound))",
                value: text.written)
            return nil
        }
        return duration
    }

    // MARK: - Parts

    /// A field together with the place of its key.
    private struct Keyed {
        let field: ConfigurationField
        let key: Node

        func reportAtKey(_ message: String, hint: String?) {
            ConfigurationField(node: key, path: field.path, context: field.context).report(message, hint: hint)
        }
    }

    private func pairs(expecting expectation: String) -> [(String, Keyed)]? {
        guard case .mapping(let mapping) = node else {
            report(isNull ? "is empty" : "must be \(expectation), not a \(kind)")
            return nil
        }
        return mapping.compactMap { key, value in
            guard case .scalar(let name) = key else {
                report("has a key that is not a name")
                return nil
            }
            let path = path.isEmpty ? name.string : "\(path).\(name.string)"
            return (
                name.string,
                Keyed(field: ConfigurationField(node: value, path: path, context: context), key: key)
            )
        }
    }

    private var kind: String {
        switch node {
        case .mapping: "mapping"
        case .sequence: "list"
        case .scalar: "single value"
        case .alias: "reference"
        }
    }

    private func report(_ failure: EnvironmentExpansion.Failure, in scalar: Node.Scalar) {
        // Within a text on one line the column of the `$` is known; quotes add one, and escapes may add more.
        var column = scalar.mark?.column
        switch scalar.style {
        case .plain: column? += failure.offset
        case .singleQuoted, .doubleQuoted: column? += failure.offset + 1
        default: break
        }
        context.add(
            ConfigurationProblem(
                file: context.file, line: scalar.mark?.line, column: column, path: path, message: failure.message,
                hint: failure.hint))
    }

    /// `a`, `b` and `c`
    static func list(_ names: [String], conjunction: String = "and") -> String {
        let quoted = names.map { "`\($0)`" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
        return quoted.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
    }
}
