extension FunctionTable {
    /// Functions of each value by itself.
    static let arithmetic: [Function] =
        [
            .ofValues("abs") { $0.magnitude },
            .ofValues("ceil") { $0.rounded(.up) },
            .ofValues("floor") { $0.rounded(.down) },
            .ofValues("sqrt") { $0.squareRoot() },
            .ofValues("exp") { SystemMath.exponential($0) },
            .ofValues("ln") { SystemMath.naturalLogarithm($0) },
            .ofValues("log2") { SystemMath.binaryLogarithm($0) },
            .ofValues("log10") { SystemMath.decimalLogarithm($0) },
            .ofValues("deg") { $0 * 180 / .pi },
            .ofValues("rad") { $0 * .pi / 180 },
            .ofValues("sgn") { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 },
            round, clamp,
            bound("clamp_max") { SystemMath.minimum($1, $0) },
            bound("clamp_min") { SystemMath.maximum($1, $0) },
        ] + SystemMath.trigonometry.map { .ofValues($0.name, $0.function) }

    private static func values(_ context: CallContext, _ function: (Double) -> Double) -> Value {
        .vector(
            context.vector(0).map {
                VectorSample(labels: $0.labels.withoutMetricName, value: function($0.value))
            })
    }

    private static let round = Function(
        name: "round", required: [.vector], optional: [.scalar], returns: .vector
    ) { context throws(EvaluationFailure) in
        // By the inverse, as Prometheus does: 0.1 is not exact, 10 is. Ties go up.
        let inverse = 1 / (context.scalar(1) ?? 1)
        return values(context) { ($0 * inverse + 0.5).rounded(.down) / inverse }
    }

    private static let clamp = Function(
        name: "clamp", required: [.vector, .scalar, .scalar], returns: .vector
    ) { context throws(EvaluationFailure) in
        let low = context.scalar(1) ?? .nan
        let high = context.scalar(2) ?? .nan
        if high < low { return .vector([]) }
        return values(context) { SystemMath.maximum(low, SystemMath.minimum(high, $0)) }
    }

    private static func bound(
        _ name: String, _ function: @escaping @Sendable (Double, Double) -> Double
    ) -> Function {
        Function(name: name, required: [.vector, .scalar], returns: .vector) { context throws(EvaluationFailure) in
            let limit = context.scalar(1) ?? .nan
            return values(context) { function($0, limit) }
        }
    }
}
