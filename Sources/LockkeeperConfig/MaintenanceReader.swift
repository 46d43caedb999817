import FoundationEssentials
import LockkeeperCore
import PromQL

/// Reads `maintenance:`, the planned times in which nobody is told of what they cover, and whom to tell of them.
struct MaintenanceReader {
    let targets: [TargetConfiguration]
    let receivers: [ReceiverConfiguration]

    func read(_ root: ConfigurationSection) -> [(silence: Silence, planned: PlannedMaintenance)] {
        var seen: Set<String> = []
        return root["maintenance"]?.elements(of: "maintenance windows")?.compactMap { element in
            guard let section = element.section(.maintenance) else { return nil }
            let name = section.name(hint: "Give the window a name, which messages will show")
            if let name, !seen.insert(name).inserted {
                section["name"]?.report("there is another window of this name", hint: "Choose another")
            }
            let matchers = self.matchers(section)
            let begin = section.required("from", hint: "Write when it begins: `2026-11-28T22:00:00+01:00`")
                .flatMap(time)
            let end = section.required("until", hint: "Write when it ends: `2026-11-29T02:00:00+01:00`").flatMap(time)
            let announce = section["announce"].map(self.announce) ?? []
            guard let name, let begin, let end else { return nil }
            guard begin < end else {
                section["until"]?.report("the window ends before it begins", hint: "Exchange `from` and `until`")
                return nil
            }
            if end.seconds < Date().timeIntervalSince1970 {
                element.report("the window `\(name)` is over", hint: "It can be taken out", gravity: .warning)
            }
            let comment = section["comment"]?.text()?.value
            let silence = Silence(
                id: "maintenance-\(name)", matchers: matchers, begin: begin, end: end, author: "the configuration",
                comment: comment ?? name)
            let planned = PlannedMaintenance(
                name: name, target: target(of: matchers),
                window: MaintenanceWindow(begin: begin, end: end, comment: comment), announce: announce)
            return (silence, planned)
        } ?? []
    }

    /// The receivers, each once.
    private func announce(_ field: ConfigurationField) -> [String] {
        var names: [String] = []
        for element in field.elements(of: "receivers' names") ?? [] {
            guard let receiver = element.receiver(of: receivers) else { continue }
            switch receiver.channel {
            case .pagerDuty, .alertmanager:
                element.report(
                    "`\(receiver.name)` calls people for what is wrong, and planned maintenance is not",
                    hint: "Name receivers of Slack, email, a webhook, Statuspage or Cachet", value: receiver.name)
            case .slack, .slackBot, .email, .webhook, .statuspage, .cachet:
                if !names.contains(receiver.name) { names.append(receiver.name) }
            }
        }
        return names
    }

    /// The one target that the matchers let through; "" if there may be several.
    private func target(of matchers: [LabelMatcher]) -> String {
        let name = matchers.first { $0.name == "target" && $0.operation == .equal }?.value ?? ""
        return targets.contains { $0.name == name } ? name : ""
    }

    private func matchers(_ section: ConfigurationSection) -> [LabelMatcher] {
        var matchers: [LabelMatcher] = []
        if let field = section["target"], let text = field.text() {
            if !targets.contains(where: { $0.name == text.value }) {
                field.report(
                    "there is no target of this name",
                    hint: Suggestion.hint(for: text.value, in: targets.map(\.name).filter { !$0.isEmpty }),
                    value: text.written)
            }
            matchers.append(LabelMatcher("target", is: text.value))
        }
        if let field = section["matchers"] {
            let known = LabelName.ofIncidents + LabelName.ofSilences + targets.flatMap(\.labels.keys)
            matchers += MatcherReader(known: known).read(field)
        }
        let isGiven = section["target"] != nil || section["matchers"] != nil
        if isGiven, !matchers.contains(where: { !$0.matches("") }) {
            (section["matchers"] ?? section["target"])?.report(
                "fits everything, the agent's own alerts too",
                hint: "One matcher at least must ask for something: `target=app-production`")
        }
        if section["target"] == nil, section["matchers"] == nil {
            section.place.report(
                "`target` is missing", hint: "Name the target, or write `matchers: ['target=~\".+\"']`")
        }
        return matchers
    }

    private func time(_ field: ConfigurationField) -> Timestamp? {
        guard let text = field.text() else { return nil }
        guard let time = Timestamp(rfc3339: text.value) else {
            field.report(
                "is not a time", hint: "Write it with its offset to UTC: `2026-11-28T22:00:00+01:00`",
                value: text.written)
            return nil
        }
        return time
    }
}
