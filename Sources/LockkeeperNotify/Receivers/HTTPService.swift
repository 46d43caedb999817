internal import LockkeeperCore
internal import LockkeeperTransfer

/// What the answers of a kind of HTTP receiver mean.
enum HTTPService: Sendable {
    /// Slack's incoming webhook.
    case slack
    /// The generic webhook: it knows our idempotency keys.
    case webhook
    /// PagerDuty's Events API, version 2.
    case pagerDuty
    /// Alertmanager's API, version 2.
    case alertmanager
    /// Atlassian's Statuspage.
    case statuspage
    /// Cachet, version 3.
    case cachet

    /// A receiver that asks for more patience than this is tried sooner: nobody waits a day for an alert.
    private static let longestWait = Duration.seconds(3600)

    /// `Slack answered 403: action_prohibited`
    func description(of response: HTTPResponse, redaction: Redaction) -> String {
        let said = redaction.clean(response.text).prefix(120)
        return "\(name) answered \(response.status)" + (said.isEmpty ? "" : ": \(said)")
    }

    /// - Parameter now: what a date in `Retry-After` counts from.
    func outcome(of response: HTTPResponse, redaction: Redaction, at now: Timestamp) -> DeliveryOutcome {
        let reason = description(of: response, redaction: redaction)
        switch response.status {
        case 200..<300: return .delivered
        case 300..<400:
            return .permanent(
                reason: "\(name) answered \(response.status), a redirect, which is not followed: correct the URL",
                acceptedRecipients: [])
        case 408, 425, 429, 500...:
            // A gateway's 502 or 504 may hide that the receiver itself did get the message.
            return .retry(
                after: Self.wait(response.headers["Retry-After"], at: now), reason: reason,
                isAmbiguous: [408, 502, 504].contains(response.status), acceptedRecipients: [])
        case 420 where self == .statuspage:
            return .retry(
                after: Self.wait(response.headers["Retry-After"], at: now), reason: reason, isAmbiguous: false,
                acceptedRecipients: [])
        case 409 where self == .webhook:
            // An earlier attempt with the same key is still being worked on.
            return .retry(
                after: Self.wait(response.headers["Retry-After"], at: now), reason: reason, isAmbiguous: true,
                acceptedRecipients: [])
        default: return .permanent(reason: reason, acceptedRecipients: [])
        }
    }

    var name: String {
        switch self {
        case .slack: "Slack"
        case .webhook: "the webhook"
        case .pagerDuty: "PagerDuty"
        case .alertmanager: "Alertmanager"
        case .statuspage: "Statuspage"
        case .cachet: "Cachet"
        }
    }

    /// Seconds or a date (RFC 9110, section 10.2.3).
    static func wait(_ text: String?, at now: Timestamp) -> Duration? {
        guard let text else { return nil }
        let wish: Duration
        if let seconds = Int64(text) {
            wish = .seconds(min(seconds, 1_000_000))
        } else if let time = MailDate.time(http: text) {
            wish = time - now
        } else {
            return nil
        }
        return min(max(wish, .zero), longestWait)
    }
}
