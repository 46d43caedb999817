extension FunctionTable {
    /// Functions that change labels.
    static let labelFunctions: [Function] = [labelReplace, labelJoin]

    /// In bytes. One call within another may double a value each time.
    private static let longestValue = 65_536

    private static func check(_ value: String, _ context: CallContext) throws(EvaluationFailure) -> String {
        guard value.utf8.count > longestValue else { return value }
        throw context.failure("\(context.name)() would make a label value of over \(longestValue) bytes")
    }

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
        var result: [VectorSample] = []
        for sample in context.vector(0) {
            guard let value = regex.expanding(replacement, in: sample.labels[origin] ?? "") else {
                result.append(sample)
                continue
            }
            let labels = sample.labels.setting(destination, to: try check(value, context))
            result.append(VectorSample(labels: labels, value: sample.value))
        }
        return .vector(result)
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
        var result: [VectorSample] = []
        for sample in context.vector(0) {
            let value = origins.map { sample.labels[$0] ?? "" }.joined(separator: separator)
            let labels = sample.labels.setting(destination, to: try check(value, context))
            result.append(VectorSample(labels: labels, value: sample.value))
        }
        return .vector(result)
    }
}
