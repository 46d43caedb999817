import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// A Slack channel by a bot's token, against a strict stub of Slack's Web API.
@Suite(.timeLimit(.minutes(2)))
struct SlackBotTests {
    private static let known = ReceiverReference(["channel": StubSlackAPI.channel.id, "ts": "1503435956.000001"])

    private func deliver(
        _ delivery: Delivery, to stub: StubSlackAPI, token: String = StubSlackAPI.token,
        channel: String = StubSlackAPI.channel.name
    ) async -> DeliveryOutcome {
        let transfers = TransferClient()
        let outcome = await ReceiverClient(transfers: transfers, httpTimeout: .seconds(1))
            .deliver(
                delivery, to: .slackBot(SlackBotDestination(apiURL: stub.url, token: token, channel: channel)),
                at: Example.begin + .seconds(5))
        await transfers.shutdown()
        #expect(!"\(outcome)".contains("secretXXXX"))
        #expect(stub.violations == [])
        return outcome
    }

    /// Delivers one message after the other, each with the reference that the one before it was settled with.
    private func tell(_ course: [Delivery], to stub: StubSlackAPI) async {
        var reference: ReceiverReference?
        for var delivery in course {
            delivery.reference = reference
            switch await deliver(delivery, to: stub) {
            case .delivered: break
            case .opened(let new): reference = new
            case let outcome: Issue.record("\(outcome)")
            }
        }
    }

    private static let course = [
        Example.started, .runningLong, .blockedByForgottenTransaction, .committed,
    ].map(\.delivery)

    // MARK: One message per incident

    @Test func `An incident is one message that is edited in place, with its news in the thread`() async throws {
        try await StubSlackAPI.serving { stub in
            await tell(Self.course, to: stub)
            let main = stub.messages.filter { $0.thread == nil }
            #expect(main.count == 1)
            #expect(main.first?.edits == 3)
            #expect(main.first?.text.hasPrefix("✅ Migration 0042_orders_total") == true)
            let news = stub.messages.filter { $0.thread != nil }
            #expect(news.map(\.thread) == Array(repeating: main.first?.ts, count: 3))
            // The escalations are shown to all, that it went well is not.
            #expect(news.map(\.isBroadcast) == [true, true, false])
            #expect(stub.messages.allSatisfy { $0.incident == "run-7k2m" })
        }
    }

    @Test func `A failure is shown to the channel, not only to the thread`() async throws {
        try await StubSlackAPI.serving { stub in
            await tell([Example.started.delivery, Example.failed.delivery], to: stub)
            #expect(stub.messages.last?.isBroadcast == true)
        }
    }

    @Test(arguments: [
        "message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "channel_not_found",
    ])
    func `A message that can no longer be edited is followed by a new one, which is edited from then on`(error: String)
        async throws
    {
        try await StubSlackAPI.serving { stub in
            var second = Self.course[1]
            second.reference = Self.known
            #expect(await deliver(Self.course[0], to: stub) == .opened(Self.known))
            stub.refuseEdits(with: error)
            guard case .opened(let reference) = await deliver(second, to: stub) else {
                Issue.record("no new message")
                return
            }
            stub.refuseEdits(with: nil)
            var third = Self.course[2]
            third.reference = reference
            #expect(await deliver(third, to: stub) == .delivered)
            #expect(stub.messages.map(\.edits) == [0, 1, 0])
            #expect(stub.messages.last?.thread == reference["ts"])
        }
    }

    @Test(arguments: ["thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"])
    func `A thread that takes no replies is followed by a new message`(error: String) async throws {
        try await StubSlackAPI.serving { stub in
            #expect(await deliver(Self.course[0], to: stub) == .opened(Self.known))
            stub.refuseReplies(with: error)
            var second = Self.course[1]
            second.reference = Self.known
            guard case .opened = await deliver(second, to: stub) else {
                Issue.record("no new message")
                return
            }
            #expect(stub.messages.count { $0.thread == nil } == 2)
        }
    }

    @Test(arguments: Example.allCases)
    func `Every kind of message is accepted, in the channel and in a thread`(example: Example) async throws {
        try await StubSlackAPI.serving { stub in
            await tell([example.delivery, example.delivery], to: stub)
            #expect(stub.messages.count == 2)
        }
        for form in [SlackMessage.Form.standing, .news] {
            let message = SlackMessage(example.notification, form)
            let pretty = String(decoding: try MessageJSON.encode(message, isPretty: true), as: UTF8.self)
            try Golden.expect(pretty + "\n", equals: "\(example).\(form).slack.json")
        }
    }

    @Test(arguments: SlackMessage.Form.allCases)
    func `Whatever comes from outside stays within Slack's limits`(form: SlackMessage.Form) throws {
        for (text, times) in [("<!channel> & ```", 400), ("\u{0}\n\u{202E}", 100), ("👩‍👩‍👧‍👦", 3000)] {
            let message = SlackMessage(.hostile(text, repeated: times), form)
            #expect(BlockKitCheck(Data(try message.json())).violations == [])
        }
    }

    // MARK: What may go wrong

    @Test(arguments: AnswerCase.failures)
    func `A failure of HTTP means what it says, of the first message and of a later one`(example: AnswerCase)
        async throws
    {
        for reference in [nil, Self.known] {
            try await StubSlackAPI.serving { stub in
                stub.server.script(example.answer)
                var delivery = Self.course[1]
                delivery.reference = reference
                #expect(Verdict(await deliver(delivery, to: stub)) == example.verdict)
            }
        }
    }

    @Test(arguments: [
        (#"{"ok":false,"error":"ratelimited"}"#, Verdict.retry),
        (#"{"ok":false,"error":"service_unavailable"}"#, .retry), (#"{"ok":false,"error":"request_timeout"}"#, .retry),
        (#"{"ok":false,"error":"internal_error"}"#, .ambiguousRetry),
        (#"{"ok":false,"error":"fatal_error"}"#, .ambiguousRetry),
        (#"{"ok":false,"error":"invalid_auth"}"#, .permanent), (#"{"ok":false,"error":"not_in_channel"}"#, .permanent),
        (#"{"ok":false,"error":"is_archived"}"#, .permanent), (#"{"ok":false,"error":"invalid_blocks"}"#, .permanent),
        (#"{"ok":false,"error":"token_revoked"}"#, .permanent), (#"{"ok":false}"#, .permanent),
        (#"{"ok":false,"error":"rate_limited"}"#, .retry), (#"{"ok":false,"error":"team_added_to_org"}"#, .retry),
        (#"{"ok":false,"error":"org_login_required"}"#, .retry),
        (#"{"ok":false,"error":"account_inactive"}"#, .permanent),
        (#"{"ok":false,"error":"token_expired"}"#, .permanent), (#"{"ok":false,"error":"not_authed"}"#, .permanent),
        (#"{"ok":false,"error":"msg_too_long"}"#, .permanent),
        (#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#, .permanent),
        (#"{"ok":true}"#, .delivered), (#"{"ok":tr"#, .ambiguousRetry), ("", .ambiguousRetry),
        ("<html>login</html>", .ambiguousRetry),
    ])
    func `Of an answer with the status 200 it is the body that counts`(body: String, verdict: Verdict) async throws {
        try await StubSlackAPI.serving { stub in
            stub.server.script(.status(200, body))
            let outcome = await deliver(Self.course[0], to: stub)
            #expect(Verdict(outcome) == verdict)
            if body.contains("not_in_channel") { #expect("\(outcome)".contains("invite the app to the channel")) }
            if body.contains("needed") { #expect("\(outcome)".contains("needed: chat:write")) }
        }
    }

    @Test func `Half of an answer, or one without end, is as good as none: the message may be there`() async throws {
        try await StubSlackAPI.serving { stub in
            let answer = Array(#"{"ok":true,"channel":"C0123456789","ts":"1503435956.000001"}"#.utf8)
            stub.server.script(
                StubAnswer(.half(status: 200, body: answer)), StubAnswer(.stall(status: 200, body: answer)),
                .ofSize(1_000_000))
            for _ in 1...3 { #expect(Verdict(await deliver(Self.course[0], to: stub)) == .ambiguousRetry) }
        }
    }

    @Test(arguments: [
        ("account_inactive", "install the app again"), ("token_expired", "install the app again"),
        ("not_authed", "the token is empty"), ("msg_too_long", "`templates`"),
    ])
    func `A refusal that somebody can do something about says what`(error: String, hint: String) async throws {
        try await StubSlackAPI.serving { stub in
            stub.server.script(.status(200, #"{"ok":false,"error":"\#(error)"}"#))
            let outcome = await deliver(Self.course[0], to: stub)
            #expect("\(outcome)".contains(hint), "\(outcome)")
        }
    }

    @Test(arguments: ["ratelimited", "rate_limited", "service_unavailable"], [nil, "17"] as [String?])
    func `A refusal within a 200 that says when to come again is heeded`(error: String, seconds: String?) async throws {
        for reference in [nil, Self.known] {
            try await StubSlackAPI.serving { stub in
                stub.server.script(
                    .status(
                        200, #"{"ok":false,"error":"\#(error)"}"#,
                        headers: seconds.map { [("Retry-After", $0)] } ?? []))
                var delivery = Self.course[1]
                delivery.reference = reference
                guard case .retry(let after, _, false, _) = await deliver(delivery, to: stub) else {
                    Issue.record("not a retry")
                    return
                }
                #expect(after == (seconds == nil ? nil : .seconds(17)))
            }
        }
    }

    @Test func `The rate limit is kept to by waiting as told`() async throws {
        try await StubSlackAPI.serving(minimumInterval: .seconds(30)) { stub in
            _ = await deliver(Self.course[0], to: stub)
            guard case .retry(.seconds(30), _, false, _) = await deliver(Example.otherAlert.delivery, to: stub) else {
                Issue.record("the second message was not refused")
                return
            }
        }
    }

    @Test func `An answer that is never seen costs one more message at most, in the channel or in the thread`()
        async throws
    {
        try await StubSlackAPI.serving { stub in
            // Slack has posted it, and the answer is lost.
            #expect(await deliver(Self.course[0], to: stub) == .opened(Self.known))
            guard case .opened(let reference) = await deliver(Self.course[0], to: stub) else {
                Issue.record("it was not posted again")
                return
            }
            #expect(stub.messages.count == 2)
            var second = Self.course[1]
            second.reference = reference
            #expect(await deliver(second, to: stub) == .delivered)
            #expect(await deliver(second, to: stub) == .delivered)
            #expect(stub.messages.count { $0.thread == nil } == 2)
            #expect(stub.messages.count { $0.thread != nil } == 2)
        }
    }

    @Test func `A wrong token is refused for good, with what to do and without the token`() async throws {
        try await StubSlackAPI.serving { stub in
            let outcome = await deliver(Self.course[0], to: stub, token: "xoxb-guess-77")
            guard case .permanent(let reason, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason == "Slack answered invalid_auth to chat.postMessage: the token is wrong")
        }
    }

    // MARK: With the courier

    @Test func `The courier hands each message of an incident what the first was settled with`() async throws {
        try await StubSlackAPI.serving { stub in
            let transfers = TransferClient()
            let client = Client(
                client: ReceiverClient(transfers: transfers, httpTimeout: .seconds(5)),
                destination: .slackBot(
                    SlackBotDestination(apiURL: stub.url, token: StubSlackAPI.token, channel: "#incidents")))
            let outbox = MemoryOutbox()
            outbox.plan(Self.course + [Example.otherAlert.delivery, Example.otherAlertResolved.delivery])
            let log = EventLog()
            let courier = Courier(outbox: outbox, report: log.record)
            await courier.update(receivers: ["incidents": client])
            await log.settled(Self.course[3].id, "delivered")
            await log.settled(Example.otherAlertResolved.delivery.id, "delivered")
            await courier.shutDown()
            await transfers.shutdown()
            #expect(stub.messages.count { $0.thread == nil } == 2)
            #expect(stub.messages.count { $0.thread != nil } == 4)
            #expect(stub.messages.filter { $0.thread == nil }.map(\.edits).sorted() == [1, 3])
        }
    }

    private struct Client: DeliveryClient {
        let client: ReceiverClient
        let destination: Destination

        func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
            await client.deliver(delivery, to: destination, at: SystemCourierClock().now)
        }
    }
}
