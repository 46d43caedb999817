/// A mapping whose fields have been told apart.
struct ConfigurationSection {
    let fields: [String: ConfigurationField]
    /// Whether nothing was in the mapping that had to be reported.
    let hasOnlyKnownFields: Bool
    /// The mapping itself, for problems of what it lacks.
    let place: ConfigurationField

    subscript(name: String) -> ConfigurationField? { fields[name] }

    /// A field that must be there; reported if it is not.
    func required(_ name: String, hint: String? = nil) -> ConfigurationField? {
        if fields[name] == nil { place.report("`\(name)` is missing", hint: hint) }
        return fields[name]
    }

    /// Reports a secret that is there neither as `name` nor as `name_file`.
    func reportMissing(_ name: String, hint: String) {
        guard fields[name] == nil, fields["\(name)_file"] == nil else { return }
        place.report("`\(name)` is missing", hint: hint)
    }

    /// A secret that is either in the file itself or in a file of its own: `name` or `name_file`.
    ///
    /// - Parameters:
    ///   - check: says what is wrong with the value, without quoting it.
    ///   - isSecret: whether such a value has to be kept from others: a connection string without a password has not.
    /// - Returns: `nil` if there is none, or none that can be used, which has been reported.
    func secret(
        _ name: String, check: (String) -> (message: String, hint: String)? = { _ in nil },
        isSecret: (String) -> Bool = { _ in true }
    ) -> Secret? {
        let fileName = "\(name)_file"
        if let literal = fields[name], fields[fileName] != nil {
            literal.report("there is `\(fileName)` too", hint: "Keep one of them")
            return nil
        }
        if let literal = fields[name] {
            guard let text = literal.text(isSecret: true) else { return nil }
            if let objection = check(text.value) {
                literal.report(objection.message, hint: objection.hint, value: ConfigurationProblem.hiddenValue)
                return nil
            }
            if !text.usesEnvironment, isSecret(text.value) { literal.context.holdsSecret = true }
            return Secret(literal: text.value)
        }
        guard let field = fields[fileName], let text = field.text() else { return nil }
        let path = TextFile.resolve(text.value, in: field.context.folder)
        do {
            let (value, isReadableByEveryone) = try Secret.readFile(path)
            if let objection = check(value) {
                field.report("in the file \(path), \(objection.message)", hint: objection.hint)
                return nil
            }
            if isReadableByEveryone, isSecret(value) {
                field.report(
                    "the secret file \(path) can be read by every user of this machine", hint: "chmod o-r \(path)",
                    gravity: .warning)
            }
        } catch {
            field.report(error.description, hint: Self.hint(for: text.value, resolved: path))
            return nil
        }
        return Secret(file: path)
    }

    /// What to do about a file that cannot be used.
    static func hint(for path: String, resolved: String) -> String? {
        if let hint = FilePattern.neighbourHint(for: resolved) { return hint }
        return path.hasPrefix("/") ? nil : "Relative paths start from the configuration's folder"
    }
}

extension ConfigurationSection {
    /// The field `name`, which must be there and fit to be shown and to stand in a URL.
    func name(hint: String) -> String? {
        guard let field = required("name", hint: hint), let text = field.text() else { return nil }
        let name = text.value
        guard !name.contains(where: { $0.isNewline || $0 == "/" }), name.first?.isWhitespace != true,
            name.last?.isWhitespace != true, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }),
            name.count <= 100
        else {
            field.report(
                "is not usable as a name",
                hint: "At most 100 characters, no slash, no line break, no space at the ends",
                value: text.written)
            return nil
        }
        return name
    }
}
