extension FunctionTable {
    /// Functions of there being nothing.
    static let presence: [Function] = [
        Function(name: "absent", required: [.vector], returns: .vector, mayCollide: false) {
            context throws(EvaluationFailure) in
            absence(context, isEmpty: context.vector(0).isEmpty)
        },
        Function(name: "absent_over_time", required: [.matrix], returns: .vector, mayCollide: false) {
            context throws(EvaluationFailure) in
            absence(context, isEmpty: context.window?.series.isEmpty ?? true)
        },
    ]

    private static func absence(_ context: CallContext, isEmpty: Bool) -> Value {
        guard isEmpty else { return .vector([]) }
        let matchers: [LabelMatcher] =
            switch context.nodes[0].kind {
            case .selector(let selector): selector.matchers
            case .range(let range): range.selector.matchers
            default: []
            }
        return .vector([VectorSample(labels: labels(of: matchers), value: 1)])
    }

    /// What the missing series would have had: the labels that the selector asks for by `=`, each once.
    private static func labels(of matchers: [LabelMatcher]) -> Labels {
        var labels = Labels()
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricNameLabel {
            if matcher.operation == .equal, seen.insert(matcher.name).inserted {
                labels[matcher.name] = matcher.value
            } else {
                labels[matcher.name] = nil
            }
        }
        return labels
    }
}
