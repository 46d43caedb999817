public import PromQL

/// Series made up from a seed: gauges, counters with resets, odd values, gaps and ends, histograms, times.
public struct GeneratedWorld {
    /// Milliseconds between samples.
    public let interval: Int64
    public private(set) var series: [(labels: Labels, points: [Double?])] = []

    public init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        interval = random.pick([15_000, 30_000, 60_000])
        let count = 60
        var serial = 0.0
        for a in ["x", "y", "z"] {
            for b in ["1", "2"] {
                // No two gauges have the same value at a time, so that topk is determined.
                serial += 1
                let offset = serial / 128
                add(
                    "m", ["a": a, "b": b],
                    (0..<count).map { _ in Double(Int.random(in: -50...200, using: &random)) + offset })
                var total = 0.0
                add(
                    "c_total", ["a": a, "b": b],
                    (0..<count).map { _ in
                        total = random.chance(6) ? 0 : total + Double(Int.random(in: 0...60, using: &random))
                        return total
                    })
                add("gap", ["a": a, "b": b], (0..<count).map { _ in Self.holey(&random) })
            }
            add("n", ["a": a, "k": "k" + a], (0..<count).map { _ in Double(Int.random(in: 0...9, using: &random)) })
            add("w", ["a": a], (0..<count).map { _ in Self.odd(&random) })
            add(
                "t", ["a": a],
                (0..<count).map { _ in Double(Int.random(in: -4_000_000_000...9_000_000_000, using: &random)) })
        }
        for a in ["x", "y"] {
            var totals = Array(repeating: 0.0, count: 5)
            var points = Array(repeating: [Double?](), count: 5)
            for _ in 0..<count {
                for bucket in 0..<5 {
                    totals[bucket] += Double(Int.random(in: 0...4, using: &random))
                    points[bucket].append(totals[...bucket].reduce(0, +))
                }
            }
            for (bucket, bound) in ["0.1", "0.5", "1", "2.5e0", "+Inf"].enumerated() {
                add("h_bucket", ["a": a, "le": bound], points[bucket])
            }
        }
    }

    private mutating func add(_ name: String, _ labels: [String: String], _ points: [Double?]) {
        series.append((Labels(metric: name, Labels(labels)), points))
    }

    private static func holey(_ random: inout SeededGenerator) -> Double? {
        if random.chance(25) { return nil }
        if random.chance(8) { return Sample.staleMarker }
        return Double(Int.random(in: 0...100, using: &random)) / 4
    }

    private static func odd(_ random: inout SeededGenerator) -> Double {
        random.chance(70)
            ? Double(Int.random(in: -3...3, using: &random))
            : random.pick([.nan, .infinity, -.infinity, 0, -0.0, 1e18])
    }

    public var source: SampleSeries {
        SampleSeries(series.map { ($0.labels, $0.points) }, every: interval)
    }

    /// The series as `input_series` of a rule test file.
    public var inputSeries: String {
        series.map { entry in
            let values = entry.points.map { point -> String in
                guard let point else { return "_" }
                if point.bitPattern == Sample.staleMarker.bitPattern { return "stale" }
                return FloatText.plain(point)
            }
            return "      - series: '\(entry.labels)'\n        values: '\(values.joined(separator: " "))'\n"
        }.joined()
    }
}
