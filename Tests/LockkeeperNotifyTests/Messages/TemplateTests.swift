import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// A receiver's own words, in every channel.
@Suite(.timeLimit(.minutes(1)))
struct TemplateTests {
    private let templates: MessageTemplates

    init() throws {
        templates = MessageTemplates(
            title: try MessageTemplate(parsing: "Own headline, {{ $labels.severity }}"),
            text: try MessageTemplate(parsing: "Own text. {{ $labels.text }}"),
            action: try MessageTemplate(parsing: "Own <action>"))
    }

    /// What is posted to a destination on a server that takes everything.
    private func posted(
        _ destination: (StubHTTPServer) -> Destination, answer: StubAnswer = .status(200, "{}")
    ) async throws -> String {
        try await StubHTTPServer.serving(responder: { $0.method == "GET" ? .status(200, "[]") : answer }) { server in
            let transfers = TransferClient()
            let outcome = await ReceiverClient(transfers: transfers, templates: templates)
                .deliver(Example.runningLong.delivery, to: destination(server), at: Example.begin)
            await transfers.shutdown()
            #expect(Verdict(outcome) == .delivered, "\(outcome)")
            return server.requests.filter { $0.method == "POST" }.map(\.text).joined()
        }
    }

    @Test func `Engineers' channels say all three texts in the receiver's words`() async throws {
        let all = [
            try await posted { .slack(SlackDestination(webhookURL: $0.url(), allowsPlainHTTP: true)) },
            try await posted(
                { .slackBot(SlackBotDestination(apiURL: $0.url(""), token: "t", channel: "#c")) },
                answer: .status(200, #"{"ok":true}"#)),
            try await posted { .webhook(WebhookDestination(url: $0.url(), allowsPlainHTTP: true)) },
            try await posted { .pagerDuty(PagerDutyDestination(apiURL: $0.url(""), routingKey: "k")) },
            try await posted { .alertmanager(AlertmanagerDestination(urls: [$0.url("")])) },
        ]
        for text in all {
            #expect(text.contains("Own headline, warning"))
            #expect(text.contains("Own text. It is at work"))
            #expect(text.contains("Own <action>") || text.contains("Own &lt;action&gt;"))
        }
    }

    @Test func `A receiver that hides queries gets none of their texts`() async throws {
        let delivery = Example.runningLong.delivery
        let query = try #require(delivery.notification.facts.details.first { $0.isCode }?.value)
        for hidesQueries in [false, true] {
            try await StubHTTPServer.serving(responder: { _ in .status(200, "{}") }) { server in
                let transfers = TransferClient()
                let outcome = await ReceiverClient(transfers: transfers, hidesQueries: hidesQueries)
                    .deliver(
                        delivery, to: .webhook(WebhookDestination(url: server.url(), allowsPlainHTTP: true)),
                        at: Example.begin)
                await transfers.shutdown()
                #expect(Verdict(outcome) == .delivered)
                let text = server.requests.map(\.text).joined()
                #expect(text.contains(query.suffix(10)) != hidesQueries)
            }
        }
    }

    @Test func `Mails say all three texts in the receiver's words`() async throws {
        try await SMTPTestServer.serving(SMTPTestServer.Configuration()) { server in
            let transfers = TransferClient()
            let destination = MailDestination(
                server: "smtp://127.0.0.1:\(server.port)", security: .none, from: "a@example.org",
                to: ["ops@example.org"])
            let outcome = await ReceiverClient(transfers: transfers, templates: templates)
                .deliver(Example.runningLong.delivery, to: .mail(destination), at: Example.begin)
            await transfers.shutdown()
            #expect(outcome == .delivered)
            _ = try await server.waitForMessages(count: 1)
        }
        let mail = MailMessage(told(Example.runningLong.delivery))
        #expect(mail.headers["Subject"]?.contains("Own headline, warning") == true)
        #expect(mail.text.contains("Own text. It is at work"))
        #expect(mail.html.contains("Own &lt;action&gt;"))
    }

    private func told(_ delivery: Delivery) -> Delivery {
        var delivery = delivery
        delivery.notification = templates.apply(to: delivery.notification, receiver: delivery.receiver)
        return delivery
    }

    @Test func `On status pages templates start from the words for customers`() async throws {
        let text = try await posted(
            {
                .statuspage(
                    StatuspageDestination(apiURL: $0.url(""), page: "p", token: "t"))
            }, answer: .status(201, #"{"id":"i"}"#))
        #expect(text.contains("Own headline, warning"))
        #expect(text.contains("Own text. A change to our database takes longer than planned."))
        #expect(!text.contains("It is at work"))
    }
}
