import Foundation
import Synchronization

/// Slack's Web API as far as a bot needs it to tell people something, strictly (docs.slack.dev: `chat.postMessage`, `chat.update`): a
/// call with anything wrong in it is refused as Slack does it, with `"ok": false` in a 200, and noted.
public final class StubSlackAPI: Sendable {
    /// A message as it stands in the channel.
    public struct Message: Sendable {
        public var ts: String
        /// Of a reply: the message whose thread it is in.
        public var thread: String?
        /// Whether the channel shows the reply too.
        public var isBroadcast: Bool
        /// What is written in it now, JSON as it came.
        public var text: String
        public var incident: String
        public var edits = 0
        public var isGone = false
    }

    /// The server behind it, for scripting answers and reading requests.
    public let server: StubHTTPServer
    /// The token that it takes.
    public static let token = "xoxb-secretXXXXXXXXXXXX-1"
    /// The channel that the bot is in, by name and by id.
    public static let channel = (name: "#incidents", id: "C0123456789")
    private let ledger: Ledger

    /// Starts one, hands it to `body`, and closes it whatever happens.
    ///
    /// - Parameter minimumInterval: a message that comes sooner than this after the last gets 429; with Slack it is a second.
    public static func serving<Result>(
        minimumInterval: Duration? = nil, _ body: (StubSlackAPI) async throws -> Result
    ) async throws -> Result {
        let ledger = Ledger(minimumInterval: minimumInterval)
        return try await StubHTTPServer.serving(responder: { ledger.answer(to: $0) }) {
            try await body(StubSlackAPI($0, ledger))
        }
    }

    private init(_ server: StubHTTPServer, _ ledger: Ledger) {
        self.server = server
        self.ledger = ledger
    }

    /// Where the API is.
    public var url: String { server.url("/api") }

    /// Everything that was wrong with calls so far.
    public var violations: [String] { ledger.state.withLock { $0.violations } }

    /// The messages of the channel and its threads, oldest first.
    public var messages: [Message] { ledger.state.withLock { $0.messages } }

    /// Refuses edits with an error from now on, or no longer.
    public func refuseEdits(with error: String?) { ledger.state.withLock { $0.editError = error } }

    /// Refuses replies with an error from now on, or no longer.
    public func refuseReplies(with error: String?) { ledger.state.withLock { $0.replyError = error } }

    private final class Ledger: Sendable {
        struct State {
            var violations: [String] = []
            var messages: [Message] = []
            var editError: String?
            var replyError: String?
            var lastPost: ContinuousClock.Instant?
        }

        let state = Mutex(State())
        private let minimumInterval: Duration?

        init(minimumInterval: Duration?) { self.minimumInterval = minimumInterval }

        func answer(to request: RecordedRequest) -> StubAnswer {
            let method = request.path.split(separator: "/").last.map(String.init) ?? ""
            guard request.path == "/api/\(method)", ["chat.postMessage", "chat.update"].contains(method) else {
                return refusal("unknown_method")
            }
            guard request.method == "POST", request.header("Content-Type")?.hasPrefix("application/json") == true else {
                return refusal("invalid_post_type")
            }
            guard request.header("Content-Type")?.lowercased().contains("charset=utf-8") == true else {
                return refusal("missing_charset")
            }
            guard let authorization = request.header("Authorization") else { return refusal("not_authed") }
            guard authorization == "Bearer \(StubSlackAPI.token)" else { return refusal("invalid_auth") }
            guard let call = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] else {
                return refusal("invalid_json")
            }
            let wrong = violations(in: call, body: Data(request.body), of: method)
            return state.withLock { state in
                state.violations += wrong
                guard wrong.isEmpty else { return refusal("invalid_arguments") }
                return method == "chat.update" ? update(call, &state) : post(call, at: request.arrival, &state)
            }
        }

        private func violations(in call: [String: Any], body: Data, of method: String) -> [String] {
            var violations = BlockKitCheck(body).violations
            let own: Set =
                method == "chat.update" ? ["ts"] : ["thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media"]
            for key in call.keys.sorted() where !own.union(["channel", "text", "blocks", "metadata"]).contains(key) {
                violations.append("\(key): no such argument of \(method)")
            }
            let metadata = call["metadata"] as? [String: Any] ?? [:]
            if !(metadata["event_type"] is String) || !(metadata["event_payload"] is [String: Any]) {
                violations.append("metadata: without event_type or event_payload")
            }
            if call["blocks"] == nil { violations.append("blocks: missing, the old ones would stay") }
            if call["reply_broadcast"] != nil, call["thread_ts"] == nil {
                violations.append("reply_broadcast: without thread_ts")
            }
            return violations
        }

        private func post(_ call: [String: Any], at time: ContinuousClock.Instant, _ state: inout State) -> StubAnswer {
            let channel = call["channel"] as? String
            guard channel == StubSlackAPI.channel.name || channel == StubSlackAPI.channel.id else {
                return refusal("channel_not_found")
            }
            if let minimumInterval, let last = state.lastPost, time - last < minimumInterval {
                return .status(
                    429, #"{"ok":false,"error":"ratelimited"}"#,
                    headers: [("Retry-After", String(minimumInterval.components.seconds))])
            }
            let thread = call["thread_ts"] as? String
            if let thread {
                if let error = state.replyError { return refusal(error) }
                guard state.messages.contains(where: { $0.ts == thread && !$0.isGone && $0.thread == nil }) else {
                    return refusal("thread_not_found")
                }
            }
            state.lastPost = time
            let number = state.messages.count + 1
            let message = Message(
                ts: "1503435956.\(String(repeating: "0", count: 6 - String(number).count))\(number)", thread: thread,
                isBroadcast: call["reply_broadcast"] as? Bool == true, text: call["text"] as? String ?? "",
                incident: incident(of: call))
            state.messages.append(message)
            return .status(
                200, #"{"ok":true,"channel":"\#(StubSlackAPI.channel.id)","ts":"\#(message.ts)","message":{}}"#)
        }

        private func update(_ call: [String: Any], _ state: inout State) -> StubAnswer {
            // Unlike a post it does not take a channel's name.
            guard call["channel"] as? String == StubSlackAPI.channel.id else { return refusal("channel_not_found") }
            if let error = state.editError { return refusal(error) }
            guard let index = state.messages.firstIndex(where: { $0.ts == call["ts"] as? String && !$0.isGone }) else {
                return refusal("message_not_found")
            }
            state.messages[index].text = call["text"] as? String ?? ""
            state.messages[index].edits += 1
            return .status(
                200,
                #"{"ok":true,"channel":"\#(StubSlackAPI.channel.id)","ts":"\#(state.messages[index].ts)","text":"","message":{}}"#
            )
        }

        private func incident(of call: [String: Any]) -> String {
            let payload = (call["metadata"] as? [String: Any])?["event_payload"] as? [String: Any]
            return payload?["incident"] as? String ?? ""
        }

        private func refusal(_ error: String) -> StubAnswer {
            .status(200, #"{"ok":false,"error":"\#(error)"}"#, headers: [("Content-Type", "application/json")])
        }
    }
}
