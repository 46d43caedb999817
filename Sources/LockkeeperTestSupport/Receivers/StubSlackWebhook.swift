public import Foundation
import Synchronization

/// Slack's incoming webhook, strictly: a payload with anything wrong in it gets `invalid_payload` and is noted.
public final class StubSlackWebhook: Sendable {
    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    /// The path with the secret in it.
    public static let path = "/services/T00000000/B00000000/secretXXXXXXXXXXXXXXXXXX"
    private let ledger: Ledger

    /// Starts one.
    ///
    /// - Parameter minimumInterval: a message that comes sooner than this after the last gets 429; with Slack it is a second.
    public static func start(
        minimumInterval: Duration? = nil, certificate: SelfSignedCertificate? = nil
    ) async throws -> StubSlackWebhook {
        let ledger = Ledger(minimumInterval: minimumInterval)
        let server = try await StubHTTPServer.start(certificate: certificate) { ledger.answer(to: $0) }
        return StubSlackWebhook(server, ledger)
    }

    /// Starts one, hands it to `body`, and closes it whatever happens.
    public static func serving<Result>(
        minimumInterval: Duration? = nil, _ body: (StubSlackWebhook) async throws -> Result
    ) async throws -> Result {
        let stub = try await start(minimumInterval: minimumInterval)
        do {
            let result = try await body(stub)
            try await stub.close()
            return result
        } catch {
            try? await stub.close()
            throw error
        }
    }

    private init(_ server: StubHTTPServer, _ ledger: Ledger) {
        self.server = server
        self.ledger = ledger
    }

    /// The webhook's URL.
    public var url: String { server.url(Self.path) }

    /// Everything that was wrong with payloads so far.
    public var violations: [String] { ledger.state.withLock { $0.violations } }

    /// The payloads that were accepted with `ok`.
    public var accepted: [Data] { ledger.state.withLock { $0.accepted } }

    /// Closes it.
    public func close() async throws { try await server.close() }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var accepted: [Data] = []
            var lastAccepted: ContinuousClock.Instant?
        }

        let state = Mutex(State())
        private let minimumInterval: Duration?

        init(minimumInterval: Duration?) { self.minimumInterval = minimumInterval }

        func answer(to request: RecordedRequest) -> StubAnswer {
            guard request.path == StubSlackWebhook.path else { return .status(404, "no_service") }
            guard request.method == "POST" else { return .status(405, "method_not_allowed") }
            var violations = BlockKitCheck(Data(request.body)).violations
            if request.header("Content-Type")?.hasPrefix("application/json") != true {
                violations.append("Content-Type: not application/json")
            }
            return state.withLock { state in
                state.violations += violations
                guard violations.isEmpty else { return .status(400, "invalid_payload") }
                if let minimumInterval, let last = state.lastAccepted, request.arrival - last < minimumInterval {
                    return .rateLimited(retryAfter: Int(minimumInterval.components.seconds))
                }
                state.lastAccepted = request.arrival
                state.accepted.append(Data(request.body))
                return .ok
            }
        }
    }
}
