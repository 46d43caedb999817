import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// One run, told to Slack, a mailbox and a status page at once.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct ReceiverTests {
    @Test("Every receiver hears of a run once for each step, in order, and strict receivers find nothing wrong with it")
    func everybody() async throws {
        try await TestPostgres.withDatabase { database in
            try await StubWebhook.serving(secret: "shared") { webhook in
                try await StubSlackWebhook.serving { slack in
                    try await SMTPTestServer.serving { mail in
                        try await tell(database, webhook, slack, mail)
                    }
                }
            }
        }
    }

    private func tell(
        _ database: TestDatabase, _ webhook: StubWebhook, _ slack: StubSlackWebhook, _ mail: SMTPTestServer
    ) async throws {
        var fixture = try AgentFixture()
        fixture.edits = AgentFixture.lowered
        let setup = try await database.session(as: "setup")
        try await setup.run("CREATE TABLE orders (id bigint)")
        await setup.close()
        fixture.watch(database.dsn())
        fixture.tell("page", #"webhook: { url: "\#(webhook.url)", secret: shared }"#, of: database.name)
        fixture.tell("chat", #"slack: { webhook_url: "\#(slack.url)" }"#, of: database.name)
        fixture.tell(
            "mailbox",
            #"email: { smtp: "smtp://127.0.0.1:\#(mail.port)", tls: none, from: lockkeeper@example.org, to: [dba@example.org, ops@example.org] }"#,
            of: database.name, from: "warning")
        // Slack is down for the first attempt, and asks for a pause at the second.
        slack.server.script(.status(503, "service_unavailable"), .rateLimited(retryAfter: 1))
        try await RunningAgent.with(fixture) { agent in
            try await agent.waitUntilWatching(databases: [database.name])
            let reader = try await database.session(as: "reports")
            try await reader.run("BEGIN; SELECT * FROM orders")
            let deploy = try await database.session(as: "deploy")
            let migration = deploy.start("ALTER TABLE orders ADD COLUMN note text DEFAULT '<secret> & co'")
            let run = try await agent.waitForRun(in: database.name, "the run waits") {
                $0.applicationName == "deploy" && $0.standing.state == .blocked
            }
            try await eventually("the run is critical") {
                try await agent.deliveries(of: run, to: "page").map(\.severity).last == "critical"
            }
            try await reader.run("COMMIT")
            _ = try await migration.value
            let steps = ["opened info", "escalated warning", "escalated critical", "resolved critical"]
            for (receiver, wanted) in [
                ("page", steps), ("chat", steps),
                ("mailbox", ["opened warning", "escalated critical", "resolved critical"]),
            ] {
                var told: [APIDocument.Delivery] = []
                try await eventually("all has been told to \(receiver)", within: .seconds(30)) {
                    told = try await agent.deliveries(of: run, to: receiver)
                    return told.count >= wanted.count && told.allSatisfy { $0.status == "delivered" }
                }
                #expect(told.map { "\($0.reason) \($0.severity)" } == wanted, "\(receiver)")
            }
            for session in [reader, deploy] { await session.close() }
        }
        #expect(webhook.violations == [] && webhook.deliveriesByKey.values.sorted() == [1, 1, 1, 1])
        #expect(slack.violations == [] && slack.accepted.count == 4)
        let mails = try mail.messages()
        #expect(mails.count == 3 && mails.allSatisfy { $0.defects == [] })
        #expect(mails.allSatisfy { Set($0.recipients) == ["dba@example.org", "ops@example.org"] })
        // One thread: all mails refer to the same.
        let thread = try #require(mails.first?.header("References"))
        #expect(
            mails.dropFirst().allSatisfy { $0.header("In-Reply-To") == thread && $0.header("References") == thread })
        for text in slack.accepted.map({ String(decoding: $0, as: UTF8.self) }) + mails.map({ $0.text ?? "" }) {
            #expect(!text.contains("secret"), "literals stay at home")
            #expect(text.contains("app"))
        }
        #expect(mails.last?.text?.contains("committed") == true)
    }
}
