/// A vector has no two samples of the same labels. What drops or changes labels may break that.
enum LabelUniqueness {
    static func check(_ samples: [VectorSample], _ range: Range<Int>) throws(EvaluationFailure) -> [VectorSample] {
        guard samples.count > 1 else { return samples }
        var seen = Set<Labels>(minimumCapacity: samples.count)
        for sample in samples where !seen.insert(sample.labels).inserted {
            throw EvaluationFailure(
                message: "vector cannot contain metrics with the same labelset: \(sample.labels)", range: range)
        }
        return samples
    }
}
