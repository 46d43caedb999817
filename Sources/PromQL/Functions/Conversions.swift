extension FunctionTable {
    /// Functions between types, of time, and of order.
    static let conversions: [Function] = [
        Function(name: "pi", required: [], returns: .scalar) { _ throws(EvaluationFailure) in .scalar(.pi) },
        Function(name: "time", required: [], returns: .scalar) { context throws(EvaluationFailure) in
            .scalar(Double(context.time) / 1000)
        },
        Function(name: "vector", required: [.scalar], returns: .vector) { context throws(EvaluationFailure) in
            .vector([VectorSample(labels: Labels(), value: context.scalar(0) ?? .nan)])
        },
        Function(name: "scalar", required: [.vector], returns: .scalar) { context throws(EvaluationFailure) in
            let samples = context.vector(0)
            return .scalar(samples.count == 1 ? samples[0].value : .nan)
        },
        Function(name: "timestamp", required: [.vector], returns: .vector, wantsSampleTimes: true) {
            context throws(EvaluationFailure) in
            // For a plain selector the evaluator has put the samples' times in the place of their values.
            let isSelector = if case .selector = context.nodes[0].unwrapped.kind { true } else { false }
            return .vector(
                context.vector(0).map {
                    VectorSample(
                        labels: $0.labels.withoutMetricName,
                        value: isSelector ? $0.value : Double(context.time) / 1000)
                })
        },
        sorting("sort") { $0 < $1 },
        sorting("sort_desc") { $0 > $1 },
    ]

    /// NaN goes to the end either way.
    private static func sorting(
        _ name: String, _ precedes: @escaping @Sendable (Double, Double) -> Bool
    ) -> Function {
        Function(name: name, required: [.vector], returns: .vector, mayCollide: false) {
            context throws(EvaluationFailure) in
            .vector(
                context.vector(0).sorted {
                    if $0.value.isNaN || $1.value.isNaN { return !$0.value.isNaN && $1.value.isNaN }
                    return precedes($0.value, $1.value)
                })
        }
    }
}
