/// A histogram that is being filled: counts of observations by upper bound.
///
/// A value: copied with the state that it belongs to, and rendered when somebody asks.
public struct HistogramAccumulator: Sendable, Hashable, Codable {
    /// The finite upper bounds, ascending; each includes itself. The last bucket, up to +Inf, is implied.
    public let upperBounds: [Double]
    /// Observations per bucket, not cumulated: one more than there are bounds.
    public private(set) var counts: [UInt64]
    /// The sum of all observations.
    public private(set) var sum: Double

    /// - Parameter upperBounds: in any order; doubles and those that are not finite are left out.
    public init(upperBounds: [Double]) {
        var bounds: [Double] = []
        for bound in upperBounds.filter(\.isFinite).sorted() where bound != bounds.last { bounds.append(bound) }
        self.upperBounds = bounds
        self.counts = Array(repeating: 0, count: bounds.count + 1)
        self.sum = 0
    }

    /// How many observations there are.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Counts a value in the metric's unit. One that is not a number is not an observation, and is not counted.
    public mutating func observe(_ value: Double) {
        guard !value.isNaN else { return }
        // The buckets are few: counting up is quicker than halving.
        let bucket = upperBounds.firstIndex { value <= $0 } ?? upperBounds.count
        counts[bucket] += 1
        sum += value
    }

    /// Counts a duration, in seconds.
    public mutating func observe(_ duration: Duration) {
        observe(duration.inSeconds)
    }

    /// The buckets as Prometheus wants them: upper bound and number of observations up to it, the last at +Inf.
    public var cumulativeBuckets: [(upperBound: Double, count: UInt64)] {
        var total: UInt64 = 0
        return zip(upperBounds + [.infinity], counts).map { bound, count in
            total += count
            return (bound, total)
        }
    }
}
