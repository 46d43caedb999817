public import LockkeeperCore

/// How one receiver's part of the outbox stands.
public struct OutboxSummary: Sendable, Hashable {
    public var receiver: String
    /// Deliveries that are still to be made.
    public var pending: Int
    /// When the oldest of them was planned.
    public var oldestPlannedAt: Timestamp?
    /// When a delivery last succeeded; it is kept when the delivery itself is removed.
    public var lastSuccessAt: Timestamp?

    public init(
        receiver: String, pending: Int = 0, oldestPlannedAt: Timestamp? = nil, lastSuccessAt: Timestamp? = nil
    ) {
        self.receiver = receiver
        self.pending = pending
        self.oldestPlannedAt = oldestPlannedAt
        self.lastSuccessAt = lastSuccessAt
    }
}
