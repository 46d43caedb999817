internal import Dispatch
internal import LockkeeperConfig

/// Which of the configured secrets cannot be read at present: whom they lead to would not be told, or could not ask.
enum SecretProblems {
    /// A sentence for each, on a thread that may wait for the disk.
    static func find(
        in configuration: Configuration, receivers: [(name: String, client: ConfiguredReceiver)]
    ) async -> [String] {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                var problems = receivers.compactMap { receiver in
                    receiver.client.problem.map { "receiver \(receiver.name) cannot be told: \($0)" }
                }
                problems += [
                    problem("actions over HTTP are refused") { () throws(SecretFailure) in
                        try configuration.web.token?.read()
                    },
                    problem("there is no heartbeat") { () throws(SecretFailure) in
                        try configuration.heartbeat?.endpoint.read()
                    },
                    problem("what stops the heartbeat cannot be told") { () throws(SecretFailure) in
                        try configuration.heartbeat?.failEndpoint?.read()
                    },
                ].compactMap { $0 }
                continuation.resume(returning: problems)
            }
        }
    }

    private static func problem(_ consequence: String, _ read: () throws(SecretFailure) -> String?) -> String? {
        do throws(SecretFailure) {
            _ = try read()
            return nil
        } catch {
            return "\(consequence): \(error)"
        }
    }
}
