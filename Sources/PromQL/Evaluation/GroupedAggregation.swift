/// An aggregation over the groups of a vector.
struct GroupedAggregation {
    private let aggregation: Aggregation
    private let parameter: Value?
    private let range: Range<Int>

    init(_ aggregation: Aggregation, parameter: Value?, range: Range<Int>) {
        self.aggregation = aggregation
        self.parameter = parameter
        self.range = range
    }

    func apply(_ samples: [VectorSample]) throws(EvaluationFailure) -> [VectorSample] {
        let groups: [(labels: Labels, samples: [VectorSample])]
        switch aggregation.operator {
        case .countValues: groups = try grouped(labelled(samples), also: [valueLabel()])
        default: groups = grouped(samples)
        }
        switch aggregation.operator {
        case .topk, .bottomk:
            let limit = try wantedCount()
            return groups.flatMap { GroupedAggregation.extremes($0.samples, limit, aggregation.operator == .topk) }
        case .quantile:
            let rank = number()
            return groups.map { group in
                VectorSample(labels: group.labels, value: Quantile.of(group.samples.map(\.value), rank))
            }
        default:
            return groups.map { group in
                VectorSample(labels: group.labels, value: reduce(group.samples.map(\.value)))
            }
        }
    }

    private func grouped(
        _ samples: [VectorSample], also extra: [String] = []
    ) -> [(labels: Labels, samples: [VectorSample])] {
        let kept = aggregation.grouping + extra
        let removed = aggregation.grouping + [Labels.metricNameLabel]
        var places: [Labels: Int] = [:]
        var groups: [(labels: Labels, samples: [VectorSample])] = []
        for sample in samples {
            let key = aggregation.isWithout ? sample.labels.removing(removed) : sample.labels.keeping(kept)
            if let place = places[key] {
                groups[place].samples.append(sample)
            } else {
                places[key] = groups.count
                groups.append((key, [sample]))
            }
        }
        return groups
    }

    /// The values of one group, never none, in one number.
    private func reduce(_ values: [Double]) -> Double {
        switch aggregation.operator {
        case .sum: values.reduce(0, +)
        case .count, .countValues: Double(values.count)
        case .group: 1
        case .min: values.dropFirst().reduce(values[0]) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case .max: values.dropFirst().reduce(values[0]) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case .avg: GroupedAggregation.mean(values)
        case .stdvar: GroupedAggregation.variance(values)
        case .stddev: GroupedAggregation.variance(values).squareRoot()
        case .topk, .bottomk, .quantile: .nan
        }
    }

    /// The running mean, which does not overflow; an infinite one is kept against finite values.
    private static func mean(_ values: [Double]) -> Double {
        var mean = values[0]
        var count = 1.0
        for value in values.dropFirst() {
            count += 1
            if mean.isInfinite {
                if value.isInfinite, (mean > 0) == (value > 0) { continue }
                if value.isFinite { continue }
            }
            mean += value / count - mean / count
        }
        return mean
    }

    /// Welford's running variance of the whole population.
    private static func variance(_ values: [Double]) -> Double {
        var mean = values[0]
        var squares = 0.0
        var count = 1.0
        for value in values.dropFirst() {
            count += 1
            let delta = value - mean
            mean += delta / count
            squares += delta * (value - mean)
        }
        return squares / count
    }

    /// The largest or smallest, best first; NaN is worse than any number; of equals the first.
    private static func extremes(_ samples: [VectorSample], _ limit: Int, _ largest: Bool) -> [VectorSample] {
        let sorted = samples.enumerated().sorted { left, right in
            let (first, second) = (left.element.value, right.element.value)
            if first.isNaN || second.isNaN {
                return first.isNaN == second.isNaN ? left.offset < right.offset : second.isNaN
            }
            if first == second { return left.offset < right.offset }
            return largest ? first > second : first < second
        }
        return sorted.prefix(limit).map(\.element)
    }

    private func number() -> Double {
        if case .scalar(let value) = parameter { value } else { .nan }
    }

    private func wantedCount() throws(EvaluationFailure) -> Int {
        let value = number()
        guard let count = Int(exactly: value.rounded(.towardZero)) else {
            throw EvaluationFailure(
                message: "Scalar value \(FloatText.shortest(value)) overflows int64", range: range)
        }
        return max(count, 0)
    }

    private func valueLabel() throws(EvaluationFailure) -> String {
        guard case .string(let name) = parameter, LabelName.isLabelName(name) else {
            throw EvaluationFailure(message: "invalid label name in count_values", range: range)
        }
        return name
    }

    /// For `count_values`: the value becomes a label.
    private func labelled(_ samples: [VectorSample]) throws(EvaluationFailure) -> [VectorSample] {
        let name = try valueLabel()
        return samples.map {
            VectorSample(labels: $0.labels.setting(name, to: FloatText.plain($0.value)), value: $0.value)
        }
    }
}
