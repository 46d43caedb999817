import ArgumentParser
import LockkeeperConfig
import LockkeeperCore
import LockkeeperStore
import LockkeeperWeb

struct DeliveriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "Shows the messages to receivers and what has become of each.",
        discussion: """
            Example:
              lockkeeper deliveries --status pending
              lockkeeper deliveries --receiver incidents --limit 10
              lockkeeper deliveries --incident run-8h3k2m1x9q4zt

            A message is pending until it is delivered or, on a permanent error, failed. It is superseded if a newer one made it needless before
            it was sent. Where several agents watch a target, those of one that follows are on standby until it takes over, and sent elsewhere
            if it does not.
            """)

    @OptionGroup var state: StateSource

    @Option(help: "Only those to this receiver.")
    var receiver: String?

    @Option(help: ArgumentHelp("Only those of this incident; the beginning of its id is enough.", valueName: "id"))
    var incident: String?

    @Option(help: "Only those that are \(Self.statuses).", transform: Self.status)
    var status: Delivery.Status?

    private static var statuses: String {
        let names = Delivery.Status.allCases.map(\.rawValue)
        return "\(names.dropLast().joined(separator: ", ")) or \(names[names.count - 1])"
    }

    private static func status(_ text: String) throws -> Delivery.Status {
        guard let status = Delivery.Status(rawValue: text) else {
            throw ValidationError("it is \(statuses), not `\(text)`")
        }
        return status
    }

    func run() async throws {
        let store = try await state.open()
        var incident = incident
        if let named = incident {
            guard let found = try await store.incident(named) else { throw IncidentsCommand.unknown(named) }
            incident = found.id
        }
        let deliveries = try await store.deliveries(
            DeliveryFilter(receiver: receiver, status: status, incident: incident), limit: state.limit)
        if deliveries.isEmpty, let receiver { try await checkKnown(receiver, in: store) }
        if state.json { return Console.line(try JSONDocuments.deliveries(deliveries)) }
        guard !deliveries.isEmpty else { return Console.line("no deliveries") }
        var table = TextTable("PLANNED", "RECEIVER", "INCIDENT", "REASON", "STATUS", "ATTEMPTS", "NEXT", "WHAT")
        for delivery in deliveries {
            table.add(
                delivery.plannedAt.readable, delivery.receiver, delivery.incidentID,
                delivery.notification.reason.rawValue, delivery.status.rawValue, String(delivery.attempts),
                delivery.status == .pending ? delivery.nextAttemptAt.readable : "-",
                delivery.lastError ?? delivery.notification.title)
        }
        Console.line(table.text)
    }

    /// - Throws: `CommandFailure` if neither the configuration nor the outbox knows a receiver.
    private func checkKnown(_ receiver: String, in store: Store) async throws {
        // Without a configuration that can be read the outbox is asked alone.
        let configured = (try? state.configuration.load())?.receivers.map(\.name) ?? []
        guard !configured.contains(receiver),
            try await store.deliveries(DeliveryFilter(receiver: receiver), limit: 1).isEmpty
        else { return }
        throw CommandFailure(
            .usage, "there is no receiver \(receiver), and nothing was ever sent to one of that name",
            configured.isEmpty
                ? "`lockkeeper deliveries` shows to whom messages went"
                : "the configuration has: \(configured.joined(separator: ", "))")
    }
}
