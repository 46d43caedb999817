/// A binary operator between two vectors: who matches whom, and what labels the result has
/// (https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching).
struct VectorOperation {
    private let expression: BinaryExpression
    private let matching: VectorMatching
    private let range: Range<Int>

    init(_ expression: BinaryExpression, _ range: Range<Int>) {
        self.expression = expression
        matching = expression.matching
        self.range = range
    }

    func apply(_ left: [VectorSample], _ right: [VectorSample]) throws(EvaluationFailure) -> [VectorSample] {
        switch expression.operator {
        case .and:
            let signatures = Set(right.map { signature($0.labels) })
            return left.filter { signatures.contains(signature($0.labels)) }
        case .unless:
            let signatures = Set(right.map { signature($0.labels) })
            return left.filter { !signatures.contains(signature($0.labels)) }
        case .or:
            let signatures = Set(left.map { signature($0.labels) })
            return left + right.filter { !signatures.contains(signature($0.labels)) }
        default:
            return try matched(left, right)
        }
    }

    private func signature(_ labels: Labels) -> Labels {
        matching.isOn
            ? labels.keeping(matching.labels) : labels.removing(matching.labels + [Labels.metricNameLabel])
    }

    private func matched(
        _ left: [VectorSample], _ right: [VectorSample]
    ) throws(EvaluationFailure) -> [VectorSample] {
        if left.isEmpty || right.isEmpty { return [] }
        let manyIsRight = matching.cardinality == .oneToMany
        let (many, one) = manyIsRight ? (right, left) : (left, right)
        var partners: [Labels: VectorSample] = [:]
        for sample in one {
            let key = signature(sample.labels)
            if let other = partners.updateValue(sample, forKey: key) {
                throw EvaluationFailure(
                    message: "found duplicate series for the match group \(key) on the "
                        + "\(manyIsRight ? "left" : "right") hand-side of the operation: "
                        + "[\(sample.labels), \(other.labels)];many-to-many matching not allowed: matching labels "
                        + "must be unique on one side", range: range)
            }
        }
        var taken: [Labels: Set<Labels>] = [:]
        var result: [VectorSample] = []
        for sample in many {
            let key = signature(sample.labels)
            guard let partner = partners[key] else { continue }
            let (computed, holds) =
                manyIsRight
                ? expression.operator.apply(partner.value, sample.value)
                : expression.operator.apply(sample.value, partner.value)
            var value = computed
            if expression.returnsBool { value = holds ? 1 : 0 } else if !holds { continue }
            let labels = resultLabels(sample.labels, partner.labels)
            if matching.cardinality == .oneToOne {
                guard taken.updateValue([], forKey: key) == nil else {
                    throw EvaluationFailure(
                        message: "multiple matches for labels: many-to-one matching must be explicit "
                            + "(group_left/group_right)", range: range)
                }
            } else if !taken[key, default: []].insert(labels).inserted {
                throw EvaluationFailure(
                    message: "multiple matches for labels: grouping labels must ensure unique matches", range: range)
            }
            result.append(VectorSample(labels: labels, value: value))
        }
        return try LabelUniqueness.check(result, range)
    }

    private func resultLabels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = many
        if expression.operator.dropsMetricName || expression.returnsBool { labels = labels.withoutMetricName }
        if matching.cardinality == .oneToOne {
            return matching.isOn ? labels.keeping(matching.labels) : labels.removing(matching.labels)
        }
        for name in matching.include { labels[name] = one[name] }
        return labels
    }
}
