/// A binary operator between a vector and a scalar.
struct ScalarOperation {
    private let `operator`: BinaryOperator
    private let returnsBool: Bool
    private let range: Range<Int>

    init(_ expression: BinaryExpression, _ range: Range<Int>) {
        `operator` = expression.operator
        returnsBool = expression.returnsBool
        self.range = range
    }

    func apply(
        _ vector: [VectorSample], _ scalar: Double, scalarIsLeft: Bool
    ) throws(EvaluationFailure) -> [VectorSample] {
        let dropsName = `operator`.dropsMetricName || returnsBool
        var result: [VectorSample] = []
        result.reserveCapacity(vector.count)
        for sample in vector {
            let (computed, holds) =
                scalarIsLeft ? `operator`.apply(scalar, sample.value) : `operator`.apply(sample.value, scalar)
            // A comparison keeps the vector's value, on whichever side it stands.
            var value = `operator`.isComparison ? sample.value : computed
            if returnsBool { value = holds ? 1 : 0 } else if !holds { continue }
            result.append(
                VectorSample(labels: dropsName ? sample.labels.withoutMetricName : sample.labels, value: value))
        }
        return dropsName ? try LabelUniqueness.check(result, range) : result
    }
}
