import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// What is said of planned maintenance.
struct MaintenanceMessageTests {
    @Test(arguments: MaintenanceExample.allCases)
    func `Its messages are as kept and within the rules`(example: MaintenanceExample) throws {
        let slack = SlackMessage(example.delivery.notification)
        #expect(BlockKitCheck(Data(try slack.json())).violations == [])
        try expect(slack, equals: "maintenance.\(example).slack.json")
        let webhook = WebhookMessage(example.delivery)
        #expect(AlertmanagerPayloadCheck(Data(try webhook.json())).violations == [])
        try expect(webhook, equals: "maintenance.\(example).webhook.json")
        let mail = MailMessage(example.delivery)
        let headers = mail.headers.fields.map { "\($0.name): \($0.value)\n" }.joined()
        try Golden.expect(headers + "\n" + mail.text, equals: "maintenance.\(example).mail.txt")
        #expect(mail.html.contains("planned for 2026-12-01"))
    }

    private func expect(_ message: some Encodable, equals name: String) throws {
        let pretty = String(decoding: try MessageJSON.encode(message, isPretty: true), as: UTF8.self)
        try Golden.expect(pretty + "\n", equals: name)
    }

    @Test(arguments: MaintenanceExample.allCases)
    func `Nobody is called for it`(example: MaintenanceExample) {
        #expect(PagerDutyEvent.actions(for: example.delivery) == [])
        #expect(AlertmanagerAlerts(example.delivery, at: MaintenanceExample.start).alerts == [])
    }

    @Test(arguments: [
        (
            MaintenanceExample.announced,
            "Planned work on our database: 2026-12-01 10:00–11:30 UTC. Some requests may be slow or fail during that time."
        ),
        (
            .changed,
            "Planned work on our database: 2026-12-01 10:30–12:00 UTC. Some requests may be slow or fail during that time."
        ),
        (.over, "The planned work on our database is complete. Everything works as usual again."),
        (
            .endedEarly,
            "The planned work on our database has ended earlier than announced. Everything works as usual again."
        ),
        (
            .calledOff,
            "The planned work on our database that was announced for 2026-12-01 10:00–11:30 UTC does not take place."
        ),
    ])
    func `Customers are told the time, and nothing of what engineers call it`(
        example: MaintenanceExample, body: String
    ) throws {
        let notice = PublicNotice(PublicNotice.notification(example.delivery.notification, to: "customers"))
        #expect(notice.title == "Planned maintenance of our database")
        #expect(notice.body == body)
        for word in ["move", "app-production", "orders", "db-7"] {
            #expect(!"\(notice.title) \(notice.body) \(notice.key)".contains(word))
        }
    }

    @Test func `A page may have words of its own`() throws {
        let templates = MessageTemplates(
            title: try MessageTemplate(parsing: "Upgrade"),
            text: try MessageTemplate(parsing: "From {{ $labels.begins }} to {{ $labels.ends }}."))
        let notice = PublicNotice(
            PublicNotice.notification(
                MaintenanceExample.announced.delivery.notification, in: templates, to: "customers"))
        #expect(notice.title == "Upgrade")
        #expect(notice.body == "From 2026-12-01 10:00:00 UTC to 2026-12-01 11:30:00 UTC.")
    }
}
