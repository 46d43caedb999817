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
        "ownPageSecret06", "clusterSecret07", "mailSecret08",
    ]

    /// What is done to everything that is sent.
    enum Treatment: String, CaseIterable, Sendable {
        case refusal, redirect, reset, silence

        func answer(to request: RecordedRequest) -> StubAnswer {
            // At the very beginning, where it would be kept.
            let key = request.text.firstMatch(of: /"routing_key":"([^"]*)"/).map { String($0.1) } ?? ""
            let signed = request.path.contains("banner") ? "signingSecret03" : ""
            let echo = "\(request.header("Authorization") ?? "")\(key)\(signed) at \(request.path)"
            return switch self {
            case .refusal: .status(400, "\(echo): \(request.text)")
            case .redirect:
                .status(302, echo, headers: [("Location", "http://127.0.0.1:9\(request.path)?\(key)\(signed)")])
            case .reset: StubAnswer(.resetAfterReading)
            case .silence: StubAnswer(.never)
            }
        }

        /// What is kept of it at least.
        var words: String {
            switch self {
            case .refusal: "answered 400"
            case .redirect: "answered 302"
            case .reset: "reset by peer"
            case .silence: "timed out"
            }
        }
    }

    @Test(arguments: Treatment.allCases)
    func `Whatever receivers do, no secret gets into the state, the log or the API`(treatment: Treatment) async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.login = ("mailer", "mailSecret08")
        configuration.loginReply = "535 5.7.8 no %s"
        try await TestPostgres.withDatabase { database in
            try await SMTPTestServer.serving(configuration) { mail in
                try await StubHTTPServer.serving(responder: treatment.answer) { server in
                    try await tell(database, server, mail, treatment)
                }
            }
        }
    }

    private func tell(
        _ database: TestDatabase, _ server: StubHTTPServer, _ mail: SMTPTestServer, _ treatment: Treatment
    ) async throws {
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
            "mailbox":
                #"email: { smtp: "smtp://127.0.0.1:\#(mail.port)", tls: none, username: mailer, password: mailSecret08, from: a@example.org, to: [b@example.org] }"#,
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
                var error = ""
                // A receiver that says nothing is given half a minute.
                try await eventually("\(name) was tried in vain", within: .seconds(60)) {
                    error = try await agent.deliveries(of: run, to: name).compactMap(\.lastError).first ?? ""
                    return !error.isEmpty
                }
                #expect(error.contains(name == "mailbox" ? "refused the login: 535" : treatment.words), "\(error)")
                let encoded = Data("\0mailer\0mailSecret08".utf8).base64EncodedString()
                #expect(!(Self.secrets + [encoded]).contains { error.contains($0) }, "\(error)")
            }
            try await setup.run("COMMIT")
            await setup.close()
        }
        // The mailbox's refusal is final in any case.
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
