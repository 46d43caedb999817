import FoundationEssentials
import LockkeeperCore

/// Prints what happens in a demo, for people or as lines of JSON.
struct DemoNarrator: Sendable {
    let json: Bool

    /// An event of the play.
    func tell(_ text: String) {
        print("story", text: text, people: "· \(text)")
    }

    func listening(at url: String) {
        print(
            "listening", text: url,
            people:
                "· the agent watches; open \(url)/ and \(url)/metrics (thresholds are seconds here, minutes in earnest)"
        )
    }

    /// What the agent found out about a run.
    func saw(_ event: RunEvent) {
        let kind: String? =
            switch event {
            case .started: "run started"
            case .ended: "run ended"
            case .discovered: "run discovered"
            case .advanced, .reviewed: nil
            }
        guard let kind else { return }
        let title = RunDescription(event.run, at: Sightings.now).title
        print(kind, text: title, people: "· agent: \(title)")
    }

    /// A message as the local receiver got it.
    func received(_ body: [UInt8]) {
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(body)) else {
            return print(
                "message", text: String(decoding: body, as: UTF8.self), people: String(decoding: body, as: UTF8.self))
        }
        let incident = message.lockkeeper
        let lines =
            [incident.title, incident.summary]
            + incident.actions.map { "-> \($0.text)\($0.command.map { ": \($0)" } ?? "")" }
        print(
            "message", text: lines.joined(separator: "\n"),
            people: "✉ [\(message.status), \(incident.severity)] \(lines.joined(separator: "\n    "))")
    }

    /// What the demo reads of a webhook's body.
    private struct Message: Decodable {
        var status: String
        var lockkeeper: Incident

        struct Incident: Decodable {
            var severity: String
            var title: String
            var summary: String
            var actions: [Action]
        }

        struct Action: Decodable {
            var text: String
            var command: String?
        }
    }

    private struct Line: Encodable {
        var at: String
        var kind: String
        var text: String
    }

    private func print(_ kind: String, text: String, people: String) {
        guard json else { return Console.line(people) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = try? encoder.encode(Line(at: Sightings.now.rfc3339, kind: kind, text: text))
        Console.line(line.map { String(decoding: $0, as: UTF8.self) } ?? text)
    }
}
