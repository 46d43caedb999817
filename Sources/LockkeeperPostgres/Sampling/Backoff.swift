/// How long to wait before the next attempt: doubling, up to a cap, and spread by chance so that many agents do not
/// meet a server that has just come back all at once.
public struct Backoff: Sendable, Hashable {
    /// The longest first delay.
    public var initial: Duration
    /// The longest delay of all.
    public var cap: Duration
    /// How many attempts have failed in a row.
    public private(set) var failures = 0

    public init(initial: Duration = .milliseconds(250), cap: Duration = .seconds(10)) {
        self.initial = initial
        self.cap = cap
    }

    /// Counts a failure and returns the delay until the next attempt: between half and all of
    /// min(cap, initial · 2^(failures − 1)).
    ///
    /// - Parameter random: from 0 up to 1, by chance.
    public mutating func fail(random: Double) -> Duration {
        failures += 1
        // Beyond 2^20 every initial delay has reached its cap.
        let longest = min(cap, initial * (1 << min(failures - 1, 20)))
        return longest / 2 + (longest / 2) * min(max(random, 0), 1)
    }

    /// Forgets the failures.
    public mutating func succeed() { failures = 0 }
}
