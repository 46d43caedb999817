import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// What receivers show when answers are lost at random: the request was heard, and the agent crashes before it knows.
@Suite(.timeLimit(.minutes(2)))
struct LostAnswerTests {
    /// A generator whose numbers are the same every time (SplitMix64).
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Tells an incident's course as courier and outbox do: an attempt is counted before it is made, and the reference is known once the
    /// answer to it is stored.
    ///
    /// - Returns: how many answers were lost.
    private func tell(to destination: Destination, seed: UInt64) async -> Int {
        var dice = Dice(state: seed)
        var lost = 0
        var reference: ReceiverReference?
        let transfers = TransferClient()
        let client = ReceiverClient(transfers: transfers, httpTimeout: .seconds(5))
        let middle = [Example.runningLong, .blockedByForgottenTransaction].shuffled(using: &dice)
        for example in [Example.started] + middle + [Bool.random(using: &dice) ? .committed : .failed] {
            var delivery = example.delivery
            while true {
                delivery.attempts += 1
                delivery.reference = reference
                let outcome = await client.deliver(delivery, to: destination, at: example.notification.at)
                #expect(Verdict(outcome) == .delivered)
                if Int.random(in: 0..<3, using: &dice) == 0 {
                    lost += 1
                    continue
                }
                if case .opened(let new) = outcome { reference = new }
                break
            }
        }
        await transfers.shutdown()
        return lost
    }

    @Test(arguments: 1...15 as ClosedRange<UInt64>)
    func `Slack shows one more message at most for each answer that was lost`(seed: UInt64) async throws {
        try await StubSlackAPI.serving { stub in
            let lost = await tell(
                to: .slackBot(
                    SlackBotDestination(apiURL: stub.url, token: StubSlackAPI.token, channel: "#incidents")),
                seed: seed)
            #expect(stub.messages.count == 4 + lost)
            // The one that is known is the one that tells the end.
            #expect(stub.messages.last { $0.thread == nil }?.edits ?? 0 >= 3)
            #expect(stub.violations == [])
        }
    }

    @Test(arguments: 1...15 as ClosedRange<UInt64>)
    func `PagerDuty and status pages show one incident, each step of it once, and its end`(seed: UInt64) async throws {
        try await StubPagerDuty.serving { stub in
            _ = await tell(
                to: .pagerDuty(PagerDutyDestination(apiURL: stub.url, routingKey: StubPagerDuty.routingKey)), seed: seed
            )
            #expect(stub.opened == 1)
            #expect(Array(stub.incidents.values) == [.resolved])
        }
        try await StubStatuspage.serving { stub in
            _ = await tell(
                to: .statuspage(
                    StatuspageDestination(
                        apiURL: stub.url, page: StubStatuspage.page, token: StubStatuspage.token,
                        components: [StubStatuspage.component])), seed: seed)
            #expect(stub.incidents.map(\.updates.count) == [4])
            #expect(stub.incidents.first?.status == "resolved")
            #expect(stub.component == "operational")
        }
        try await StubCachet.serving { stub in
            _ = await tell(
                to: .cachet(
                    CachetDestination(apiURL: stub.url, token: StubCachet.token, components: [StubCachet.component])),
                seed: seed)
            #expect(stub.incidents.map(\.updates.count) == [3])
            #expect(stub.incidents.first?.status == 4)
            #expect(stub.component == 1)
        }
    }
}
