public import LockkeeperTransfer

/// Where a receiver's messages go, with its secrets as they are now: made anew for each delivery, so that changed secret
/// files count at once.
public enum Destination: Sendable {
    /// An incoming webhook.
    case slack(SlackDestination)
    /// Slack's Web API.
    case slackBot(SlackBotDestination)
    /// An SMTP server.
    case mail(MailDestination)
    /// The generic webhook.
    case webhook(WebhookDestination)
    /// A page of Atlassian's Statuspage.
    case statuspage(StatuspageDestination)
    /// A page of Cachet.
    case cachet(CachetDestination)
    /// PagerDuty's Events API.
    case pagerDuty(PagerDutyDestination)
    /// The members of an Alertmanager cluster.
    case alertmanager(AlertmanagerDestination)

    /// Whether customers read it.
    var isPublic: Bool {
        switch self {
        case .statuspage, .cachet: true
        case .slack, .slackBot, .mail, .webhook, .pagerDuty, .alertmanager: false
        }
    }
}

/// A Slack channel by its incoming webhook.
public struct SlackDestination: Sendable {
    /// Secret: whoever has it can post.
    public var webhookURL: String
    /// Whether the URL may be `http://`.
    public var allowsPlainHTTP: Bool

    /// A webhook by its URL.
    public init(webhookURL: String, allowsPlainHTTP: Bool = false) {
        self.webhookURL = webhookURL
        self.allowsPlainHTTP = allowsPlainHTTP
    }
}

/// A Slack channel by the token of an app that is in it.
public struct SlackBotDestination: Sendable {
    /// Where the API is, without a slash at its end.
    public var apiURL: String
    /// Secret: `xoxb-…`, with the scope `chat:write`.
    public var token: String
    /// `#name` or an id.
    public var channel: String

    /// A channel by its name or id.
    public init(apiURL: String = "https://slack.com/api", token: String, channel: String) {
        self.apiURL = apiURL
        self.token = token
        self.channel = channel
    }
}

/// Mailboxes by an SMTP server.
public struct MailDestination: Sendable {
    /// See ``LockkeeperTransfer/MailRequest/server``.
    public var server: String
    /// How the connection is protected.
    public var security: MailRequest.Security
    /// nil: no `AUTH`.
    public var credentials: MailRequest.Credentials?
    /// `local@domain` or `Name <local@domain>`.
    public var from: String
    /// Written as ``from``.
    public var to: [String]
    /// A file with the certificates (PEM) to trust instead of the system's.
    public var certificateAuthorityFile: String?

    /// Mailboxes at a server.
    public init(
        server: String, security: MailRequest.Security, credentials: MailRequest.Credentials? = nil, from: String,
        to: [String], certificateAuthorityFile: String? = nil
    ) {
        self.server = server
        self.security = security
        self.credentials = credentials
        self.from = from
        self.to = to
        self.certificateAuthorityFile = certificateAuthorityFile
    }
}

/// A program that is posted to.
public struct WebhookDestination: Sendable {
    /// Often secret, as Slack's.
    public var url: String
    /// The key of the signature; nil: messages are not signed.
    public var signingSecret: String?
    /// Whether the URL may be `http://`.
    public var allowsPlainHTTP: Bool

    /// A program by its URL.
    public init(url: String, signingSecret: String? = nil, allowsPlainHTTP: Bool = false) {
        self.url = url
        self.signingSecret = signingSecret
        self.allowsPlainHTTP = allowsPlainHTTP
    }
}

/// A service of PagerDuty by the key of its integration "Events API v2".
public struct PagerDutyDestination: Sendable {
    /// Where the API is, without a slash at its end: PagerDuty has another one for accounts in Europe.
    public var apiURL: String
    /// Secret: whoever has it can page.
    public var routingKey: String

    /// A service by its key.
    public init(apiURL: String = "https://events.pagerduty.com", routingKey: String) {
        self.apiURL = apiURL
        self.routingKey = routingKey
    }
}

/// The members of an Alertmanager cluster. Each is told everything: they tell each other what they notified, but not the alerts.
public struct AlertmanagerDestination: Sendable {
    /// The members' URLs without `/api/v2/alerts`, without a slash at the end.
    public var urls: [String]
    /// Sent as a bearer token, for members behind a proxy that asks for one.
    public var token: String?

    /// A cluster by its members.
    public init(urls: [String], token: String? = nil) {
        self.urls = urls
        self.token = token
    }
}

/// A page of Atlassian's Statuspage.
public struct StatuspageDestination: Sendable {
    /// Where the API is, without a slash at its end.
    public var apiURL: String
    /// The page's id.
    public var page: String
    /// Secret: whoever has it can change the page.
    public var token: String
    /// The ids of the components that a migration affects.
    public var components: [String]
    /// Whether those who have subscribed to the page get a mail or text message of everything.
    public var notifiesSubscribers: Bool

    /// A page by its id.
    public init(
        apiURL: String = "https://api.statuspage.io", page: String, token: String, components: [String] = [],
        notifiesSubscribers: Bool = false
    ) {
        self.apiURL = apiURL
        self.page = page
        self.token = token
        self.components = components
        self.notifiesSubscribers = notifiesSubscribers
    }
}

/// A page of Cachet, version 3.
public struct CachetDestination: Sendable {
    /// The page's URL, without a slash at its end.
    public var apiURL: String
    /// Secret: whoever has it can change the page.
    public var token: String
    /// The ids of the components that a migration affects.
    public var components: [Int]
    /// Whether those who have subscribed to the page are told of it.
    public var notifiesSubscribers: Bool

    /// A page by its URL.
    public init(apiURL: String, token: String, components: [Int] = [], notifiesSubscribers: Bool = false) {
        self.apiURL = apiURL
        self.token = token
        self.components = components
        self.notifiesSubscribers = notifiesSubscribers
    }
}
