import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// PagerDuty as a receiver, against a strict stub of its Events API.
@Suite(.timeLimit(.minutes(2)))
struct PagerDutyTests {
    private func deliver(
        _ delivery: Delivery, to stub: StubPagerDuty, key: String = StubPagerDuty.routingKey
    ) async -> DeliveryOutcome {
        let transfers = TransferClient()
        let outcome = await ReceiverClient(transfers: transfers, httpTimeout: .seconds(1))
            .deliver(
                delivery, to: .pagerDuty(PagerDutyDestination(apiURL: stub.url, routingKey: key)),
                at: Example.begin + .seconds(5))
        await transfers.shutdown()
        #expect(!"\(outcome)".contains("secretXXXX"))
        return outcome
    }

    @Test(arguments: AnswerCase.failures + AnswerCase.successesByStatus)
    func `An answer means what PagerDuty's documentation says`(example: AnswerCase) async throws {
        try await StubPagerDuty.serving { stub in
            stub.server.script(example.answer)
            #expect(Verdict(await deliver(Example.runningLong.delivery, to: stub)) == example.verdict)
            #expect(stub.server.connectionCount == 1)
        }
    }

    @Test(arguments: Example.allCases)
    func `Every kind of message is an event within PagerDuty's schema`(example: Example) async throws {
        try await StubPagerDuty.serving { stub in
            #expect(await deliver(example.delivery, to: stub) == .delivered)
            #expect(stub.violations == [])
        }
        for action in PagerDutyEvent.actions(for: example.delivery) {
            let event = PagerDutyEvent(example.delivery, action, routingKey: StubPagerDuty.routingKey)
            let pretty = String(decoding: try MessageJSON.encode(event, isPretty: true), as: UTF8.self)
            try Golden.expect(pretty + "\n", equals: "\(example).\(action).pagerduty.json")
        }
    }

    @Test func `One migration is one incident from its first alert to its end, however often each event is sent`()
        async throws
    {
        try await StubPagerDuty.serving { stub in
            var acknowledged = Example.blockedByForgottenTransaction.delivery
            acknowledged.notification.reason = .acknowledged
            let course = [
                Example.runningLong.delivery, Example.blockedByForgottenTransaction.delivery, acknowledged,
                Example.committed.delivery,
            ]
            for delivery in course.flatMap({ [$0, $0] }) { #expect(await deliver(delivery, to: stub) == .delivered) }
            #expect(stub.opened == 1)
            #expect(stub.incidents == ["run-7k2m": .resolved])
            #expect(Set(stub.actions) == ["trigger", "acknowledge", "resolve"])
        }
    }

    @Test func `A test pages nobody for longer than it takes to send it`() async throws {
        try await StubPagerDuty.serving { stub in
            #expect(await deliver(Example.test.delivery, to: stub) == .delivered)
            #expect(stub.actions == ["trigger", "resolve"])
            #expect(Array(stub.incidents.values) == [.resolved])
        }
    }

    @Test func `A failure of which PagerDuty was told nothing before is a page, a success is none`() async throws {
        try await StubPagerDuty.serving { stub in
            for (example, standing) in [(Example.failed, StubPagerDuty.Standing.triggered), (.committed, nil)] {
                var delivery = example.delivery
                delivery.sequence = 1
                delivery.notification.incidentKey = "run-\(example)"
                #expect(await deliver(delivery, to: stub) == .delivered)
                #expect(stub.incidents["run-\(example)"] == standing)
            }
        }
    }

    @Test func `What an agent told that never comes back is resolved by the one that takes over`() async throws {
        try await StubPagerDuty.serving { stub in
            let policy = IncidentPolicy(routes: [Route(receiver: "oncall")])
            var (first, second) = (IncidentBook(policy: policy), IncidentBook(policy: policy))
            func alert(at second: Duration) -> IncidentAlert {
                IncidentAlert(
                    name: "Down", severity: .critical, labels: ["alertname": "Down", "target": "app"], annotations: [:],
                    activeAt: Example.begin + second)
            }
            let told = first.advance(firing: [alert(at: .zero)], at: Example.begin).deliveries
            _ = second.advance(firing: [alert(at: .milliseconds(700))], at: Example.begin + .seconds(3))
            let end = second.advance(firing: [], at: Example.begin + .seconds(60)).deliveries
            for delivery in told + end { #expect(await deliver(delivery, to: stub) == .delivered) }
            #expect(told.map(\.incidentID) != end.map(\.incidentID))
            #expect(Array(stub.incidents.values) == [.resolved])
        }
    }

    @Test func `PagerDuty's rate limit is waited out`() async throws {
        try await StubPagerDuty.serving(eventsPerMinute: 1) { stub in
            #expect(await deliver(Example.started.delivery, to: stub) == .delivered)
            guard case .retry(nil, let reason, false, _) = await deliver(Example.runningLong.delivery, to: stub) else {
                Issue.record("the second event was not refused")
                return
            }
            #expect(reason.contains("PagerDuty answered 429"))
        }
    }

    @Test func `A wrong key is a refusal that does not show it`() async throws {
        try await StubPagerDuty.serving { stub in
            let wrong = "guessXXXXXXXXXXXXXXXXXXXXXXXXX01"
            stub.server.script(.status(400, "Invalid routing key \(wrong)"))
            let outcome = await deliver(Example.started.delivery, to: stub, key: wrong)
            guard case .permanent(let reason, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason.contains("PagerDuty answered 400: Invalid routing key"))
            #expect(!reason.contains(wrong))
        }
    }

    @Test(arguments: ["<!channel>\u{0}\r\n", "Ω", "👩‍👩‍👧‍👦"], [1, 5000])
    func `Whatever comes from outside stays within PagerDuty's limits`(text: String, times: Int) throws {
        let notification = Notification.hostile(text, repeated: times)
        let delivery = Delivery(
            id: "d", incidentID: notification.incidentID, receiver: "oncall", sequence: 1, notification: notification,
            plannedAt: Example.begin)
        let event = PagerDutyEvent(delivery, .trigger, routingKey: StubPagerDuty.routingKey)
        let json = Data(try event.json())
        #expect(PagerDutyEventCheck(json).violations == [])
        #expect(json.count <= 512 * 1024)
    }
}
