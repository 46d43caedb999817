import LockkeeperCore

/// A message as a play wants it or as it came.
struct WantedMessage: Hashable, CustomStringConvertible {
    var receiver: String
    var reason: Notification.Reason
    var severity: Severity
    /// The rule, or `the migration`.
    var about: String

    init(_ receiver: String, _ reason: Notification.Reason, _ severity: Severity, _ about: String) {
        (self.receiver, self.reason, self.severity, self.about) = (receiver, reason, severity, about)
    }

    init(_ delivery: Delivery) {
        let facts = delivery.notification.facts
        self.init(
            delivery.receiver, delivery.notification.reason, delivery.notification.severity,
            facts.details.first { $0.name == "Alert" }?.value ?? "the migration")
    }

    var description: String { "\(reason.rawValue) \(severity.rawValue) \(about)" }
}

/// A message that a receiver has, since a second of the play.
struct ArrivedMessage {
    var delivery: Delivery
    var second: Int
}
