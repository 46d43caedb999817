import ArgumentParser
import FoundationEssentials
import LockkeeperConfig
import LockkeeperCore
import LockkeeperTransfer
import PromQL

struct SilenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence", abstract: "Holds back messages of certain incidents for a while.",
        discussion: """
            Example:
              lockkeeper silence add target=app-production --for 2h --comment "we restore a copy"
              lockkeeper silence list
              lockkeeper silence expire silence-2s9x4k

            What is still true when a silence ends is told then, and so is a migration that failed meanwhile, unless a later run has ended since.
            Who was told that something began is told how it ended, silence or not.
            Planned windows can stand in the configuration, under `maintenance`.
            """, subcommands: [Add.self, List.self, Expire.self], defaultSubcommand: List.self)

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets one.",
            discussion: """
                Example:
                  lockkeeper silence add target=app-production 'alertname=~"Migration.*"' --for 2h --comment "we restore a copy"

                Matchers are LABEL=VALUE, !=, =~ or !~, and all of them must hold, for an incident's labels (target, database, tool, alertname,
                severity, incident and those of the target) or for those of one of its alerts.
                """)

        @Argument(help: "What it is about.")
        var matchers: [String]

        @Option(name: .customLong("for"), help: ArgumentHelp("How long, such as 2h or 90m.", valueName: "duration"))
        var duration: String?

        @Option(help: "When it begins, instead of now: RFC 3339.")
        var from: String?

        @Option(help: "When it ends, instead of --for: RFC 3339.")
        var until: String?

        @OptionGroup var authorship: Authorship
        @OptionGroup var agent: AgentAddress

        @Flag(help: "Prints JSON, as the HTTP API answers it.")
        var json = false

        func validate() throws {
            for text in matchers {
                do throws(MatcherProblem) {
                    _ = try LabelMatcher(written: text)
                } catch {
                    throw ValidationError("\(error)")
                }
            }
            for (name, text) in [("--from", from), ("--until", until)] {
                if let text, Timestamp(rfc3339: text) == nil {
                    throw ValidationError("\(name) is to be RFC 3339, such as 2026-11-28T22:00:00+01:00")
                }
            }
            guard (duration == nil) != (until == nil) else {
                throw ValidationError("say how long: --for 2h, or --until with a time")
            }
            if let duration, GoDuration.parse(duration) == nil {
                throw ValidationError("--for: \(GoDuration.hint(for: duration))")
            }
            if authorship.comment.isEmpty {
                throw ValidationError("say why with --comment: whoever misses the messages will ask")
            }
        }

        func run() async throws {
            var body: [String: AgentAction.Value] = [
                "matchers": .texts(matchers), "author": .text(authorship.name), "comment": .text(authorship.comment),
            ]
            let begin = from.flatMap(Timestamp.init(rfc3339:)) ?? Sightings.now
            let end = duration.flatMap(GoDuration.parse).map { begin + $0 } ?? until.flatMap(Timestamp.init(rfc3339:))
            body["ends_at"] = end.map { .text($0.rfc3339) }
            if let from { body["starts_at"] = .text(from) }
            let answer = try await AgentAction(agent: agent, path: "/api/v1/silences", body: body).perform()
            if json { return Console.line(answer) }
            let silence = try SilenceDocument(answer)
            for warning in silence.warnings ?? [] { Console.error("warning: \(warning)") }
            Console.line(
                "\(silence.id): silent until \(silence.endsAt) for \(silence.matchers.joined(separator: ", "))")
            if let incidents = silence.matchedIncidents, let alerts = silence.matchedAlerts {
                Console.line(
                    "it matches \(count(incidents, "open incident")) and \(count(alerts, "firing alert")) now")
            }
        }

        private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists those in force and those to come, maintenance windows too.",
            discussion: "Example:\n  lockkeeper silence list --json")

        @OptionGroup var agent: AgentAddress

        @Flag(help: "Prints JSON, as the HTTP API answers it.")
        var json = false

        private struct Documents: Decodable {
            var silences: [SilenceDocument]
        }

        func run() async throws {
            let agent = try agent.endpoint()
            let response = try await agent.ask("GET", "/api/v1/silences")
            guard response.status == 200,
                let documents = try? SilenceDocument.decoder.decode(Documents.self, from: Data(response.body))
            else {
                throw CommandFailure(
                    .unreachable, "\(agent.url) answered \(response.status)",
                    "does an agent listen there? `--url` says where")
            }
            if json { return Console.line(response.text) }
            guard !documents.silences.isEmpty else { return Console.line("no silences") }
            var table = TextTable("SILENCE", "STATE", "BEGINS", "ENDS", "BY", "FOR", "WHY")
            for silence in documents.silences {
                table.add(
                    silence.id, silence.state, silence.startsAt, silence.endsAt, silence.author,
                    silence.matchers.joined(separator: ","), silence.comment)
            }
            Console.line(table.text)
        }
    }

    struct Expire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends one now.", discussion: "Example:\n  lockkeeper silence expire silence-2s9x4k")

        @Argument(help: "The silence, as `silence list` names it.")
        var id: String

        @OptionGroup var agent: AgentAddress

        @Flag(help: "Prints JSON, as the HTTP API answers it.")
        var json = false

        func run() async throws {
            let answer = try await AgentAction(
                agent: agent, method: "DELETE", path: "/api/v1/silences/\(AgentAction.encoded(id))"
            ).perform()
            Console.line(json ? answer : "\(id): expired; what it held back and is still true is told now")
        }
    }
}

/// A silence as the HTTP API shows it.
private struct SilenceDocument: Decodable {
    var id: String
    var matchers: [String]
    var startsAt: String
    var endsAt: String
    var author: String
    var comment: String
    var state: String
    /// In the answer to its setting alone, of an agent of this version or a newer one.
    var warnings: [String]?
    var matchedIncidents: Int?
    var matchedAlerts: Int?

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    init(_ text: String) throws {
        self = try Self.decoder.decode(SilenceDocument.self, from: Data(text.utf8))
    }
}
