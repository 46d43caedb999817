import Foundation
import LockkeeperDigest
import Synchronization

/// A receiver of the generic webhook that trusts nothing: it checks the signature, the key and the payload.
public final class StubWebhook: Sendable {
    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    private let ledger: Ledger

    /// Starts one that shares `secret` with the sender.
    public static func start(secret: String) async throws -> StubWebhook {
        let ledger = Ledger(secret: secret)
        let server = try await StubHTTPServer.start { ledger.answer(to: $0) }
        return StubWebhook(server, ledger)
    }

    /// Starts one, hands it to `body`, and closes it whatever happens.
    public static func serving<Result>(
        secret: String, _ body: (StubWebhook) async throws -> Result
    ) async throws -> Result {
        let stub = try await start(secret: secret)
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

    /// Its URL.
    public var url: String { server.url("/hooks/lockkeeper") }

    /// Everything that was wrong with requests so far.
    public var violations: [String] { ledger.state.withLock { $0.violations } }

    /// How often each idempotency key came, in requests that were right.
    public var deliveriesByKey: [String: Int] { ledger.state.withLock { $0.deliveries } }

    /// Closes it.
    public func close() async throws { try await server.close() }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var deliveries: [String: Int] = [:]
        }

        let state = Mutex(State())
        private let secret: String

        init(secret: String) { self.secret = secret }

        func answer(to request: RecordedRequest) -> StubAnswer {
            var violations: [String] = []
            if request.method != "POST" { violations.append("method: \(request.method), not POST") }
            if request.header("Content-Type")?.hasPrefix("application/json") != true {
                violations.append("Content-Type: not application/json")
            }
            let key = request.header("Idempotency-Key") ?? ""
            if key.isEmpty { violations.append("Idempotency-Key: missing") }
            let isSigned = isSignatureRight(request)
            if !isSigned { violations.append("Lockkeeper-Signature: does not fit time and body") }
            violations += AlertmanagerPayloadCheck(Data(request.body)).violations
            return state.withLock { state in
                state.violations += violations
                guard isSigned else { return .status(401, "bad signature") }
                guard violations.isEmpty else { return .status(400, "bad request") }
                state.deliveries[key, default: 0] += 1
                return .status(200)
            }
        }

        /// `v1=` and the hexadecimal HMAC-SHA256 of time stamp, dot and body.
        private func isSignatureRight(_ request: RecordedRequest) -> Bool {
            guard let timestamp = request.header("Lockkeeper-Timestamp"), Int(timestamp) != nil,
                let signature = request.header("Lockkeeper-Signature"), signature.hasPrefix("v1=")
            else { return false }
            let code = Digest.hmacSHA256(Array("\(timestamp).".utf8) + request.body, key: Array(secret.utf8))
            return signature.dropFirst(3) == Digest.hexadecimal(code)
        }
    }
}
