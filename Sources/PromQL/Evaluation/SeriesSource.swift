/// Where an evaluation finds its series. Times are milliseconds since the epoch and both ends are included.
public protocol SeriesSource {
    /// Of each series that satisfies all matchers, the newest sample of the stretch. A series whose newest sample
    /// there is a stale marker may be left out or given with the marker.
    func newest(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [SeriesSample]

    /// Of each series that satisfies all matchers, all samples of the stretch, ascending in time. Stale markers may
    /// be among them.
    ///
    /// - Returns: nil when there are more than `limit` samples, which would take too much memory.
    func samples(
        matching matchers: [LabelMatcher], from start: Int64, through end: Int64, limit: Int
    ) -> [SeriesSamples]?
}

/// A series with one of its samples.
public struct SeriesSample: Hashable, Sendable {
    /// What tells the series from the others.
    public var labels: Labels
    /// The sample.
    public var sample: Sample

    /// A series with one of its samples.
    public init(labels: Labels, sample: Sample) {
        self.labels = labels
        self.sample = sample
    }
}
