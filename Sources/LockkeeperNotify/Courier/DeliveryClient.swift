public import LockkeeperCore

/// Makes one attempt to deliver to one receiver.
public protocol DeliveryClient: Sendable {
    /// Sends a delivery once, and says what became of it.
    ///
    /// It ends within a bounded time of its own, and soon after its task is cancelled. What it answers after a cancellation counts
    /// only if it is final; else the delivery is tried again by whoever comes next.
    func deliver(_ delivery: Delivery) async -> DeliveryOutcome
}
