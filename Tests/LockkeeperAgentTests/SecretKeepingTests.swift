import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Logging
import Synchronization
import Testing

/// Receivers that throw everything they were sent back at the sender.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct SecretKeepingTests {
    private static let secrets = [
        "hookPathSecret01", "botTokenSecret02", "signingSecret03", "routingKeySecret04", "pageTokenSecret05",
        "ownPageSecret06", "clusterSecret07",
    ]

    @Test("Whatever receivers answer, no secret gets into the state, the log or the API")
    func nowhere() async throws {
        try await TestPostgres.withDatabase { database in
            let echo: StubHTTPServer.Responder = { request in
                // At the very beginning, where it would be kept.
                let key = request.text.firstMatch(of: /"routing_key":"([^"]*)"/).map { String($0.1) } ?? ""
                let signed = request.path.contains("banner") ? "signingSecret03" : ""
                return .status(
                    400, "\(request.header("Authorization") ?? "")\(key)\(signed) at \(request.path): \(request.text)")
            }
            try await StubHTTPServer.serving(responder: echo) { server in
                try await tell(database, server)
            }
        }
    }

    private func tell(_ database: TestDatabase, _ server: StubHTTPServer) async throws {
        var fixture = try AgentFixture()
        let url = server.url("")
        fixture.watch(database.dsn())
        let receivers = [
            "hook": #"slack: { webhook_url: "\#(url)/services/hookPathSecret01" }"#,
            "bot": ##"slack: { token: botTokenSecret02, channel: "#c", api_url: "\##(url)" }"##,
            "banner": #"webhook: { url: "\#(url)/banner", secret: signingSecret03 }"#,
            "pager": #"pagerduty: { routing_key: routingKeySecret04, api_url: "\#(url)" }"#,
            "page": #"statuspage: { page: p1, token: pageTokenSecret05, api_url: "\#(url)" }"#,
            "own-page": #"cachet: { token: ownPageSecret06, url: "\#(url)" }"#,
            "cluster": #"alertmanager: { token: clusterSecret07, urls: ["\#(url)", "\#(url)/two"] }"#,
        ]
        for (name, channel) in receivers { fixture.tell(name, channel, of: database.name) }
        let log = LogText()
        try await RunningAgent.with(fixture, logger: Logger(label: "test") { _ in log }) { agent in
            try await agent.waitUntilWatching(databases: [database.name])
            let setup = try await database.session(as: "deploy")
            try await setup.run("BEGIN; CREATE TABLE orders (id bigint)")
            let run = try await agent.waitForRun(in: database.name, "the run is seen") {
                $0.applicationName == "deploy"
            }
            for name in receivers.keys {
                try await eventually("\(name) has refused", within: .seconds(30)) {
                    try await agent.deliveries(of: run, to: name).contains { $0.status == "failed" }
                }
                let error = try await agent.deliveries(of: run, to: name).first { $0.status == "failed" }?.lastError
                #expect(error?.contains("answered 400") == true)
                #expect(!Self.secrets.contains { error?.contains($0) == true }, "\(error ?? "")")
            }
            try await setup.run("COMMIT")
            await setup.close()
        }
        #expect(log.text.contains("could not tell, giving up"))
        for secret in Self.secrets {
            #expect(!log.text.contains(secret))
            for file in try FileManager.default.contentsOfDirectory(atPath: fixture.statePath) {
                let bytes = try Data(contentsOf: URL(filePath: "\(fixture.statePath)/\(file)"))
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
            }
        }
    }
}

/// A log that is kept as text.
private final class LogText: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
