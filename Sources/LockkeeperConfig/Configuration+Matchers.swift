import LockkeeperCore
public import PromQL

extension Configuration {
    /// What is probably a mistake in the matchers of a silence: labels that nothing has, and names that nothing bears. One sentence each.
    public func warnings(about matchers: [LabelMatcher]) -> [String] {
        let rules = self.rules.files.flatMap(\.groups).flatMap(\.rules).compactMap { rule in
            if case .alerting(let rule) = rule { rule } else { nil }
        }
        let suggested =
            LabelName.ofIncidents + LabelName.ofSilences + targets.flatMap(\.labels.keys).sorted()
            + rules.flatMap(\.labels.keys).sorted()
        let values = [
            "target": targets.map(\.name), "alertname": rules.map(\.name),
            "severity": Severity.allCases.map(\.rawValue),
        ]
        return matchers.compactMap { matcher in
            // Alerts have the labels of the metrics that they come from, too.
            guard suggested.contains(matcher.name) || LabelName.reserved.contains(matcher.name) else {
                return Self.sentence(
                    "nothing has a label `\(matcher.name)`, so it counts as empty",
                    Suggestion.hint(for: matcher.name, in: suggested))
            }
            guard let known = values[matcher.name], !matcher.value.isEmpty else { return nil }
            switch matcher.operation {
            case .equal, .notEqual:
                guard !known.contains(matcher.value) else { return nil }
                return Self.sentence(
                    "there is no \(matcher.name) `\(matcher.value)`", Suggestion.hint(for: matcher.value, in: known))
            case .matches:
                return known.contains(where: matcher.matches) || matcher.matches("")
                    ? nil : "there is no \(matcher.name) that matches `\(matcher.value)`"
            case .doesNotMatch: return nil
            }
        }
    }

    private static func sentence(_ message: String, _ hint: String?) -> String {
        hint.map { "\(message). \($0)" } ?? message
    }
}
