extension FunctionTable {
    /// Functions that change labels.
    static let labelFunctions: [Function] = [labelReplace, labelJoin]

    private static let labelReplace = Function(
        name: "label_replace", required: [.vector, .string, .string, .string, .string], returns: .vector
    ) { context throws(EvaluationFailure) in
        let (destination, replacement) = (context.string(1), context.string(2))
        let (origin, pattern) = (context.string(3), context.string(4))
        let regex: LinearRegex
        do {
            regex = try LinearRegex(pattern, matchesWhole: true)
        } catch {
            throw context.failure("invalid regular expression in label_replace(): \(error)")
        }
        guard LabelName.isLabelName(destination) else {
            throw context.failure("invalid destination label name in label_replace(): \(destination)")
        }
        return .vector(
            context.vector(0).map { sample in
                guard let value = regex.expanding(replacement, in: sample.labels[origin] ?? "") else { return sample }
                return VectorSample(labels: sample.labels.setting(destination, to: value), value: sample.value)
            })
    }

    private static let labelJoin = Function(
        name: "label_join", required: [.vector, .string, .string], optional: [.string], isVariadic: true,
        returns: .vector
    ) { context throws(EvaluationFailure) in
        let (destination, separator) = (context.string(1), context.string(2))
        guard LabelName.isLabelName(destination) else {
            throw context.failure("invalid destination label name in label_join(): \(destination)")
        }
        let origins = (3..<max(3, context.arguments.count)).map(context.string)
        if let bad = origins.first(where: { !LabelName.isLabelName($0) }) {
            throw context.failure("invalid source label name in label_join(): \(bad)")
        }
        return .vector(
            context.vector(0).map { sample in
                let value = origins.map { sample.labels[$0] ?? "" }.joined(separator: separator)
                return VectorSample(labels: sample.labels.setting(destination, to: value), value: sample.value)
            })
    }
}
