/// How long to wait after the nth failure in a row: doubled each time up to a cap, and spread over the upper half of that so that
/// those who failed together do not come back together ("equal jitter").
public struct Backoff: Sendable, Hashable {
    /// The longest wait after the first failure; the shortest is half of it.
    public var first: Duration
    /// No wait is longer.
    public var cap: Duration

    public init(first: Duration, cap: Duration) {
        self.first = first
        self.cap = cap
    }

    /// - Parameters:
    ///   - failures: how many failures there were, from 1.
    ///   - jitter: a random number from 0 to 1.
    public func delay(after failures: Int, jitter: Double) -> Duration {
        var whole = first
        for _ in 1..<max(1, failures) where whole < cap { whole = whole * 2 }
        whole = min(whole, cap)
        return whole / 2 + whole / 2 * min(max(jitter, 0), 1)
    }
}
