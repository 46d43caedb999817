import Yams

/// Reads YAML and says what is wrong with it without quoting it: Yams's own messages show the line, which may hold a secret.
enum YAMLText {
    struct Failure: Error, Hashable {
        var line: Int?
        var column: Int?
        var message: String
        var hint: String?
    }

    /// - Returns: the document; `nil` if there is nothing but comments.
    static func compose(_ text: String) -> Result<Node?, Failure> {
        do {
            // Texts stay texts: nothing here asks what else a scalar might be, and finding out is slow.
            return .success(try Yams.compose(yaml: text, .basic))
        } catch let error as YamlError {
            return .failure(failure(error))
        } catch {
            return .failure(Failure(message: "the file is not YAML"))
        }
    }

    private static func failure(_ error: YamlError) -> Failure {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let setting = context.map { " \($0.text.trimmingWhitespace)" } ?? ""
            return Failure(
                line: mark.line, column: mark.column, message: "the file is not YAML:\(setting) \(problem)".squeezed,
                hint: hint(problem))
        case .reader(let problem, _, _, _):
            return Failure(message: "the file is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = ConfigurationField.list(duplicates.sorted())
            return Failure(
                line: context.mark.line, column: context.mark.column, message: "\(names) stands twice in one mapping",
                hint: "Keep one of them")
        default:
            return Failure(message: "the file is not YAML")
        }
    }

    private static func hint(_ problem: String) -> String? {
        if problem.contains("tab") || problem.contains("cannot start any token") {
            return "Indent with spaces, not tabs; quote a text that begins with a special character"
        }
        if problem.contains("mapping values") { return "Quote a text that contains `: `" }
        if problem.contains("block") { return "Look at the indentation" }
        return nil
    }
}

extension String {
    fileprivate var trimmingWhitespace: Substring {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    fileprivate var squeezed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
