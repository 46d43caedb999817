import ArgumentParser
import LockkeeperCore
import LockkeeperStore
import LockkeeperWeb

struct IncidentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incidents", abstract: "Shows the incidents and who was told of them, and acknowledges them.",
        discussion: """
            Example:
              lockkeeper incidents
              lockkeeper incidents show run-8h3k2m1x9q4zt
              lockkeeper incidents ack run-8h3k2m1x9q4zt --comment "I end the report"
            """, subcommands: [List.self, Show.self, Acknowledge.self], defaultSubcommand: List.self)

    static func unknown(_ id: String) -> CommandFailure {
        CommandFailure(.doesNotHold, "there is no incident \(id); `lockkeeper incidents` lists those there are")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists them, newest first.", discussion: "Example:\n  lockkeeper incidents list --open --json")

        @OptionGroup var state: StateSource

        @Flag(name: .customLong("open"), help: "Only the open ones.")
        var onlyOpen = false

        func run() async throws {
            let store = try await state.open()
            let incidents = try await store.incidents(
                IncidentFilter(status: onlyOpen ? .open : nil), limit: state.limit)
            if state.json {
                Console.line(try JSONDocuments.incidents(incidents))
                return
            }
            guard !incidents.isEmpty else { return Console.line("no incidents") }
            var table = TextTable("INCIDENT", "OPENED", "STATUS", "SEVERITY", "WORST", "TARGET", "TOLD", "WHAT")
            for incident in incidents {
                table.add(
                    incident.id, incident.openedAt.readable, incident.status.rawValue, incident.severity.rawValue,
                    incident.peak.rawValue, incident.target.isEmpty ? "-" : incident.target,
                    incident.listeners.isEmpty ? "nobody" : incident.toldReceivers.joined(separator: ","),
                    incident.timeline.last?.text ?? incident.facts.summary)
            }
            Console.line(table.text)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one of them with its timeline and deliveries.",
            discussion: "Example:\n  lockkeeper incidents show run-8h3k2m1x9q4zt")

        @OptionGroup var state: StateSource

        @Argument(help: "The incident, as `incidents list` names it; its beginning is enough.")
        var id: String

        func run() async throws {
            let store = try await state.open()
            guard let incident = try await store.incident(id) else {
                throw IncidentsCommand.unknown(id)
            }
            let deliveries = try await store.deliveries(DeliveryFilter(incident: incident.id), limit: 1000)
            if state.json {
                Console.line(try JSONDocuments.incident(incident, deliveries: deliveries))
                return
            }
            Console.line("\(incident.id): \(incident.status.rawValue), \(incident.severity.rawValue)")
            if let acknowledgement = incident.acknowledgementInForce {
                Console.line("acknowledged by \(acknowledgement.author) at \(acknowledgement.at.readable)")
            }
            if let silence = incident.mutedBy, incident.status == .open { Console.line("muted by \(silence)") }
            Sightings.describe(incident.facts)
            Console.line("\nTimeline:")
            for entry in incident.timeline {
                Console.line("  \(entry.at.readable)  \(entry.severity.rawValue)  \(entry.text)")
            }
            Console.line(deliveries.isEmpty ? "\nNobody was told." : "\nDeliveries:")
            for delivery in deliveries.reversed() {
                let error = delivery.lastError.map { ": \($0)" } ?? ""
                Console.line(
                    "  \(delivery.plannedAt.readable)  \(delivery.receiver)  \(delivery.notification.reason.rawValue)  \(delivery.status.rawValue) after \(delivery.attempts) attempt\(delivery.attempts == 1 ? "" : "s")\(error)"
                )
            }
        }
    }

    struct Acknowledge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ack",
            abstract:
                "Says that you are looking after one: those who were told of it hear it, and nobody else is called.",
            discussion: """
                Example:
                  lockkeeper incidents ack run-8h3k2m1x9q4zt --comment "I end the report"

                It holds for the severity that the incident has now: if that rises, people are called again.
                """)

        @Argument(help: "The incident, as `incidents list` names it.")
        var id: String

        @OptionGroup var authorship: Authorship
        @OptionGroup var agent: AgentAddress

        @Flag(help: "Prints JSON, as the HTTP API answers it.")
        var json = false

        func run() async throws {
            let answer = try await AgentAction(
                agent: agent, path: "/api/v1/incidents/\(AgentAction.encoded(id))/acknowledge",
                body: ["author": .text(authorship.name), "comment": .text(authorship.comment)]
            ).perform()
            Console.line(json ? answer : "\(id): acknowledged by \(authorship.name)")
        }
    }
}
