import PromQL

/// Series written as rule tests write them: values at a fixed interval from time 0, `nil` where there is none.
struct SampleSeries: SeriesSource, Sendable {
    var series: [(labels: Labels, samples: [Sample])] = []

    init() {}

    /// - Parameter interval: milliseconds.
    init(_ values: [(Labels, [Double?])], every interval: Int64 = 60_000) {
        for (labels, points) in values { add(labels, points, every: interval) }
    }

    mutating func add(_ labels: Labels, _ points: [Double?], every interval: Int64) {
        let samples = points.enumerated().compactMap { index, value in
            value.map { Sample(timestamp: Int64(index) * interval, value: $0) }
        }
        series.append((labels, samples))
    }

    func newest(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [SeriesSample] {
        samples(matching: matchers, from: start, through: end).compactMap { series in
            series.samples.last.map { SeriesSample(labels: series.labels, sample: $0) }
        }
    }

    func samples(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [SeriesSamples] {
        series.filter { entry in matchers.allSatisfy { $0.matches(entry.labels) } }.compactMap { entry in
            let found = entry.samples.filter { $0.timestamp >= start && $0.timestamp <= end }
            return found.isEmpty ? nil : SeriesSamples(labels: entry.labels, samples: found[...])
        }
    }
}

/// The same numbers on every machine for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }

    mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }
}
