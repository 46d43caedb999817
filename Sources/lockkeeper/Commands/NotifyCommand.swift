import ArgumentParser
import FoundationEssentials
import LockkeeperAgent
import LockkeeperConfig
import LockkeeperCore
import LockkeeperNotify
import LockkeeperTransfer
import Synchronization

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

                Exit status: 1 if a receiver refused the message, or put it off, 2 if one's secret cannot be read, 3 if one could not be reached.
                """)

        @OptionGroup var source: ConfigurationSource

        @Option(help: "Only this receiver.")
        var receiver: String?

        @Flag(help: "Prints JSON.")
        var json = false

        private struct Answer: Encodable {
            var receiver: String
            var outcome: Outcome
            var reason: String?
            /// What it said, as far as it said anything.
            var answers: [String] = []
        }

        private enum Outcome: String, Encodable {
            case delivered
            /// It takes no such message, with this token or at all.
            case refused
            /// It answered that it is to be tried later, as a busy or disturbed one does: the agent would.
            case deferred
            /// Its secret cannot be read, so it was not asked.
            case unreadable
            case unreachable
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
                    let words = answer.reason ?? answer.answers.joined(separator: "; ")
                    Console.line("\(answer.receiver): \(answer.outcome.rawValue)\(words.isEmpty ? "" : ": \(words)")")
                }
            }
            for (outcomes, status) in [
                ([Outcome.refused, .deferred], CommandFailure.Status.doesNotHold), ([.unreadable], .usage),
                ([.unreachable], .unreachable),
            ] where answers.contains(where: { outcomes.contains($0.outcome) }) {
                throw CommandFailure(status, lines: [])
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
            let heard = Heard()
            let client = ConfiguredReceiver(receiver, transfers: transfers) { heard.add($0) }
            if let problem = client.problem {
                return Answer(receiver: receiver.name, outcome: .unreadable, reason: "\(problem)")
            }
            let result = await client.deliver(delivery)
            let answers = heard.answers
            let outcome: Outcome
            var reason: String?
            switch result {
            case .delivered, .opened: outcome = .delivered
            case .retry(let after, let words, _, _):
                outcome = answers.contains { !$0.isSuccess } ? .deferred : .unreachable
                reason = words + (after.map { " (again in \($0.readable))" } ?? "")
            case .permanent(let words, _):
                outcome = .refused
                reason = words
            }
            return Answer(receiver: receiver.name, outcome: outcome, reason: reason, answers: answers.map(\.text))
        }
    }
}

/// What a receiver answers while it is tried out.
private final class Heard: Sendable {
    private let list = Mutex<[ReceiverAnswer]>([])

    var answers: [ReceiverAnswer] { list.withLock { $0 } }

    func add(_ answer: ReceiverAnswer) { list.withLock { $0.append(answer) } }
}
