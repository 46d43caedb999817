import FoundationEssentials
internal import LockkeeperCore
internal import LockkeeperTransfer

/// A call of Slack's Web API (docs.slack.dev: `chat.postMessage`, `chat.update`).
///
/// Neither knows an idempotency key: `chat.postMessage` documents none, a `client_msg_id` included. Each message carries metadata that
/// names its incident and delivery, for whoever wants to find it again.
struct SlackCall: Sendable, Hashable {
    enum Method: Sendable, Hashable {
        /// A new message in a channel, named as people do or by its id.
        case post(channel: String)
        /// A reply in a message's thread, to be shown in the channel too or not.
        case reply(channel: String, thread: String, isBroadcast: Bool)
        /// Another content for a message. Doing it twice does no harm.
        case update(channel: String, ts: String)

        var name: String {
            switch self {
            case .post, .reply: "chat.postMessage"
            case .update: "chat.update"
            }
        }
    }

    let method: Method
    let message: SlackMessage
    private let metadata: Metadata

    private struct Metadata: Sendable, Hashable, Encodable {
        var type = "lockkeeper_incident"
        var payload: [String: String]

        private enum CodingKeys: String, CodingKey {
            case type = "event_type"
            case payload = "event_payload"
        }
    }

    init(_ method: Method, _ message: SlackMessage, of delivery: Delivery) {
        self.method = method
        self.message = message
        metadata = Metadata(payload: ["incident": delivery.incidentID, "delivery": delivery.id])
    }

    func json() throws -> [UInt8] { try MessageJSON.encode(self) }
}

extension SlackCall: Encodable {
    private enum CodingKeys: String, CodingKey {
        case channel, ts, text, blocks, metadata
        case threadTS = "thread_ts"
        case isBroadcast = "reply_broadcast"
        case unfurlsLinks = "unfurl_links"
        case unfurlsMedia = "unfurl_media"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(message.text, forKey: .text)
        try container.encode(message.blocks, forKey: .blocks)
        try container.encode(metadata, forKey: .metadata)
        switch method {
        case .post(let channel): try container.encode(channel, forKey: .channel)
        case .reply(let channel, let thread, let isBroadcast):
            try container.encode(channel, forKey: .channel)
            try container.encode(thread, forKey: .threadTS)
            if isBroadcast { try container.encode(true, forKey: .isBroadcast) }
        case .update(let channel, let ts):
            try container.encode(channel, forKey: .channel)
            try container.encode(ts, forKey: .ts)
            return
        }
        // A preview of the runbook's page would push the next message off the screen.
        try container.encode(false, forKey: .unfurlsLinks)
        try container.encode(false, forKey: .unfurlsMedia)
    }
}

/// What a call came to.
enum SlackAnswer: Sendable, Hashable {
    /// Done. Where the message is, unless the answer did not say.
    case done(channel: String, ts: String)
    case doneSomewhere
    /// The message that the call is about is not there any more, or may not be touched.
    case gone(String)
    case failed(DeliveryOutcome)

    /// Reads an answer with the status 200, which says nothing yet: Slack's failures have it too.
    ///
    /// - Parameter now: what a date in `Retry-After` counts from.
    init(_ response: HTTPResponse, to method: SlackCall.Method, redaction: Redaction, at now: Timestamp) {
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(response.body)) else {
            // It may well have been posted; where, nobody knows.
            self = .failed(
                .retry(
                    after: nil, reason: "Slack's answer to \(method.name) is not complete", isAmbiguous: true,
                    acceptedRecipients: []))
            return
        }
        if body.ok {
            if let channel = body.channel, let ts = body.ts {
                self = .done(channel: channel, ts: ts)
            } else {
                self = .doneSomewhere
            }
            return
        }
        let error = redaction.clean(body.error ?? "no reason")
        var reason = "Slack answered \(error) to \(method.name)"
        if let hint = Self.hints[error] { reason += ": \(hint)" }
        if let needed = body.needed { reason += " (needed: \(redaction.clean(needed)))" }
        if let messages = body.metadata?.messages, let first = messages.first {
            reason += " (\(redaction.clean(first)))"
        }
        if let isAmbiguous = Self.temporary[error] {
            self = .failed(
                .retry(
                    after: HTTPService.wait(response.headers["Retry-After"], at: now), reason: reason,
                    isAmbiguous: isAmbiguous, acceptedRecipients: []))
        } else if method.isAboutAMessage, Self.lost.contains(error) {
            self = .gone(reason)
        } else {
            self = .failed(.permanent(reason: reason, acceptedRecipients: []))
        }
    }

    private struct Body: Decodable {
        var ok: Bool
        var error: String?
        var channel: String?
        var ts: String?
        var needed: String?
        var metadata: ResponseMetadata?

        private enum CodingKeys: String, CodingKey {
            case ok, error, channel, ts, needed
            case metadata = "response_metadata"
        }

        struct ResponseMetadata: Decodable {
            var messages: [String]?
        }
    }

    /// Errors after which another try may do, and whether the message may have been posted all the same. A workspace that is moved into an
    /// Enterprise organization (`team_added_to_org`, `org_login_required`) is back when that is done, with the same token.
    private static let temporary = [
        "ratelimited": false, "rate_limited": false, "service_unavailable": false, "team_added_to_org": false,
        "org_login_required": false, "request_timeout": false, "internal_error": true, "fatal_error": true,
    ]

    /// Errors that say that a message, or its thread or channel, cannot be used any more: a new one can.
    private static let lost: Set = [
        "message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "thread_not_found",
        "cannot_reply_to_message", "restricted_action_thread_locked", "channel_not_found", "is_archived",
    ]

    private static let hints = [
        "not_in_channel": "invite the app to the channel", "is_archived": "the channel is archived: name another one",
        "channel_not_found": "there is no such channel, or it is private and the app is not in it",
        "missing_scope": "give the app the scope chat:write and install it again",
        "invalid_auth": "the token is wrong", "not_authed": "the token is empty",
        "token_revoked": "the token was revoked: install the app again",
        "token_expired": "the token has expired: install the app again",
        "account_inactive": "the token's user or workspace is gone: install the app again",
        "msg_too_long": "shorten the receiver's `templates`",
        "not_allowed_token_type": "use a bot token (xoxb-…)",
    ]
}

extension SlackCall.Method {
    /// Whether it needs a message that was posted before.
    fileprivate var isAboutAMessage: Bool {
        switch self {
        case .post: false
        case .reply, .update: true
        }
    }
}
