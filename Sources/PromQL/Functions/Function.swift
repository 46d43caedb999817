/// A function of the language: its signature and what it does.
struct Function: Sendable {
    typealias Body = @Sendable (CallContext) throws(EvaluationFailure) -> Value

    let name: String
    let required: [ValueType]
    var optional: [ValueType] = []
    /// The last optional argument may come any number of times.
    var isVariadic = false
    let returns: ValueType
    /// Dropping or changing labels may give two samples the same ones.
    var mayCollide = true
    /// `timestamp` of a plain selector means the samples' own times.
    var wantsSampleTimes = false
    let body: Body

    func argumentType(_ index: Int) -> ValueType {
        if index < required.count { return required[index] }
        let rest = index - required.count
        if rest < optional.count { return optional[rest] }
        return optional.last ?? required.last ?? .vector
    }
}

/// What a function is called with.
struct CallContext {
    let name: String
    let nodes: [Node]
    let arguments: [Value]
    /// Of the argument that is a range vector.
    let window: RangeWindow?
    /// The time of evaluation, milliseconds since the epoch.
    let time: Int64
    let range: Range<Int>

    func vector(_ index: Int) -> [VectorSample] {
        if index < arguments.count, case .vector(let samples) = arguments[index] { samples } else { [] }
    }

    func scalar(_ index: Int) -> Double? {
        if index < arguments.count, case .scalar(let value) = arguments[index] { value } else { nil }
    }

    func string(_ index: Int) -> String {
        if index < arguments.count, case .string(let text) = arguments[index] { text } else { "" }
    }

    func failure(_ message: String) -> EvaluationFailure {
        EvaluationFailure(message: message, range: range)
    }
}

extension Function {
    /// A function of each value.
    static func ofValues(_ name: String, _ function: @escaping @Sendable (Double) -> Double) -> Function {
        Function(name: name, required: [.vector], returns: .vector) { context throws(EvaluationFailure) in
            .vector(
                context.vector(0).map {
                    VectorSample(labels: $0.labels.withoutMetricName, value: function($0.value))
                })
        }
    }

    /// A function of each series of a range vector; a series for which it gives nothing is left out.
    static func ofSeries(
        _ name: String, before: [ValueType] = [], after: [ValueType] = [], keepsName: Bool = false,
        _ function: @escaping @Sendable (ArraySlice<Sample>, RangeWindow, CallContext) -> Double?
    ) -> Function {
        Function(name: name, required: before + [.matrix] + after, returns: .vector, mayCollide: !keepsName) {
            context throws(EvaluationFailure) in
            guard let window = context.window else { return .vector([]) }
            var result: [VectorSample] = []
            result.reserveCapacity(window.series.count)
            for series in window.series {
                guard let value = function(series.samples, window, context) else { continue }
                result.append(
                    VectorSample(labels: keepsName ? series.labels : series.labels.withoutMetricName, value: value))
            }
            return .vector(result)
        }
    }
}
