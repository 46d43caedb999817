public import LockkeeperCore
public import LockkeeperTransfer

/// A mail (RFC 5322) with a text and an HTML part.
///
/// All mails of one episode of an incident to one receiver are one thread: each refers to a message that there is not, by a name that every
/// agent gives it, so that they are together whichever agent sends them and whichever comes first. (Readers that thread by the subject
/// as well, such as Gmail, begin a new conversation when the state in it changes.)
public struct MailMessage: Sendable, Hashable {
    /// `[CRITICAL] Migration 0042_orders on app-production is blocked …`
    public let subject: String
    /// `Subject`, `Date`, `Message-ID` and the rest; not `From` and `To`.
    public let headers: HeaderFields
    /// The text/plain part.
    public let text: String
    /// The text/html part: no images, scripts or styles from elsewhere.
    public let html: String

    /// Renders a delivery. Rendered again it is the same mail, with the same `Message-ID`.
    public init(_ delivery: Delivery) {
        let notification = delivery.notification
        let badge = Badge(notification)
        let wording = MessageWording(notification)
        subject = MessageWording.cut("[\(badge.word)] \(wording.title)", to: 200)
        text = MailText(notification, badge, wording).body
        html = MailHTML(notification, badge, wording).body

        var headers: HeaderFields = [
            "Subject": subject, "Date": MailDate.text(notification.at),
            "Message-ID": Self.messageID(delivery, delivery.id),
        ]
        if let thread = notification.thread {
            if delivery.sequence > 1 { headers["In-Reply-To"] = Self.messageID(delivery, thread) }
            headers["References"] = Self.messageID(delivery, thread)
        }
        // Keeps holiday notices and list software from answering (RFC 3834, section 5).
        headers["Auto-Submitted"] = "auto-generated"
        if badge.isBad {
            headers["Importance"] = "high"
        }
        headers["X-Lockkeeper-Incident"] = MessageWording.singleLine(delivery.incidentID)
        headers["X-Lockkeeper-Severity"] = notification.severity.rawValue
        headers["X-Lockkeeper-Status"] =
            notification.isTest ? "test" : notification.isResolved ? "resolved" : "firing"
        self.headers = headers
    }

    private static func messageID(_ delivery: Delivery, _ id: String) -> String {
        "<\(atom(id)).\(atom(delivery.incidentKey))@lockkeeper>"
    }

    /// Only what needs no quoting in a message id (RFC 5322, section 3.6.4).
    private static func atom(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" })
    }
}
