import Foundation
import LockkeeperCore
import LockkeeperNotify
import LockkeeperTestSupport
import LockkeeperTransfer
import Synchronization
import Testing

/// What each kind of answer means, against servers that really give it.
@Suite(.timeLimit(.minutes(2)))
struct ReceiverClientTests {
    private static let secret = "swordfish-1234"
    private let now = Example.begin + .seconds(5)

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var answer: StubAnswer
        var slack: Verdict
        var webhook: Verdict

        init(_ name: String, _ answer: StubAnswer, slack: Verdict, webhook: Verdict? = nil) {
            testDescription = name
            self.answer = answer
            self.slack = slack
            self.webhook = webhook ?? slack
        }
    }

    static let cases = [
        Case("200", .ok, slack: .delivered),
        Case("204", .status(204), slack: .delivered),
        Case("301", .status(301, headers: [("Location", "/x")]), slack: .permanent),
        Case("302", .redirect(to: "http://127.0.0.1:9/"), slack: .permanent),
        Case("400", .status(400, "invalid_payload"), slack: .permanent),
        Case("401", .status(401), slack: .permanent),
        Case("403", .status(403, "action_prohibited"), slack: .permanent),
        Case("404", .status(404, "no_service"), slack: .permanent),
        Case("408", .status(408), slack: .ambiguousRetry),
        Case("409", .status(409), slack: .permanent, webhook: .ambiguousRetry),
        Case("410", .status(410, "channel_is_archived"), slack: .permanent),
        Case("429", .rateLimited(retryAfter: 30), slack: .retry),
        Case("500", .status(500, "rollup_error"), slack: .retry),
        Case("502", .status(502), slack: .ambiguousRetry),
        Case("503", .status(503), slack: .retry),
        Case("504", .status(504), slack: .ambiguousRetry),
        Case("no answer", StubAnswer(.never), slack: .ambiguousRetry),
        Case("reset after reading", StubAnswer(.resetAfterReading), slack: .ambiguousRetry),
        Case("closed after reading", StubAnswer(.closeAfterReading), slack: .ambiguousRetry),
        Case("half of a 200", StubAnswer(.half(status: 200, body: Array("okay".utf8))), slack: .delivered),
        Case("half of a 500", StubAnswer(.half(status: 500, body: Array("oops".utf8))), slack: .retry),
        Case("half a status line", StubAnswer(.raw(Array("HTTP/1.1 20".utf8))), slack: .ambiguousRetry),
        Case("a megabyte", .ofSize(1_000_000), slack: .delivered),
        Case(
            "a megabyte of refusal",
            StubAnswer(.respond(status: 400, headers: [], body: [UInt8](repeating: 10, count: 1_000_000))),
            slack: .permanent),
        Case("not HTTP", StubAnswer(.raw(Array("220 smtp.example ESMTP\r\n".utf8))), slack: .ambiguousRetry),
    ]

    private func deliver(
        _ delivery: Delivery = Example.runningLong.delivery, to destination: Destination,
        timeout: Duration = .seconds(1)
    ) async -> DeliveryOutcome {
        let transfers = TransferClient()
        let outcome = await ReceiverClient(transfers: transfers, httpTimeout: timeout, mailTimeout: .seconds(5))
            .deliver(delivery, to: destination, at: now)
        await transfers.shutdown()
        return outcome
    }

    @Test(arguments: cases)
    func `Slack's answer means what its documentation says`(example: Case) async throws {
        try await StubSlackWebhook.serving { stub in
            stub.server.script(example.answer)
            let outcome = await deliver(to: .slack(SlackDestination(webhookURL: stub.url, allowsPlainHTTP: true)))
            #expect(Verdict(outcome) == example.slack)
            #expect(stub.server.requests.count == 1)
            expectNoSecret(in: outcome)
        }
    }

    @Test(arguments: cases)
    func `The generic webhook's answer means what HTTP says`(example: Case) async throws {
        try await StubWebhook.serving(secret: Self.secret) { stub in
            stub.server.script(example.answer)
            let outcome = await deliver(
                to: .webhook(WebhookDestination(url: stub.url, signingSecret: Self.secret, allowsPlainHTTP: true)))
            #expect(Verdict(outcome) == example.webhook)
            #expect(stub.server.requests.count == 1)
            expectNoSecret(in: outcome)
        }
    }

    @Test(arguments: Example.allCases)
    func `Every kind of message is accepted by the strict stubs, once`(example: Example) async throws {
        try await StubSlackWebhook.serving { slack in
            try await StubWebhook.serving(secret: Self.secret) { webhook in
                let delivery = example.delivery
                #expect(
                    await deliver(delivery, to: .slack(SlackDestination(webhookURL: slack.url, allowsPlainHTTP: true)))
                        == .delivered)
                let destination = WebhookDestination(
                    url: webhook.url, signingSecret: Self.secret, allowsPlainHTTP: true)
                #expect(await deliver(delivery, to: .webhook(destination)) == .delivered)
                #expect(slack.violations == [])
                #expect(slack.accepted.count == 1)
                #expect(webhook.violations == [])
                #expect(webhook.deliveriesByKey == [delivery.id: 1])
            }
        }
    }

    @Test func `A wrong secret is a refusal, and a retry repeats the same key`() async throws {
        try await StubWebhook.serving(secret: Self.secret) { stub in
            let wrong = WebhookDestination(url: stub.url, signingSecret: "guess-guess", allowsPlainHTTP: true)
            #expect(Verdict(await deliver(to: .webhook(wrong))) == .permanent)
            let right = WebhookDestination(url: stub.url, signingSecret: Self.secret, allowsPlainHTTP: true)
            _ = await deliver(to: .webhook(right))
            _ = await deliver(to: .webhook(right))
            #expect(stub.deliveriesByKey == [Example.runningLong.delivery.id: 2])
        }
    }

    @Test(arguments: [
        ("30", Duration.seconds(30)), ("0", .zero), ("-5", .zero), ("999999999", .seconds(3600)),
        ("Mon, 23 Nov 2026 02:17:13 GMT", .seconds(60)), ("Mon, 23 Nov 2026 02:00:00 GMT", .zero),
        ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("soon", nil), ("", nil), ("1.5", nil),
    ])
    func `Retry-After is honoured in both of its forms, up to an hour`(text: String, wait: Duration?) async throws {
        try await StubHTTPServer.serving { server in
            server.script(.status(429, headers: [("Retry-After", text)]))
            let outcome = await deliver(to: .slack(SlackDestination(webhookURL: server.url(), allowsPlainHTTP: true)))
            guard case .retry(let after, _, _, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(after == wait)
        }
    }

    @Test func `Slack's rate limit is kept to by waiting as told`() async throws {
        try await StubSlackWebhook.serving(minimumInterval: .seconds(30)) { stub in
            let destination = Destination.slack(SlackDestination(webhookURL: stub.url, allowsPlainHTTP: true))
            #expect(await deliver(to: destination) == .delivered)
            guard case .retry(let after, _, false, _) = await deliver(to: destination) else {
                Issue.record("the second message was not refused")
                return
            }
            #expect(after == .seconds(30))
        }
    }

    @Test func `What an answer quotes of the secret does not get into the reason`() async throws {
        try await StubHTTPServer.serving { server in
            let path = "/services/T000/B000/secretXXXXXXXX"
            server.script(.status(404, "no such hook \(server.url(path))\u{1B}[2J\r\nsecretXXXXXXXX"))
            let outcome = await deliver(
                to: .slack(SlackDestination(webhookURL: server.url(path), allowsPlainHTTP: true)))
            guard case .permanent(let reason, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason.contains("404"))
            #expect(!reason.contains("secretXXXXXXXX"))
            #expect(!reason.unicodeScalars.contains { $0.value < 0x20 })
        }
    }

    @Test func `Nothing listening is a retry that cannot double`() async throws {
        // Not a port that was free a moment ago: another test's server may have it by now.
        let outcome = await deliver(
            to: .slack(SlackDestination(webhookURL: "http://127.0.0.1:1/hook", allowsPlainHTTP: true)))
        #expect(Verdict(outcome) == .retry)
    }

    @Test func `A URL that is not allowed is permanent`() async throws {
        let outcome = await deliver(to: .slack(SlackDestination(webhookURL: "http://127.0.0.1:9/hook")))
        #expect(Verdict(outcome) == .permanent)
    }

    private func expectNoSecret(in outcome: DeliveryOutcome) {
        let text = "\(outcome)"
        #expect(!text.contains("secretXXXX"))
        #expect(!text.contains(Self.secret))
    }

    // MARK: Mail

    private func mail(_ server: SMTPTestServer, to: [String]) -> Destination {
        .mail(
            MailDestination(
                server: "smtp://127.0.0.1:\(server.port)", security: .none, from: "lock@example.org", to: to))
    }

    @Test func `A mail that some could not take is tried again for them alone`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.refusals = ["busy@example.org": "451 4.7.1 later", "gone@example.org": "550 5.1.1 gone"]
        try await SMTPTestServer.serving(configuration) { server in
            let to = ["Ops <ops@example.org>", "busy@example.org", "gone@example.org"]
            var delivery = Example.started.delivery
            guard case .retry(nil, let reason, false, let accepted) = await deliver(delivery, to: mail(server, to: to))
            else {
                Issue.record("not a retry")
                return
            }
            #expect(accepted == ["ops@example.org"])
            #expect(reason.contains("451 4.7.1 later"))
            #expect(reason.contains("550 5.1.1 gone"))
            delivery.acceptedRecipients = accepted
            _ = await deliver(delivery, to: mail(server, to: to))
            let received = try await server.waitForMessages(count: 1)
            #expect(received.map(\.recipients) == [["ops@example.org"]])
        }
    }

    @Test func `A mail that one will never take is given up on, and says who has it`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.refusals = ["gone@example.org": "550 5.1.1 gone"]
        try await SMTPTestServer.serving(configuration) { server in
            let outcome = await deliver(to: mail(server, to: ["gone@example.org", "ops@example.org"]))
            guard case .permanent(let reason, let accepted) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason.contains("gone@example.org: 550"))
            #expect(accepted == ["ops@example.org"])
        }
    }

    @Test func `A mail that everybody has already is delivered without a connection`() async throws {
        var delivery = Example.started.delivery
        delivery.acceptedRecipients = ["ops@example.org"]
        let destination = MailDestination(
            server: "smtp://127.0.0.1:9", security: .none, from: "a@example.org", to: ["Ops <ops@example.org>"])
        #expect(await deliver(delivery, to: .mail(destination)) == .delivered)
    }

    @Test func `An address that is none is permanent and says so`() async throws {
        let destination = MailDestination(
            server: "smtp://127.0.0.1:9", security: .none, from: "a@example.org", to: ["nobody"])
        guard case .permanent(let reason, _) = await deliver(to: .mail(destination)) else {
            Issue.record("not permanent")
            return
        }
        #expect(reason.contains("`to`"))
    }

    @Test func `A mail server that breaks off after the message is an ambiguous retry`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.afterMessage = .close
        try await SMTPTestServer.serving(configuration) { server in
            #expect(Verdict(await deliver(to: mail(server, to: ["ops@example.org"]))) == .ambiguousRetry)
        }
    }

    @Test func `A wrong password is permanent`() async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.login = ("lockkeeper", Self.secret)
        try await SMTPTestServer.serving(configuration) { server in
            let destination = MailDestination(
                server: "smtp://127.0.0.1:\(server.port)", security: .none,
                credentials: .init(username: "lockkeeper", password: "wrong-pass-77"), from: "lock@example.org",
                to: ["ops@example.org"])
            let outcome = await deliver(to: .mail(destination))
            #expect(Verdict(outcome) == .permanent)
            #expect(!"\(outcome)".contains("wrong-pass-77"))
        }
    }

    @Test(arguments: [
        ("421 4.3.2 too busy", Verdict.retry), ("554 5.3.2 no SMTP service here", .permanent),
    ])
    func `A mail server that takes nobody in means it for now, or for good`(greeting: String, verdict: Verdict)
        async throws
    {
        var configuration = SMTPTestServer.Configuration()
        configuration.greeting = greeting
        try await SMTPTestServer.serving(configuration) { server in
            let outcome = await deliver(to: mail(server, to: ["ops@example.org"]))
            #expect(Verdict(outcome) == verdict)
            #expect("\(outcome)".contains("the mail server refused: \(greeting)"), "\(outcome)")
        }
    }

    @Test(arguments: [("454 4.7.0 TLS not available now", Verdict.retry), ("554 5.7.3 no TLS today", .permanent)])
    func `A mail server that begins no TLS is sent nothing, for now or for good`(reply: String, verdict: Verdict)
        async throws
    {
        var configuration = SMTPTestServer.Configuration()
        configuration.mode = .startTLS
        configuration.startTLSReply = reply
        try await SMTPTestServer.serving(configuration) { server in
            let destination = MailDestination(
                server: "smtp://127.0.0.1:\(server.port)", security: .startTLS, from: "lock@example.org",
                to: ["ops@example.org"], certificateAuthorityFile: server.certificate?.certificateFile)
            let outcome = await deliver(to: .mail(destination))
            #expect(Verdict(outcome) == verdict)
            #expect("\(outcome)".contains("the mail server refused: \(reply)"), "\(outcome)")
            let received = try server.messages()
            #expect(received.isEmpty)
        }
    }

    @Test(arguments: [("454 4.7.0 ask me later", Verdict.retry), ("535 5.7.8 no, %s", .permanent)])
    func `A login that is refused for now is tried again, and what the server quotes of it is not kept`(
        reply: String, verdict: Verdict
    ) async throws {
        var configuration = SMTPTestServer.Configuration()
        configuration.login = ("lockkeeper", Self.secret)
        configuration.loginReply = reply
        try await SMTPTestServer.serving(configuration) { server in
            let destination = MailDestination(
                server: "smtp://127.0.0.1:\(server.port)", security: .none,
                credentials: .init(username: "lockkeeper", password: Self.secret), from: "lock@example.org",
                to: ["ops@example.org"])
            let outcome = await deliver(to: .mail(destination))
            #expect(Verdict(outcome) == verdict)
            #expect("\(outcome)".contains("the mail server refused the login: \(reply.prefix(8))"), "\(outcome)")
            expectNoSecret(in: outcome)
        }
    }

    // MARK: What is heard

    @Test func `What a receiver answers can be heard, without its secrets`() async throws {
        let heard = Mutex<[ReceiverAnswer]>([])
        let transfers = TransferClient()
        let client = ReceiverClient(transfers: transfers, httpTimeout: .seconds(1), mailTimeout: .seconds(5)) {
            answer in
            heard.withLock { $0.append(answer) }
        }
        func answers(_ destination: Destination) async -> [ReceiverAnswer] {
            heard.withLock { $0 = [] }
            _ = await client.deliver(Example.test.delivery, to: destination, at: now)
            return heard.withLock { $0 }
        }
        try await StubHTTPServer.serving { server in
            let hook = Destination.slack(
                SlackDestination(webhookURL: server.url("/secretXXXX"), allowsPlainHTTP: true))
            server.script(.status(403, "no secretXXXX"))
            #expect(await answers(hook) == [.init(isSuccess: false, text: "Slack answered 403: no [hidden]")])
            server.script(.ok)
            #expect(await answers(hook) == [.init(isSuccess: true, text: "Slack answered 200: ok")])
            server.script(StubAnswer(.resetAfterReading))
            #expect(await answers(hook) == [])
        }
        try await StubSlackAPI.serving { stub in
            let bot = Destination.slackBot(
                SlackBotDestination(apiURL: stub.url, token: StubSlackAPI.token, channel: StubSlackAPI.channel.name))
            #expect(
                await answers(bot) == [
                    .init(isSuccess: true, text: "Slack has it in channel C0123456789 as message 1503435956.000001")
                ])
        }
        try await StubStatuspage.serving { stub in
            let page = StatuspageDestination(
                apiURL: stub.url, page: StubStatuspage.page, token: StubStatuspage.token)
            #expect(
                await answers(.statuspage(page)) == [
                    .init(isSuccess: true, text: "Statuspage answered 200 to GET /components?per_page=100")
                ])
        }
        var configuration = SMTPTestServer.Configuration()
        configuration.refusals = ["gone@example.org": "550 5.1.1 gone"]
        try await SMTPTestServer.serving(configuration) { server in
            #expect(
                await answers(mail(server, to: ["ops@example.org", "gone@example.org"])) == [
                    .init(
                        isSuccess: true, text: "the mail server answered 250 2.0.0 kept as 0001 for ops@example.org"),
                    .init(isSuccess: false, text: "the mail server answered 550 5.1.1 gone for gone@example.org"),
                ])
        }
        await transfers.shutdown()
    }
}
