extension FunctionTable {
    /// Functions of the straight line through the samples.
    static let regressions: [Function] = [
        .ofSeries("deriv") { samples, _, _ in
            guard samples.count >= 2, let first = samples.first else { return nil }
            return line(samples, origin: first.timestamp).slope
        },
        .ofSeries("predict_linear", after: [.scalar]) { samples, _, context in
            guard samples.count >= 2 else { return nil }
            let (slope, intercept) = line(samples, origin: context.time)
            return slope * (context.scalar(1) ?? .nan) + intercept
        },
    ]

    /// Least squares, over seconds since `origin`.
    private static func line(_ samples: ArraySlice<Sample>, origin: Int64) -> (slope: Double, intercept: Double) {
        var (sumX, sumY, sumXY, sumXX) = (CompensatedSum(), CompensatedSum(), CompensatedSum(), CompensatedSum())
        let count = Double(samples.count)
        for sample in samples {
            let x = Double(sample.timestamp.saturatingSubtracting(origin)) / 1000
            sumX.add(x)
            sumY.add(sample.value)
            sumXY.add(x * sample.value)
            sumXX.add(x * x)
        }
        if let first = samples.first?.value, samples.allSatisfy({ $0.value == first }) {
            return first.isInfinite ? (.nan, .nan) : (0, first)
        }
        let covariance = sumXY.raw - sumX.raw * sumY.raw / count
        let variance = sumXX.raw - sumX.raw * sumX.raw / count
        let slope = covariance / variance
        return (slope, sumY.raw / count - slope * sumX.raw / count)
    }
}
