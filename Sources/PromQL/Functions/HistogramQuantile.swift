extension FunctionTable {
    private struct Bucket {
        var upperBound: Double
        var count: Double
    }

    /// Of classic histograms: buckets told by the label `le`.
    static let histogramQuantile = Function(
        name: "histogram_quantile", required: [.scalar, .vector], returns: .vector
    ) { context throws(EvaluationFailure) in
        let rank = context.scalar(0) ?? .nan
        var places: [Labels: Int] = [:]
        var histograms: [(labels: Labels, buckets: [Bucket])] = []
        for sample in context.vector(1) {
            // A sample that is no bucket is none of our business.
            guard let text = sample.labels["le"], let bound = Double(text) else { continue }
            let labels = sample.labels.removing(["le", Labels.metricNameLabel])
            let bucket = Bucket(upperBound: bound, count: sample.value)
            if let place = places[labels] {
                histograms[place].buckets.append(bucket)
            } else {
                places[labels] = histograms.count
                histograms.append((labels, [bucket]))
            }
        }
        return .vector(
            histograms.map { VectorSample(labels: $0.labels, value: quantile(rank, $0.buckets)) })
    }

    private static func quantile(_ rank: Double, _ buckets: [Bucket]) -> Double {
        if rank.isNaN { return .nan }
        if rank < 0 { return -.infinity }
        if rank > 1 { return .infinity }
        let buckets = cumulative(buckets)
        guard let last = buckets.last, last.upperBound == .infinity, buckets.count >= 2 else { return .nan }
        if last.count == 0 { return .nan }
        var wanted = rank * last.count
        let index = buckets.dropLast().firstIndex { $0.count >= wanted } ?? buckets.count - 1
        // Beyond the last finite bound nothing is known but that bound.
        if index == buckets.count - 1 { return buckets[buckets.count - 2].upperBound }
        if index == 0, buckets[0].upperBound <= 0 { return buckets[0].upperBound }
        var start = 0.0
        let end = buckets[index].upperBound
        var count = buckets[index].count
        if index > 0 {
            start = buckets[index - 1].upperBound
            count -= buckets[index - 1].count
            wanted -= buckets[index - 1].count
        }
        return start + (end - start) * (wanted / count)
    }

    /// Sorted, buckets of one bound added up, and made to rise where scrapes or rates left them falling.
    private static func cumulative(_ buckets: [Bucket]) -> [Bucket] {
        var result: [Bucket] = []
        for bucket in buckets.sorted(by: { $0.upperBound < $1.upperBound }) {
            if let last = result.last, last.upperBound == bucket.upperBound {
                result[result.count - 1].count += bucket.count
            } else {
                result.append(bucket)
            }
        }
        var largest = -Double.infinity
        for index in result.indices {
            if result[index].count > largest { largest = result[index].count } else { result[index].count = largest }
        }
        return result
    }
}
