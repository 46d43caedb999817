/// A message that is to reach one receiver: a row of the outbox.
public struct Delivery: Sendable, Hashable, Codable, Identifiable {
    /// Derived from what it says, of which episode of which key, and to whom: planning it twice yields the same row, and another agent
    /// that tells the same gives it the same id. It is the `Idempotency-Key` and in the local part of the mail's `Message-ID`.
    public var id: String
    public var incidentID: String
    public var receiver: String
    /// The position among the messages of the incident's episode to this receiver, from 1.
    public var sequence: Int
    public var notification: Notification
    /// The reasons of the earlier messages of the incident to this receiver that need not be sent any more. It counts when the delivery is
    /// planned, and is not kept.
    public var replaces: Set<Notification.Reason>
    /// What the receiver makes of its key. It counts when the delivery is planned, and the outbox keeps it for itself.
    public var correlation: Correlation
    /// The target whose leader sends it, of several agents, where it is about none itself. It counts when the delivery is planned, and is not
    /// kept.
    public var leadingTarget: String?
    public var plannedAt: Timestamp
    public var status: Status
    /// How often sending was begun.
    public var attempts: Int
    /// Not before this time.
    public var nextAttemptAt: Timestamp
    public var finishedAt: Timestamp?
    /// What the receiver answered last, short and redacted.
    public var lastError: String?
    /// Mail recipients that have it already, so that a retry does not reach them again.
    public var acceptedRecipients: [String]
    /// What the receiver called the incident when it was told of it first; known while an attempt is under way.
    public var reference: ReceiverReference?

    public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
        /// To be sent, or to be tried again.
        case pending
        case delivered
        /// Given up on a permanent error.
        case failed
        /// Not sent, because a newer message says how things stand.
        case superseded
        /// Another agent tells of the target: to be sent if this one takes over.
        case standby
        /// It was for another agent to send.
        case elsewhere
    }

    public init(
        id: String, incidentID: String, receiver: String, sequence: Int, notification: Notification,
        replaces: Set<Notification.Reason> = [], correlation: Correlation = .none, leadingTarget: String? = nil,
        plannedAt: Timestamp
    ) {
        self.id = id
        self.incidentID = incidentID
        self.receiver = receiver
        self.sequence = sequence
        self.notification = notification
        self.replaces = replaces
        self.correlation = correlation
        self.leadingTarget = leadingTarget
        self.plannedAt = plannedAt
        self.status = .pending
        self.attempts = 0
        self.nextAttemptAt = plannedAt
        self.finishedAt = nil
        self.lastError = nil
        self.acceptedRecipients = []
        self.reference = nil
    }

    /// The incident as the receiver knows it.
    public var incidentKey: String { notification.incidentKey }

    /// Names the messages of the incident's episode to this receiver.
    public var thread: String { notification.thread ?? id }
}

/// What became of one attempt to deliver.
public enum DeliveryOutcome: Sendable, Hashable {
    case delivered
    /// Delivered, and this is what the receiver calls the incident from now on.
    case opened(ReceiverReference)
    /// Worth another try.
    /// - after: the receiver's own wish (`Retry-After`), where it has one.
    /// - isAmbiguous: the receiver may have seen the message, so that the retry may double it.
    case retry(after: Duration?, reason: String, isAmbiguous: Bool, acceptedRecipients: [String])
    /// Another try would fail the same.
    case permanent(reason: String, acceptedRecipients: [String])
}
