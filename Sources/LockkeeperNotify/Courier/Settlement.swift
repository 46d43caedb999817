public import LockkeeperCore

/// What an attempt came to.
public struct Settlement: Sendable, Hashable {
    /// The delivery as it is to be stored.
    public var delivery: Delivery
    public var reason: Reason
    /// Until when the receiver asked to be left in peace; `nil` if it did not.
    public var pausedUntil: Timestamp?

    public enum Reason: Sendable, Hashable {
        case delivered
        /// It will be tried again after `delivery.nextAttemptAt`.
        case willRetry(Cause)
        /// The receiver will never take it.
        case refused
    }

    /// Why the next attempt is when it is.
    public enum Cause: String, Sendable, Hashable, CaseIterable {
        /// The courier's own backoff.
        case backoff
        /// The receiver said when (`Retry-After`).
        case receiverAsked = "receiver_asked"
    }

    public init(delivery: Delivery, reason: Reason, pausedUntil: Timestamp? = nil) {
        self.delivery = delivery
        self.reason = reason
        self.pausedUntil = pausedUntil
    }

    /// The value of the label `outcome` of `lockkeeper_notifications_total`.
    public var label: String {
        switch reason {
        case .delivered: "delivered"
        case .willRetry: "retried"
        case .refused: "failed"
        }
    }
}
