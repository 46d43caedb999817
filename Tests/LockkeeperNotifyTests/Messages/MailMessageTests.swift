import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

@Suite(.timeLimit(.minutes(1)))
struct MailMessageTests {
    @Test func `All mails of one incident to one receiver are one thread, also when rendered again`() {
        func delivery(_ sequence: Int, _ receiver: String = "stakeholders") -> Delivery {
            var notification = Example.started.notification
            notification.thread = StableIdentifier.derive(from: "run-7k2m", "0", receiver)
            return Delivery(
                id: StableIdentifier.derive(from: "run-7k2m", receiver, String(sequence)), incidentID: "run-7k2m",
                receiver: receiver, sequence: sequence, notification: notification, plannedAt: Example.begin)
        }
        let first = MailMessage(delivery(1)).headers
        let second = MailMessage(delivery(2)).headers
        let third = MailMessage(delivery(3)).headers
        #expect(first["In-Reply-To"] == nil)
        #expect(first["References"] != nil)
        #expect(second["In-Reply-To"] == first["References"])
        #expect(third["In-Reply-To"] == first["References"])
        #expect(third["References"] == first["References"])
        #expect(
            Set([first["Message-ID"], second["Message-ID"], third["Message-ID"], first["References"]]).count == 4)
        #expect(MailMessage(delivery(2)) == MailMessage(delivery(2)))
        #expect(MailMessage(delivery(1, "others")).headers["Message-ID"] != first["Message-ID"])
        #expect(MailMessage(delivery(1, "others")).headers["References"] != first["References"])
    }

    @Test func `The incident book's own deliveries make one thread`() throws {
        var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "ops")], sender: "test"))
        func step(_ severity: Severity?, _ second: Int) -> [Delivery] {
            let firing = severity.map {
                [
                    IncidentAlert(
                        name: "A", severity: $0, labels: ["target": "t"], annotations: [:], activeAt: Example.begin)
                ]
            }
            return book.advance(firing: firing ?? [], at: Example.begin + .seconds(second)).deliveries
        }
        let deliveries = step(.warning, 0) + step(.critical, 10) + step(nil, 100) + step(nil, 200)
        try #require(deliveries.count >= 2)
        let headers = deliveries.map { MailMessage($0).headers }
        for later in headers.dropFirst() { #expect(later["In-Reply-To"] == headers[0]["References"]) }
    }

    @Test(arguments: [
        (Int64(0), "Thu, 01 Jan 1970 00:00:00 +0000"), (1_795_400_168_999_999, "Mon, 23 Nov 2026 02:16:08 +0000"),
        (951_827_696_000_000, "Tue, 29 Feb 2000 12:34:56 +0000"), (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
    ])
    func `The date is written as mail has it`(microseconds: Int64, text: String) {
        #expect(MailDate.text(Timestamp(microseconds: microseconds)) == text)
    }

    @Test func `Nothing from outside becomes a header or a tag`() throws {
        let text = "x\r\nBcc: evil@example.org\r\n\r\n<script>alert('1')</script>\"><img src=x>"
        let mail = MailMessage(
            Delivery(
                id: "d", incidentID: "run-1\r\nX: y", receiver: "r", sequence: 1, notification: .hostile(text),
                plannedAt: Example.begin))
        for field in mail.headers.fields { #expect(field.value.allSatisfy { !$0.isNewline }) }
        #expect(!mail.html.contains("<script"))
        #expect(!mail.html.contains("<img"))
        #expect(!mail.html.contains("href=\"x"))
    }

    @Test func `A rendered mail is read back whole by another program`() async throws {
        try await SMTPTestServer.serving { server in
            let client = TransferClient()
            let delivery = Example.blockedByForgottenTransaction.delivery
            let outcome = await ReceiverClient(transfers: client).deliver(
                delivery,
                to: .mail(
                    MailDestination(
                        server: "smtp://127.0.0.1:\(server.port)", security: .none,
                        from: "Lockkeeper <lock@example.org>", to: ["ops@example.org"])), at: Example.begin)
            await client.shutdown()
            #expect(outcome == .delivered)
            let received = try #require(try await server.waitForMessages(count: 1).first)
            let mail = MailMessage(delivery)
            #expect(received.defects == [])
            #expect(received.header("Subject") == mail.subject)
            #expect(received.header("Message-ID") == mail.headers["Message-ID"])
            #expect(received.header("Importance") == "high")
            #expect(received.text == mail.text)
            #expect(received.html == mail.html)
        }
    }
}
