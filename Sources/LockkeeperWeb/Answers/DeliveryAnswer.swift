import LockkeeperCore

/// `GET /api/v1/deliveries`, newest first.
struct DeliveriesAnswer: Encodable {
    let deliveries: [DeliveryAnswer]
}

/// A message to a receiver in the JSON API.
struct DeliveryAnswer: Encodable {
    let id: String
    let incidentID: String
    let receiver: String
    let sequence: Int
    let reason: String
    let severity: String
    let title: String
    let status: String
    let attempts: Int
    let plannedAt: String
    /// While it is pending.
    let nextAttemptAt: String?
    let finishedAt: String?
    let lastError: String?

    init(_ delivery: Delivery) {
        id = delivery.id
        incidentID = delivery.incidentID
        receiver = delivery.receiver
        sequence = delivery.sequence
        reason = delivery.notification.reason.rawValue
        severity = delivery.notification.severity.rawValue
        title = delivery.notification.title
        status = delivery.status.rawValue
        attempts = delivery.attempts
        plannedAt = delivery.plannedAt.rfc3339
        nextAttemptAt = delivery.status == .pending ? delivery.nextAttemptAt.rfc3339 : nil
        finishedAt = delivery.finishedAt?.rfc3339
        lastError = delivery.lastError
    }
}
