import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperNotify

struct SlackMessageTests {
    static let texts = [
        "<!channel> & <@U123> <#C1|x>", "```<!here>```", "a & b < c > d", "<https://evil.example|click>", "&amp;&lt;",
        "line\nbreak\r\n\u{2028}", "*bold* _it_ ~no~ `x`", "🧪👩‍👩‍👧‍👦é", "<", "&",
    ]

    @Test(arguments: texts, [1, 40, 4000])
    func `Nothing from outside becomes markup or breaks a limit, however long`(text: String, times: Int) throws {
        let message = SlackMessage(.hostile(text, repeated: times))
        let violations = BlockKitCheck(Data(try message.json())).violations
        #expect(violations == [])
    }

    @Test func `The check itself sees what must not be sent`() throws {
        let bad =
            #"{"text":"<!channel>","blocks":[{"type":"header","text":{"type":"mrkdwn","text":"x"}},{"type":"what"}]}"#
        // The opening and the closing of the mention, the header's kind of text, and the unknown block.
        #expect(BlockKitCheck(Data(bad.utf8)).violations.count == 4)
    }

    @Test func `A text is cut with an ellipsis where it would pass the limit, never inside an escape`() {
        #expect(SlackMarkup.escaped("abcdef", limit: 6) == "abcdef")
        #expect(SlackMarkup.escaped("abcdefg", limit: 6) == "abcde…")
        #expect(SlackMarkup.escaped("ab<>", limit: 9) == "ab&lt;…")
        #expect(SlackMarkup.escaped("ab<>", limit: 10) == "ab&lt;&gt;")
        #expect(SlackMarkup.escaped("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", limit: 15) == "👩‍👩‍👧‍👦…")
    }

    @Test func `A message that others have joined says which`() {
        var notification = Example.otherAlert.notification
        notification.reason = .changed
        let reasons = [[], ["slot b\nlags"], ["b", "c"], ["b", "c", "d", "e"]].map { joined in
            notification.joined = joined
            return MessageWording(notification).reason
        }
        #expect(
            reasons == [
                "Another alert has joined.", "Another alert has joined: slot b lags", "2 more alerts have joined: b; c",
                "4 more alerts have joined: b; c; d; …",
            ])
    }

    @Test func `A command comes whole or not at all`() throws {
        var notification = Example.started.notification
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN ("
        let long = statement + (1...400).map(String.init).joined(separator: ",") + ")"
        notification.facts.actions = [.init("End them", command: long), .init("Or one", command: statement)]
        let json = String(decoding: try SlackMessage(notification).json(), as: UTF8.self)
        #expect(json.contains("too long for here"))
        #expect(!json.contains("IN (1,2"))
        #expect(json.contains("```\(statement)```"))
    }

    @Test func `The action and who is in the way come before the details`() throws {
        let sections = SlackMessage(Example.blockedByForgottenTransaction.notification).blocks
        let action = try #require(
            sections.firstIndex {
                if case .section(let text) = $0 { text.contains("pg_terminate_backend(4711)") } else { false }
            })
        let details = try #require(sections.firstIndex { if case .fields = $0 { true } else { false } })
        #expect(action < details)
        #expect(SlackMessage(Example.blockedByForgottenTransaction.notification).text.contains("4711"))
    }
}
