public import LockkeeperCore

/// Somebody who is told, and by which way.
public struct ReceiverConfiguration: Sendable, Hashable {
    public var name: String
    public var channel: Channel
    /// The texts that this receiver is told in its own words.
    public var templates: MessageTemplates
    /// Whether its messages are without the texts of queries, whatever the others' have.
    public var hidesQueries: Bool

    /// The way that messages take.
    public enum Channel: Sendable, Hashable {
        case slack(SlackReceiver)
        case slackBot(SlackBotReceiver)
        case email(EmailReceiver)
        case webhook(WebhookReceiver)
        case statuspage(StatuspageReceiver)
        case cachet(CachetReceiver)
        case pagerDuty(PagerDutyReceiver)
        case alertmanager(AlertmanagerReceiver)

        /// Whether it keeps how things stand, so that what has been meanwhile is of no use to it.
        public var isOfState: Bool {
            switch self {
            case .statuspage, .cachet, .pagerDuty, .alertmanager: true
            case .slack, .slackBot, .email, .webhook: false
            }
        }

        /// Whether programs read it, which may keep by its keys how things stand.
        public var isCorrelating: Bool { if case .webhook = self { true } else { false } }
    }

    public init(
        name: String, channel: Channel, templates: MessageTemplates = MessageTemplates(), hidesQueries: Bool = false
    ) {
        self.name = name
        self.channel = channel
        self.templates = templates
        self.hidesQueries = hidesQueries
    }
}

/// A Slack channel by its incoming webhook.
public struct SlackReceiver: Sendable, Hashable {
    public var webhook: HTTPEndpoint

    public init(webhook: HTTPEndpoint) {
        self.webhook = webhook
    }
}

/// A Slack channel by the token of an app that is in it.
public struct SlackBotReceiver: Sendable, Hashable {
    /// A bot token with the scope `chat:write`.
    public var token: Secret
    /// `#name` or an id.
    public var channel: String
    /// Without a slash at its end.
    public var apiURL: String

    public init(token: Secret, channel: String, apiURL: String = SlackBotReceiver.defaultURL) {
        self.token = token
        self.channel = channel
        self.apiURL = apiURL
    }

    /// Slack's API.
    public static let defaultURL = "https://slack.com/api"
}

/// Mailboxes by an SMTP server.
public struct EmailReceiver: Sendable, Hashable {
    /// `smtp://host:port`, or `smtps://host:port` if and only if `security` is `implicit`. Without credentials; the port is always there.
    public var server: String
    public var security: MailSecurity
    public var credentials: MailCredentials?
    /// `local@domain` or `Name <local@domain>`.
    public var from: String
    /// At least one, written as `from` is.
    public var to: [String]
    /// A file with the certificates (PEM) to trust instead of the system's.
    public var certificateAuthorityFile: String?

    public init(
        server: String, security: MailSecurity, credentials: MailCredentials? = nil, from: String, to: [String],
        certificateAuthorityFile: String? = nil
    ) {
        self.server = server
        self.security = security
        self.credentials = credentials
        self.from = from
        self.to = to
        self.certificateAuthorityFile = certificateAuthorityFile
    }
}

/// How the connection to a mail server is protected, as the field `tls` names it.
public enum MailSecurity: String, Sendable, Hashable, CaseIterable {
    /// Not at all.
    case none
    /// Plain at first, then `STARTTLS`, or nothing is sent.
    case starttls
    /// TLS from the first byte.
    case implicit

    /// Where servers listen for it: RFC 5321, RFC 6409 and RFC 8314.
    var defaultPort: Int {
        switch self {
        case .none: 25
        case .starttls: 587
        case .implicit: 465
        }
    }
}

/// What `AUTH` is done with.
public struct MailCredentials: Sendable, Hashable {
    public var username: String
    public var password: Secret

    public init(username: String, password: Secret) {
        self.username = username
        self.password = password
    }
}

/// A program that is posted to.
public struct WebhookReceiver: Sendable, Hashable {
    public var endpoint: HTTPEndpoint
    /// The key of the HMAC signature; `nil`: messages are not signed.
    public var signingSecret: Secret?

    public init(endpoint: HTTPEndpoint, signingSecret: Secret? = nil) {
        self.endpoint = endpoint
        self.signingSecret = signingSecret
    }
}

/// A service of PagerDuty.
public struct PagerDutyReceiver: Sendable, Hashable {
    /// The key of the service's integration "Events API v2".
    public var routingKey: Secret
    /// Without a slash at its end.
    public var apiURL: String

    public init(routingKey: Secret, apiURL: String = PagerDutyReceiver.defaultURL) {
        self.routingKey = routingKey
        self.apiURL = apiURL
    }

    /// PagerDuty's API for accounts in the United States.
    public static let defaultURL = "https://events.pagerduty.com"
}

/// The members of an Alertmanager cluster, each of which is told everything.
public struct AlertmanagerReceiver: Sendable, Hashable {
    /// At least one, each without a slash at its end.
    public var urls: [String]
    /// A bearer token, for members behind a proxy that asks for one.
    public var token: Secret?

    public init(urls: [String], token: Secret? = nil) {
        self.urls = urls
        self.token = token
    }
}

/// A page of Atlassian's Statuspage.
public struct StatuspageReceiver: Sendable, Hashable {
    /// The page's id.
    public var page: String
    public var token: Secret
    /// The ids of the components that are set while something goes on, and set back.
    public var components: [String]
    /// Whether subscribers get a mail or text message of everything.
    public var notifiesSubscribers: Bool
    /// Without a slash at its end.
    public var apiURL: String

    public init(
        page: String, token: Secret, components: [String] = [], notifiesSubscribers: Bool = false,
        apiURL: String = StatuspageReceiver.defaultURL
    ) {
        self.page = page
        self.token = token
        self.components = components
        self.notifiesSubscribers = notifiesSubscribers
        self.apiURL = apiURL
    }

    /// Statuspage's API.
    public static let defaultURL = "https://api.statuspage.io"
}

/// A page of Cachet, version 3.
public struct CachetReceiver: Sendable, Hashable {
    /// The page's, without a slash at its end.
    public var url: String
    public var token: Secret
    /// The ids of the components that are set while something goes on, and set back.
    public var components: [Int]
    /// Whether subscribers are told of new incidents.
    public var notifiesSubscribers: Bool

    public init(url: String, token: Secret, components: [Int] = [], notifiesSubscribers: Bool = false) {
        self.url = url
        self.token = token
        self.components = components
        self.notifiesSubscribers = notifiesSubscribers
    }
}
