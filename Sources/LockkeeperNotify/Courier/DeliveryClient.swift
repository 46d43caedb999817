public import LockkeeperCore

/// Makes one attempt to deliver to one receiver.
public protocol DeliveryClient: Sendable {
    /// Sends a delivery once, and says what became of it.
    ///
    /// It ends within a bounded time of its own, and soon after its task is cancelled. What it answers after a cancellation counts
    /// only if it is final; else the delivery is tried again by whoever comes next.
    func deliver(_ delivery: Delivery) async -> DeliveryOutcome

    /// How long the receiver wants to be left in peace after each attempt.
    var pace: Duration { get }

    /// How often the receiver must be told again what stands; `nil` if it remembers.
    var refreshInterval: Duration? { get }

    /// Tells again what stands, between two deliveries.
    ///
    /// It ends as `deliver` does. What fails is not tried again before its time has come again.
    ///
    /// - Returns: what failed, none if nothing did.
    func refresh(_ standing: [StandingMessage]) async -> [String]
}

extension DeliveryClient {
    /// Most receivers take messages as they come.
    public var pace: Duration { .zero }

    /// Most receivers remember.
    public var refreshInterval: Duration? { nil }

    /// Nothing.
    public func refresh(_ standing: [StandingMessage]) async -> [String] { [] }
}
