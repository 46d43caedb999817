import LockkeeperCore

/// Reads `routes:`.
struct RouteReader {
    let targets: [TargetConfiguration]
    let receivers: [ReceiverConfiguration]
    /// The places of the receivers in the file.
    let receiverFields: [ConfigurationField]
    /// The receivers that are told of planned maintenance.
    let announced: Set<String>
    /// Whether there is a token, which acknowledging takes.
    let mayBeAcknowledged: Bool

    /// Nobody means to wait for more than a month.
    private static let longest = Duration.seconds(31 * 86_400)

    func read(_ root: ConfigurationSection) -> [Route] {
        var named = announced
        let routes =
            root["routes"]?.elements(of: "routes")?.compactMap { element -> Route? in
                guard let section = element.section(.route) else { return nil }
                let receiver = section.required("receiver", hint: "Name one of the receivers")
                    .flatMap { $0.receiver(of: receivers)?.name }
                let severity = section["severity"]?.text(oneOf: Severity.allCases.map(\.rawValue))
                let match = section["match"].map(self.match) ?? [:]
                let own = targets.flatMap { $0.labels.keys }
                let matchers = section["matchers"].map(MatcherReader(known: LabelName.ofIncidents + own).read) ?? []
                let hours = section["active_hours"].map(ActiveHoursReader().read) ?? []
                let minimum = section["minimum_duration"]?.duration(in: .zero...Self.longest)
                let reminder = section["reminder_interval"]?.duration(in: .seconds(60)...Self.longest)
                let unacknowledged = section["unacknowledged_for"]?.duration(in: .seconds(1)...Self.longest)
                let isDigest = section["digest"]?.boolean() ?? false
                if isDigest {
                    for name in ["reminder_interval", "unacknowledged_for"] {
                        section[name]?.report(
                            "has no effect with `digest`", hint: "A digest comes when it is over: keep one of them")
                    }
                }
                // Who is called, or reminded, until somebody acknowledges it would be so to its end.
                if !mayBeAcknowledged, !isDigest,
                    let field = section["unacknowledged_for"] ?? section["reminder_interval"]
                {
                    field.report(
                        "nobody can acknowledge: that takes `web.token` or `web.token_file`, and there is neither",
                        hint: "Make one with `openssl rand -hex 32`, and set `web: { token_file: … }`",
                        gravity: .warning)
                }
                guard let receiver else { return nil }
                named.insert(receiver)
                return Route(
                    receiver: receiver, severity: severity.flatMap(Severity.init) ?? .info, match: match,
                    matchers: matchers, activeHours: hours, minimumDuration: minimum ?? .zero,
                    reminderInterval: reminder, unacknowledgedFor: unacknowledged, isDigest: isDigest)
            } ?? []
        for (index, receiver) in receivers.enumerated() where !named.contains(receiver.name) {
            receiverFields[index].report(
                "no route leads to `\(receiver.name)`, so it is told nothing",
                hint: "Add `- { receiver: \(receiver.name) }` to `routes`", gravity: .warning)
        }
        return routes
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

extension ConfigurationField {
    /// The receiver that is named here; reported if there is none of this name.
    func receiver(of receivers: [ReceiverConfiguration]) -> ReceiverConfiguration? {
        guard let text = text() else { return nil }
        if let receiver = receivers.first(where: { $0.name == text.value }) { return receiver }
        let names = receivers.map(\.name)
        report(
            "there is no receiver of this name",
            hint: names.isEmpty ? "Add it to `receivers`" : Suggestion.hint(for: text.value, in: names),
            value: text.written)
        return nil
    }
}
