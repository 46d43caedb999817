import Foundation
import LockkeeperTestSupport
import Testing

/// `notify test` and what receivers answer.
@Suite struct NotifyCommandTests {
    private func notify(_ receivers: String..., json: Bool = false) async throws -> LockkeeperProgram.Result {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        fixture.receivers = receivers
        try fixture.write()
        return try await LockkeeperProgram(["notify", "test"] + (json ? ["--json"] : []), with: fixture).result()
    }

    @Test func `What a receiver answered is printed`() async throws {
        try await StubHTTPServer.serving { server in
            try await SMTPTestServer.serving { mail in
                let result = try await notify(
                    "{ name: hook, slack: { webhook_url: '\(server.url("/x"))' } }",
                    "{ name: mailbox, email: { smtp: 'smtp://127.0.0.1:\(mail.port)', tls: none, from: a@example.org, to: [b@example.org] } }"
                )
                #expect(result.status == 0, "\(result.errors)")
                #expect(
                    result.output == """
                        hook: delivered: Slack answered 200: ok
                        mailbox: delivered: the mail server answered 250 2.0.0 kept as 0001 for b@example.org

                        """)
            }
        }
        try await StubSlackAPI.serving { stub in
            let result = try await notify(
                "{ name: bot, slack: { token: '\(StubSlackAPI.token)', channel: '#incidents', api_url: '\(stub.url)' } }",
                json: true)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains(#""answers":["Slack has it in channel C0123456789 as message"#))
        }
    }

    @Test(arguments: [
        (
            StubAnswer.rateLimited(retryAfter: 30), Int32(1),
            "hook: deferred: Slack answered 429: rate_limited (again in 30s)"
        ),
        (.status(503), 1, "hook: deferred: Slack answered 503"), (.status(404), 1, "hook: refused: Slack answered 404"),
        (StubAnswer(.resetAfterReading), 3, "hook: unreachable: "),
    ])
    func `A receiver that puts a message off can be reached`(answer: StubAnswer, status: Int32, words: String)
        async throws
    {
        try await StubHTTPServer.serving { server in
            server.script(answer)
            let result = try await notify("{ name: hook, slack: { webhook_url: '\(server.url("/x"))' } }")
            #expect(
                (result.status, result.output.hasPrefix(words)) == (status, true), "\(result.output)\(result.errors)")
        }
    }

    @Test func `A mail server that is busy can be reached`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.greeting = "421 4.3.2 too busy"
        try await SMTPTestServer.serving(configuration) { mail in
            let result = try await notify(
                "{ name: mailbox, email: { smtp: 'smtp://127.0.0.1:\(mail.port)', tls: none, from: a@example.org, to: [b@example.org] } }"
            )
            #expect(result.status == 1)
            #expect(result.output == "mailbox: deferred: the mail server refused: 421 4.3.2 too busy\n")
        }
    }
}
