public import LockkeeperCore
import Yams

/// Reads rule files in Prometheus's format: YAML to Core's `RuleFile`, with everything that is wrong and where it stands.
///
/// Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/. As with promtool, a field that is not known is an
/// error.
public enum RuleFileReader {
    /// Rule files are written by hand.
    static let sizeLimit = 4 << 20

    /// - Throws: all that is wrong with the file.
    public static func read(_ file: RuleFileText) throws(ConfigurationProblems) -> RuleFile {
        try readWithWarnings(file).file
    }

    /// - Parameter path: of one file, not a pattern.
    /// - Throws: all that is wrong with the file.
    public static func read(path: String) throws(ConfigurationProblems) -> RuleFile {
        try readWithWarnings(path: path).file
    }

    private static func readWithWarnings(
        _ file: RuleFileText
    ) throws(ConfigurationProblems) -> (file: RuleFile, warnings: [ConfigurationProblem]) {
        let context = ReadingContext(file: file.name, folder: "", environment: [:])
        let rules = read(file, into: context)
        let problems = context.problems.inReadingOrder(from: file.name)
        guard let rules, !problems.contains(where: { $0.gravity == .error }) else {
            throw ConfigurationProblems(problems)
        }
        return (rules, problems)
    }

    /// Reads a file, and says what is odd about it without being wrong.
    ///
    /// - Parameter path: of one file, not a pattern.
    /// - Throws: all that is wrong with the file.
    public static func readWithWarnings(
        path: String
    ) throws(ConfigurationProblems) -> (file: RuleFile, warnings: [ConfigurationProblem]) {
        let file: TextFile
        do {
            file = try TextFile(path: path, limit: sizeLimit)
        } catch {
            throw ConfigurationProblems([
                ConfigurationProblem(
                    file: path, message: "the file \(error.reason)",
                    hint: FilePattern.neighbourHint(for: path))
            ])
        }
        return try readWithWarnings(RuleFileText(name: path, text: file.text))
    }

    /// The checked file; `nil`, with problems in the context, if it cannot be used.
    static func read(_ file: RuleFileText, into context: ReadingContext) -> RuleFile? {
        let root: ConfigurationField
        switch YAMLText.compose(file.text) {
        case .success(let node?): root = ConfigurationField(node: node, path: "", context: context)
        case .success(nil):
            context.add(ConfigurationProblem(gravity: .warning, file: file.name, message: "the file holds no rules"))
            return try? RuleFile(name: file.name, groups: [])
        case .failure(let error):
            context.add(
                ConfigurationProblem(
                    file: file.name, line: error.line, column: error.column, message: error.message, hint: error.hint))
            return nil
        }
        var groups: [Group] = []
        if let section = root.section(.ruleFile) {
            let list = section.required("groups", hint: "A rule file begins with `groups:`")
            for element in list.flatMap({ $0.isNull ? [] : $0.elements(of: "groups") }) ?? [] {
                if let section = element.section(.ruleGroup) { groups.append(Group(section)) }
            }
            if list != nil, groups.allSatisfy(\.rules.isEmpty), context.problems.isEmpty {
                root.report("the file holds no rules", gravity: .warning)
            }
        }
        do {
            let rules = try RuleFile(name: file.name, groups: groups.map(\.definition))
            warnOfDoubles(groups)
            return rules
        } catch {
            let lines = file.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            for problem in error.problems {
                guard groups.indices.contains(problem.group) else { continue }
                groups[problem.group].report(problem, lines: lines)
            }
            return nil
        }
    }

    /// Rules of one name and labels: as recordings they overwrite each other, as alerts they can hardly be told apart.
    private static func warnOfDoubles(_ groups: [Group]) {
        var seen: Set<[String]> = []
        for group in groups {
            for (definition, section) in zip(group.definition.rules, group.rules) {
                let labels = group.definition.labels.merging(definition.labels) { _, own in own }
                let name = definition.alert ?? definition.record ?? ""
                let key = [name] + labels.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
                guard !seen.insert(key).inserted else { continue }
                let field = section["alert"] ?? section["record"] ?? section.place
                field.report(
                    "the file has another rule of this name with the same labels",
                    hint: "Give them other names, or a label that tells them apart", value: name, gravity: .warning)
            }
        }
    }

    /// A group as it was read, with the places of its fields.
    private struct Group {
        let definition: RuleGroupDefinition
        let section: ConfigurationSection
        let rules: [ConfigurationSection]

        init(_ section: ConfigurationSection) {
            self.section = section
            rules =
                section["rules"].flatMap { $0.isNull ? [] : $0.elements(of: "rules") }?
                .compactMap { $0.section(.rule) } ?? []
            definition = RuleGroupDefinition(
                name: section["name"]?.plainText() ?? "", interval: section["interval"]?.plainText(),
                limit: Self.limit(section["limit"]), queryOffset: section["query_offset"]?.plainText(),
                labels: section["labels"]?.plainTextByName() ?? [:], rules: rules.map(Self.rule))
        }

        private static func limit(_ field: ConfigurationField?) -> Int? {
            guard let field, let text = field.plainText(), !text.isEmpty else { return nil }
            guard let limit = Int(text) else {
                field.report("must be a whole number", value: text)
                return nil
            }
            return limit
        }

        private static func rule(_ section: ConfigurationSection) -> RuleDefinition {
            RuleDefinition(
                record: section["record"]?.plainText(), alert: section["alert"]?.plainText(),
                expr: section["expr"]?.plainText() ?? "", for: section["for"]?.plainText(),
                keepFiringFor: section["keep_firing_for"]?.plainText(),
                labels: section["labels"]?.plainTextByName() ?? [:],
                annotations: section["annotations"]?.plainTextByName() ?? [:])
        }

        /// Reports what Core found wrong at the place where it stands in the file.
        func report(_ problem: RuleProblem, lines: [Substring]) {
            let section = problem.rule.flatMap { rules.indices.contains($0) ? rules[$0] : nil } ?? section
            let field = section[problem.field]
            // A field whose shape was wrong has been reported already, and is missing only therefore.
            if let field, problem.message.contains("must be set"), field.plainValue == nil { return }
            let value = problem.key.flatMap { field?.child($0) } ?? field
            let place = value ?? section.place
            var (line, column) = (place.node.mark?.line, place.node.mark?.column)
            var suffix = ""
            if let inner = problem.place {
                if let exact = place.position(of: inner, in: lines) {
                    (line, column) = exact
                } else {
                    suffix = " (line \(inner.line), column \(inner.column) of the text)"
                }
            }
            var path = value == nil ? "\(section.place.path).\(problem.field)" : place.path
            if value == nil, let key = problem.key { path += ".\(key)" }
            let name = problem.name.isEmpty ? "" : "\(problem.rule == nil ? "group" : "rule") \(problem.name): "
            section.place.context.add(
                ConfigurationProblem(
                    file: section.place.context.file, line: line, column: column, path: path,
                    message: "\(name)\(problem.message)\(suffix)"))
        }
    }
}

extension ConfigurationField {
    fileprivate var plainValue: String? {
        if case .scalar(let scalar) = node { scalar.string } else { nil }
    }

    /// The value of a key of this mapping.
    fileprivate func child(_ key: String) -> ConfigurationField? {
        guard case .mapping(let mapping) = node, let (_, value) = mapping.first(where: { $0.key.scalar?.string == key })
        else { return nil }
        return ConfigurationField(node: value, path: "\(path).\(key)", context: context)
    }

    /// Where in the file a place within this text stands; `nil` where folding or escapes keep it from being known.
    fileprivate func position(of place: RuleProblem.Place, in lines: [Substring]) -> (line: Int?, column: Int?)? {
        guard case .scalar(let scalar) = node, let mark = scalar.mark else { return nil }
        switch scalar.style {
        case .literal:
            // The text begins on the line after the `|`, indented as its first line that is not blank.
            let line = mark.line + place.line
            guard lines.indices.contains(line - 1), lines.indices.contains(mark.line) else { return nil }
            let first = lines[mark.line...].first { !$0.allSatisfy(\.isWhitespace) } ?? ""
            return (line, first.prefix { $0 == " " }.count + place.column)
        case .plain, .singleQuoted, .doubleQuoted:
            guard lines.indices.contains(mark.line - 1) else { return nil }
            let quote = scalar.style == .plain ? 0 : 1
            let written = lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1 + quote)
            guard place.line == 1, written.starts(with: scalar.string.unicodeScalars.prefix(place.column - 1)) else {
                return nil
            }
            return (mark.line, mark.column + quote + place.column - 1)
        default:
            return nil
        }
    }
}
