extension FunctionTable {
    /// Functions of how a series changes within a range.
    static let rates: [Function] = [
        .ofSeries("rate") { samples, window, _ in
            extrapolated(samples, window, isCounter: true, isRate: true)
        },
        .ofSeries("increase") { samples, window, _ in
            extrapolated(samples, window, isCounter: true, isRate: false)
        },
        .ofSeries("delta") { samples, window, _ in
            extrapolated(samples, window, isCounter: false, isRate: false)
        },
        .ofSeries("irate") { samples, _, _ in instantaneous(samples, isRate: true) },
        .ofSeries("idelta") { samples, _, _ in instantaneous(samples, isRate: false) },
        .ofSeries("changes") { samples, _, _ in
            count(samples) { $0 != $1 && !($0.isNaN && $1.isNaN) }
        },
        .ofSeries("resets") { samples, _, _ in count(samples) { $1 < $0 } },
    ]

    private static func count(_ samples: ArraySlice<Sample>, _ isOne: (Double, Double) -> Bool) -> Double {
        var result = 0.0
        for (previous, next) in zip(samples, samples.dropFirst()) where isOne(previous.value, next.value) {
            result += 1
        }
        return result
    }

    /// The change over the whole range, extrapolated to its ends unless the series seems to begin or end within it; a
    /// counter is never extrapolated below zero. The order of operations is Prometheus's, so that results are the
    /// same to the last bit.
    private static func extrapolated(
        _ samples: ArraySlice<Sample>, _ window: RangeWindow, isCounter: Bool, isRate: Bool
    ) -> Double? {
        guard samples.count >= 2, let first = samples.first, let last = samples.last else { return nil }
        var change = last.value - first.value
        if isCounter {
            var previous = 0.0
            for sample in samples {
                if sample.value < previous { change += previous }
                previous = sample.value
            }
        }
        var toStart = Double(first.timestamp.saturatingSubtracting(window.start)) / 1000
        let toEnd = Double(window.end.saturatingSubtracting(last.timestamp)) / 1000
        let sampled = Double(last.timestamp - first.timestamp) / 1000
        let average = sampled / Double(samples.count - 1)
        if isCounter, change > 0, first.value >= 0 {
            toStart = min(toStart, sampled * (first.value / change))
        }
        let threshold = average * 1.1
        var interval = sampled
        interval += toStart < threshold ? toStart : average / 2
        interval += toEnd < threshold ? toEnd : average / 2
        var factor = interval / sampled
        if isRate { factor /= Double(window.end.saturatingSubtracting(window.start)) / 1000 }
        return change * factor
    }

    /// Between the last two samples.
    private static func instantaneous(_ samples: ArraySlice<Sample>, isRate: Bool) -> Double? {
        guard samples.count >= 2, let last = samples.last else { return nil }
        let previous = samples[samples.endIndex - 2]
        let change = isRate && last.value < previous.value ? last.value : last.value - previous.value
        let interval = last.timestamp - previous.timestamp
        guard interval > 0 else { return nil }
        return isRate ? change / (Double(interval) / 1000) : change
    }
}
