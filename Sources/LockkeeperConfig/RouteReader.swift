import LockkeeperCore

/// Reads `routes:`.
struct RouteReader {
    let targets: [TargetConfiguration]
    let receivers: [ReceiverConfiguration]
    /// The places of the receivers in the file.
    let receiverFields: [ConfigurationField]

    func read(_ root: ConfigurationSection) -> [Route] {
        var named: Set<String> = []
        let routes =
            root["routes"]?.elements(of: "routes")?.compactMap { element -> Route? in
                guard let section = element.section(.route) else { return nil }
                let receiver = section.required("receiver", hint: "Name one of the receivers").flatMap(receiver)
                let severity = section["severity"]?.text(oneOf: Severity.allCases.map(\.rawValue))
                let match = section["match"].map(self.match) ?? [:]
                guard let receiver else { return nil }
                named.insert(receiver)
                return Route(
                    receiver: receiver, severity: severity.flatMap(Severity.init) ?? .info, match: match)
            } ?? []
        for (index, receiver) in receivers.enumerated() where !named.contains(receiver.name) {
            receiverFields[index].report(
                "no route leads to `\(receiver.name)`, so it is told nothing",
                hint: "Add `- { receiver: \(receiver.name) }` to `routes`", gravity: .warning)
        }
        return routes
    }

    private func receiver(_ field: ConfigurationField) -> String? {
        guard let text = field.text() else { return nil }
        let names = receivers.map(\.name)
        guard names.contains(text.value) else {
            field.report(
                "there is no receiver of this name",
                hint: names.isEmpty ? "Add it to `receivers`" : Suggestion.hint(for: text.value, in: names),
                value: text.written)
            return nil
        }
        return text.value
    }

    private func match(_ field: ConfigurationField) -> [String: String] {
        let own = Set(targets.flatMap { $0.labels.keys }).sorted()
        let known = LabelName.ofIncidents + own
        var match: [String: String] = [:]
        for (name, text, field) in field.textByName() ?? [] {
            match[name] = text.value
            if name == "severity" {
                field.report(
                    "the severity is no label to match", hint: "Write `severity: \(text.written)` beside `match`")
            } else if !known.contains(name) {
                field.report(
                    "no incident has a label `\(name)`, so this never matches",
                    hint: Suggestion.hint(for: name, in: known))
            } else if name == "target", !targets.contains(where: { $0.name == text.value }) {
                field.report(
                    "there is no target of this name",
                    hint: Suggestion.hint(for: text.value, in: targets.map(\.name).filter { !$0.isEmpty }),
                    value: text.written)
            }
        }
        return match
    }
}
