public import PromQL

/// Series written as rule tests write them: values at a fixed interval from time 0, `nil` where there is none.
public struct SampleSeries: SeriesSource, Sendable {
    public var series: [(labels: Labels, samples: [Sample])] = []

    public init() {}

    /// - Parameter interval: milliseconds.
    public init(_ values: [(Labels, [Double?])], every interval: Int64 = 60_000) {
        for (labels, points) in values { add(labels, points, every: interval) }
    }

    public mutating func add(_ labels: Labels, _ points: [Double?], every interval: Int64) {
        let samples = points.enumerated().compactMap { index, value in
            value.map { Sample(timestamp: Int64(index) * interval, value: $0) }
        }
        series.append((labels, samples))
    }

    public func newest(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [SeriesSample] {
        samples(matching: matchers, from: start, through: end).compactMap { series in
            series.samples.last.map { SeriesSample(labels: series.labels, sample: $0) }
        }
    }

    public func samples(
        matching matchers: [LabelMatcher], from start: Int64, through end: Int64, limit: Int
    ) -> [SeriesSamples]? {
        let found = samples(matching: matchers, from: start, through: end)
        return found.reduce(0) { $0 + $1.samples.count } <= limit ? found : nil
    }

    /// All samples of the stretch.
    public func samples(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [SeriesSamples] {
        series.filter { entry in matchers.allSatisfy { $0.matches(entry.labels) } }.compactMap { entry in
            let found = entry.samples.filter { $0.timestamp >= start && $0.timestamp <= end }
            return found.isEmpty ? nil : SeriesSamples(labels: entry.labels, samples: found[...])
        }
    }
}
