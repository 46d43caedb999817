import ArgumentParser
import FoundationEssentials
import LockkeeperAgent
import LockkeeperConfig
import LockkeeperCore
import LockkeeperNotify
import LockkeeperTransfer

struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Tries out the receivers.",
        discussion: "Example:\n  lockkeeper notify test --receiver incidents", subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends a message marked TEST to each receiver, and prints its answer.",
            discussion: """
                Example:
                  lockkeeper notify test --config /etc/lockkeeper/lockkeeper.yml --receiver incidents

                Exit status: 1 if a receiver refused the message, 3 if one could not be reached.
                """)

        @OptionGroup var source: ConfigurationSource

        @Option(help: "Only this receiver.")
        var receiver: String?

        @Flag(help: "Prints JSON.")
        var json = false

        private struct Answer: Encodable {
            var receiver: String
            /// `delivered`, `unreachable` or `refused`
            var outcome: String
            var reason: String?
        }

        func run() async throws {
            let configuration = try source.loadOrFail()
            let names = configuration.receivers.map(\.name)
            if let receiver, !names.contains(receiver) {
                throw CommandFailure(
                    .usage,
                    "there is no receiver \(receiver); there \(names.isEmpty ? "are none" : "are: \(names.joined(separator: ", "))")"
                )
            }
            guard !names.isEmpty else { throw CommandFailure(.usage, "the configuration has no receivers") }
            let wanted = configuration.receivers.filter { receiver == nil || $0.name == receiver }
            let transfers = TransferClient()
            var answers: [Answer] = []
            for wanted in wanted { answers.append(await test(wanted, configuration, transfers)) }
            await transfers.shutdown()

            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                Console.line(String(decoding: try encoder.encode(answers), as: UTF8.self))
            } else {
                for answer in answers {
                    Console.line("\(answer.receiver): \(answer.outcome)\(answer.reason.map { ": \($0)" } ?? "")")
                }
            }
            if answers.contains(where: { $0.outcome == "refused" }) { throw CommandFailure(.doesNotHold, lines: []) }
            if answers.contains(where: { $0.outcome == "unreachable" }) {
                throw CommandFailure(.unreachable, lines: [])
            }
        }

        private func test(
            _ receiver: ReceiverConfiguration, _ configuration: Configuration, _ transfers: TransferClient
        ) async -> Answer {
            let now = Sightings.now
            let notification = Notification.test(
                receiver: receiver.name, sender: "lockkeeper \(Lockkeeper.version) on \(HostName.current)", at: now,
                link: configuration.externalURL)
            let delivery = Delivery(
                id: StableIdentifier.derive(from: notification.incidentID, receiver.name),
                incidentID: notification.incidentID, receiver: receiver.name, sequence: 1, notification: notification,
                plannedAt: now)
            switch await ConfiguredReceiver(receiver, transfers: transfers).deliver(delivery) {
            case .delivered, .opened: return Answer(receiver: receiver.name, outcome: "delivered", reason: nil)
            case .retry(_, let reason, _, _):
                return Answer(receiver: receiver.name, outcome: "unreachable", reason: reason)
            case .permanent(let reason, _): return Answer(receiver: receiver.name, outcome: "refused", reason: reason)
            }
        }
    }
}
