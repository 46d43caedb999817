extension FunctionTable {
    /// Aggregations over the samples of a range; a range vector has no series without samples.
    static let overTime: [Function] = [
        .ofSeries("avg_over_time") { samples, _, _ in mean(samples) },
        .ofSeries("sum_over_time") { samples, _, _ in sum(samples) },
        .ofSeries("count_over_time") { samples, _, _ in Double(samples.count) },
        .ofSeries("present_over_time") { _, _, _ in 1 },
        .ofSeries("last_over_time", keepsName: true) { samples, _, _ in samples.last?.value },
        .ofSeries("max_over_time") { samples, _, _ in extreme(samples) { $0 > $1 } },
        .ofSeries("min_over_time") { samples, _, _ in extreme(samples) { $0 < $1 } },
        .ofSeries("stdvar_over_time") { samples, _, _ in variance(samples) },
        .ofSeries("stddev_over_time") { samples, _, _ in variance(samples).squareRoot() },
        .ofSeries("quantile_over_time", before: [.scalar]) { samples, _, context in
            Quantile.of(samples.map(\.value), context.scalar(0) ?? .nan)
        },
    ]

    private static func extreme(_ samples: ArraySlice<Sample>, _ isMore: (Double, Double) -> Bool) -> Double? {
        guard var result = samples.first?.value else { return nil }
        for sample in samples where isMore(sample.value, result) || result.isNaN { result = sample.value }
        return result
    }

    private static func sum(_ samples: ArraySlice<Sample>) -> Double {
        var sum = CompensatedSum()
        for sample in samples { sum.add(sample.value) }
        return sum.total
    }

    private static func mean(_ samples: ArraySlice<Sample>) -> Double {
        var mean = CompensatedSum()
        var count = 0.0
        for sample in samples {
            count += 1
            if mean.sum.isInfinite {
                // Infinities of one sign cannot be subtracted, and a finite value changes nothing.
                if sample.value.isInfinite, (mean.sum > 0) == (sample.value > 0) { continue }
                if sample.value.isFinite { continue }
            }
            mean.add(sample.value / count - mean.sum / count)
        }
        return mean.total
    }

    private static func variance(_ samples: ArraySlice<Sample>) -> Double {
        var count = 0.0
        var mean = CompensatedSum()
        var squares = CompensatedSum()
        for sample in samples {
            count += 1
            let delta = sample.value - mean.raw
            mean.add(delta / count)
            squares.add(delta * (sample.value - mean.raw))
        }
        return squares.raw / count
    }
}
