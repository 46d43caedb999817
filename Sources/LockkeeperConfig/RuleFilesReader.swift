import LockkeeperCore

/// Reads `rules:` and the files that it names.
struct RuleFilesReader {
    /// For a configuration that names no files.
    let defaults: [RuleFileText]

    func read(_ root: ConfigurationSection) -> RulesConfiguration {
        let section = root["rules"]?.section(.rules)
        var rules = RulesConfiguration()
        if let interval = section?["interval"]?.duration(in: .milliseconds(100) ... .seconds(300)) {
            rules.interval = interval
        }
        guard let field = section?["files"] else {
            rules.files = Self.read(defaults, into: root.place.context)
            return rules
        }
        var seen: Set<String> = []
        for element in field.elements(of: "files' names or patterns") ?? [] {
            for path in files(element) where seen.insert(path).inserted {
                rules.files += read(path, namedBy: element)
            }
        }
        return rules
    }

    private func read(_ path: String, namedBy element: ConfigurationField) -> [RuleFile] {
        do {
            let file = try TextFile(path: path, limit: RuleFileReader.sizeLimit)
            return Self.read([RuleFileText(name: path, text: file.text)], into: element.context)
        } catch {
            element.report(
                "the rule file \(path) \(error.reason)",
                hint: FilePattern.neighbourHint(for: path) ?? "Relative paths start from the configuration's folder")
            return []
        }
    }

    /// The files that one entry names.
    private func files(_ element: ConfigurationField) -> [String] {
        guard let text = element.text() else { return [] }
        let path = TextFile.resolve(text.value, in: element.context.folder)
        guard FilePattern.isPattern(path) else { return [path] }
        let files = FilePattern.matches(path)
        if files.isEmpty {
            element.report(
                "no file matches \(path)", hint: "Relative paths start from the configuration's folder",
                value: text.written)
        }
        return files
    }

    /// Those of the files that can be used; what is wrong with the others is added to the context's problems.
    static func read(_ files: [RuleFileText], into context: ReadingContext) -> [RuleFile] {
        files.compactMap { file in
            let own = ReadingContext(file: file.name, folder: "", environment: [:])
            let rules = RuleFileReader.read(file, into: own)
            context.add(contentsOf: own.problems)
            return rules
        }
    }
}
