public import LockkeeperCore

/// What the courier tells of its work, for metrics, logs and alerts. The events of one receiver come in order.
public enum CourierEvent: Sendable, Hashable {
    /// An attempt is counted in the outbox and is now made.
    case attempting(Delivery)
    /// An attempt is over and what it came to is stored.
    case settled(Settlement)
    /// An attempt was cut off because its time to end was over; the delivery stays pending.
    case interrupted(Delivery)
    /// A receiver was told again what stands, and what failed of that.
    case refreshed(receiver: String, count: Int, problems: [String])
    /// There is nothing to do for a receiver until a time, or until something is planned.
    case waiting(receiver: String, until: Timestamp?, because: CourierLane.WaitReason)
    /// The outbox could not be read or written; it is tried again.
    case outboxFailed(receiver: String, error: String)
    /// Deliveries were given up because their receiver has not been configured for long.
    case abandoned(receiver: String, count: Int, reason: String)
}
