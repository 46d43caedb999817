import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

struct WebhookMessageTests {
    @Test func `The signature is the documented one`() {
        // Computed with: printf '1795400168.{"a":1}' | openssl dgst -sha256 -hmac 'swordfish'
        let headers = WebhookSignature(
            of: Array(#"{"a":1}"#.utf8), at: Timestamp(microseconds: 1_795_400_168_999_999), secret: "swordfish"
        ).headers
        #expect(headers["Lockkeeper-Timestamp"] == "1795400168")
        #expect(
            headers["Lockkeeper-Signature"] == "v1=3ae0e786a5872893dac2566c2439a0284973af6b8615adb7737d3e9bf55f3770")
    }

    @Test func `An incident keeps its alert's identity and labels through all its messages`() {
        let alerts = [Example.started, .runningLong, .blockedByForgottenTransaction, .committed].map {
            WebhookMessage($0.delivery).alerts[0]
        }
        #expect(Set(alerts.map(\.fingerprint)).count == 1)
        #expect(Set(alerts.map(\.labels)).count == 1)
        #expect(Set(alerts.map(\.startsAt)).count == 1)
        #expect(alerts.map(\.status) == ["firing", "firing", "firing", "resolved"])
    }

    @Test func `An alert that is over while the incident goes on is told to be over`() throws {
        var delivery = Example.blockedByForgottenTransaction.delivery
        let over = delivery.notification.alerts.removeFirst()
        delivery.notification.ended = [EndedAlert(alert: over, at: Example.begin + .seconds(1900))]
        let message = WebhookMessage(delivery)
        #expect(AlertmanagerPayloadCheck(Data(try message.json())).violations == [])
        #expect(message.status == "firing")
        #expect(message.alerts.map(\.status) == ["firing", "firing", "resolved"])
        #expect(message.alerts.last?.labels["alertname"] == over.name)
        #expect(message.alerts.last?.endsAt == (Example.begin + .seconds(1900)).rfc3339)
        let known = WebhookMessage(Example.blockedByForgottenTransaction.delivery).alerts[1].fingerprint
        #expect(message.alerts.last?.fingerprint == known)
    }

    @Test func `The same delivery is the same bytes`() throws {
        for example in Example.allCases {
            let (webhook, slack) = (WebhookMessage(example.delivery), SlackMessage(example.notification))
            let first = (try webhook.json(), try slack.json())
            let second = (try WebhookMessage(example.delivery).json(), try SlackMessage(example.notification).json())
            #expect(first == second)
        }
    }

    @Test func `A hostile text stays a text`() throws {
        let delivery = Delivery(
            id: "d", incidentID: "run-1", receiver: "r", sequence: 1, notification: .hostile("\"},\u{0}\r\n{\"x\":1"),
            plannedAt: Example.begin)
        #expect(AlertmanagerPayloadCheck(Data(try WebhookMessage(delivery).json())).violations == [])
    }
}
