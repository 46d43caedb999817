import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

struct GoldenMessageTests {
    @Test(arguments: Example.allCases)
    func `The Slack message is as kept and within Slack's rules`(example: Example) throws {
        let message = SlackMessage(example.notification)
        #expect(BlockKitCheck(Data(try message.json())).violations == [])
        let pretty = String(decoding: try MessageJSON.encode(message, isPretty: true), as: UTF8.self)
        try Golden.expect(pretty + "\n", equals: "\(example).slack.json")
    }

    @Test(arguments: Example.allCases)
    func `The mail is as kept`(example: Example) throws {
        let mail = MailMessage(example.delivery)
        let headers = mail.headers.fields.map { "\($0.name): \($0.value)\n" }.joined()
        try Golden.expect(headers + "\n" + mail.text, equals: "\(example).mail.txt")
        try Golden.expect(mail.html, equals: "\(example).mail.html")
    }

    @Test(arguments: Example.allCases)
    func `The webhook's payload is as kept and of Alertmanager's shape`(example: Example) throws {
        let message = WebhookMessage(example.delivery)
        #expect(AlertmanagerPayloadCheck(Data(try message.json())).violations == [])
        let pretty = String(decoding: try MessageJSON.encode(message, isPretty: true), as: UTF8.self)
        try Golden.expect(pretty + "\n", equals: "\(example).webhook.json")
    }
}
