/// How patient the courier is.
public struct CourierPolicy: Sendable, Hashable {
    /// Between the attempts of one delivery: 1–2 s after the first, 7.5–15 min after the tenth and for ever after.
    public var retries = Backoff(first: .seconds(2), cap: .seconds(15 * 60))
    /// The longest `Retry-After` that is honoured.
    public var longestRetryAfter: Duration = .seconds(3600)
    /// After so many attempts in a row without an answer worth having, whatever the delivery, it is the receiver that fails.
    public var failuresOfAFailingReceiver = 3
    /// Between the attempts to reach a failing receiver, whatever the delivery: it is not asked once per pending message.
    public var probes = Backoff(first: .seconds(2), cap: .seconds(30))
    /// How long receivers that forget are told again that something has ended.
    public var tellsEndsAgainFor: Duration = .seconds(300)
    /// Between the attempts to reach an outbox that fails, such as on a full disk.
    public var outboxRetries = Backoff(first: .seconds(1), cap: .seconds(15))
    /// How long attempts under way may take to end by themselves when the courier, or their receiver, is to stop.
    public var grace: Duration = .seconds(5)
    /// How long deliveries to a receiver that is not configured are kept, from when the courier notices: long enough to notice
    /// and correct a configuration that lost or renamed a receiver by mistake.
    public var keepsOrphansFor: Duration = .seconds(24 * 3600)
    /// How often the courier looks for such deliveries, besides at the start and at every change of the receivers.
    public var looksForOrphansEvery: Duration = .seconds(3600)

    public init() {}
}
