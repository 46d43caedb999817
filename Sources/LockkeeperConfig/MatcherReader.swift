import LockkeeperCore
import PromQL

/// Reads a list of matchers such as `database=~"app.*"`.
struct MatcherReader {
    /// The labels that there are to match.
    let known: [String]

    func read(_ field: ConfigurationField) -> [LabelMatcher] {
        field.elements(of: "matchers")?.compactMap(matcher) ?? []
    }

    private func matcher(_ field: ConfigurationField) -> LabelMatcher? {
        guard let text = field.text() else { return nil }
        do {
            let matcher = try LabelMatcher(written: text.value)
            if !known.contains(matcher.name) {
                field.report(
                    "nothing has a label `\(matcher.name)`, so it counts as empty",
                    hint: Suggestion.hint(for: matcher.name, in: known), value: text.written, gravity: .warning)
            }
            return matcher
        } catch {
            field.report(error.message, hint: error.hint)
            return nil
        }
    }
}
