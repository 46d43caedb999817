extension Expression {
    /// Evaluates the expression at one time.
    ///
    /// - Parameters:
    ///   - time: milliseconds since the epoch.
    ///   - source: the series.
    ///   - queried: what `start()` and `end()` mean, both ends; for a query of one time that time itself.
    /// - Throws: `EvaluationError`, for example when two series match where one is needed.
    public func evaluate(
        at time: Int64, over source: some SeriesSource, options: EvaluationOptions = EvaluationOptions(),
        queried: ClosedRange<Int64>? = nil
    ) throws(EvaluationError) -> Value {
        var evaluator = Evaluator(series: source, queried: queried ?? time...time, options: options)
        do {
            return try evaluator.value(of: root, at: time)
        } catch {
            throw EvaluationError(error, in: self.source)
        }
    }
}

/// Walks the tree at one time after the other: the query's own, and those of subqueries.
struct Evaluator<Source: SeriesSource> {
    let series: Source
    /// What `start()` and `end()` mean.
    let queried: ClosedRange<Int64>
    let options: EvaluationOptions
    private var stepCount = 0
    private var sampleCount: Int64 = 0

    init(series: Source, queried: ClosedRange<Int64>, options: EvaluationOptions) {
        self.series = series
        self.queried = queried
        self.options = options
    }

    /// Counts the samples that the evaluation reads, each as often as it is read: that is its time, and bounds its memory.
    private mutating func count(_ samples: Int, _ node: Node) throws(EvaluationFailure) {
        sampleCount = sampleCount.saturatingAdding(Int64(samples))
        guard sampleCount > Int64(options.largestSampleCount) else { return }
        throw EvaluationFailure(
            message: "the evaluation reads more than \(options.largestSampleCount) samples; select fewer series, a "
                + "shorter range or a longer step", range: node.range)
    }

    mutating func value(of node: Node, at time: Int64) throws(EvaluationFailure) -> Value {
        switch node.kind {
        case .number(let value): return .scalar(value)
        case .string(let value): return .string(value)
        case .parentheses(let inner): return try value(of: inner, at: time)
        case .unary(let isNegative, let operand):
            return try negated(operand, isNegative, at: time)
        case .binary(let expression): return try binary(expression, node, at: time)
        case .selector(let selector):
            let found = newest(selector, at: time)
            try count(found.count, node)
            return .vector(found.map { VectorSample(labels: $0.labels, value: $0.sample.value) })
        case .range, .subquery: return .matrix(try window(of: node, at: time).series)
        case .aggregation(let aggregation): return .vector(try aggregated(aggregation, node, at: time))
        case .call(let call): return try called(call, node, at: time)
        }
    }

    private mutating func negated(
        _ operand: Node, _ isNegative: Bool, at time: Int64
    ) throws(EvaluationFailure) -> Value {
        let value = try value(of: operand, at: time)
        guard isNegative else { return value }
        switch value {
        case .scalar(let number): return .scalar(-number)
        case .vector(let samples):
            let result = samples.map { VectorSample(labels: $0.labels.withoutMetricName, value: -$0.value) }
            return .vector(try LabelUniqueness.check(result, operand.range))
        case .string, .matrix: return value
        }
    }

    private mutating func binary(
        _ expression: BinaryExpression, _ node: Node, at time: Int64
    ) throws(EvaluationFailure) -> Value {
        let left = try value(of: expression.left, at: time)
        let right = try value(of: expression.right, at: time)
        let `operator` = expression.operator
        switch (left, right) {
        case (.scalar(let left), .scalar(let right)):
            let result = `operator`.apply(left, right)
            return .scalar(`operator`.isComparison ? (result.holds ? 1 : 0) : result.value)
        case (.vector(let vector), .scalar(let scalar)):
            return .vector(try ScalarOperation(expression, node.range).apply(vector, scalar, scalarIsLeft: false))
        case (.scalar(let scalar), .vector(let vector)):
            return .vector(try ScalarOperation(expression, node.range).apply(vector, scalar, scalarIsLeft: true))
        case (.vector(let left), .vector(let right)):
            let operation = VectorOperation(expression, node.range)
            return .vector(try operation.apply(left, right))
        default:
            throw EvaluationFailure(message: "\(`operator`.rawValue) needs numbers or vectors", range: node.range)
        }
    }

    private mutating func aggregated(
        _ aggregation: Aggregation, _ node: Node, at time: Int64
    ) throws(EvaluationFailure) -> [VectorSample] {
        let parameter: Value? =
            if let node = aggregation.parameter { try value(of: node, at: time) } else { nil }
        guard case .vector(let samples) = try value(of: aggregation.inner, at: time) else { return [] }
        return try GroupedAggregation(aggregation, parameter: parameter, range: node.range).apply(samples)
    }

    private mutating func called(
        _ call: Call, _ node: Node, at time: Int64
    ) throws(EvaluationFailure) -> Value {
        var arguments: [Value] = []
        var window: RangeWindow?
        for argument in call.arguments {
            if argument.type == .matrix {
                let found = try self.window(of: argument, at: time)
                arguments.append(.matrix(found.series))
                window = found
            } else if call.function.wantsSampleTimes, case .selector(let selector) = argument.unwrapped.kind {
                arguments.append(
                    .vector(
                        newest(selector, at: time).map {
                            VectorSample(labels: $0.labels, value: Double($0.sample.timestamp) / 1000)
                        }))
            } else {
                arguments.append(try value(of: argument, at: time))
            }
        }
        let context = CallContext(
            name: call.function.name, nodes: call.arguments, arguments: arguments, window: window, time: time,
            range: node.range)
        let result = try call.function.body(context)
        guard call.function.mayCollide, case .vector(let samples) = result else { return result }
        return .vector(try LabelUniqueness.check(samples, node.range))
    }

    // MARK: Series

    private func reference(_ time: Int64, _ offset: Int64, _ fixed: FixedTime?) -> Int64 {
        let base =
            switch fixed {
            case .at(let milliseconds): milliseconds
            case .start: queried.lowerBound
            case .end: queried.upperBound
            case nil: time
            }
        return base.saturatingSubtracting(offset)
    }

    private func beginning(_ end: Int64, _ length: Int64) -> Int64 {
        let start = end.saturatingSubtracting(length)
        return options.boundary == .leftOpen ? start.saturatingAdding(1) : start
    }

    private func newest(_ selector: VectorSelector, at time: Int64) -> [SeriesSample] {
        let end = reference(time, selector.offset, selector.fixedTime)
        return series.newest(matching: selector.matchers, from: beginning(end, options.lookback), through: end)
            .filter { !$0.sample.isStale }
    }

    private mutating func window(of node: Node, at time: Int64) throws(EvaluationFailure) -> RangeWindow {
        switch node.unwrapped.kind {
        case .range(let range):
            let end = reference(time, range.selector.offset, range.selector.fixedTime)
            let found = series.samples(
                matching: range.selector.matchers, from: beginning(end, range.range), through: end,
                limit: options.largestSampleCount)
            guard let found else {
                throw EvaluationFailure(
                    message: "the range has more than \(options.largestSampleCount) samples; select fewer series or a "
                        + "shorter range", range: node.range)
            }
            try count(found.reduce(0) { $0 + $1.samples.count }, node)
            var result: [SeriesSamples] = []
            result.reserveCapacity(found.count)
            for series in found {
                var series = series
                if series.samples.contains(where: \.isStale) {
                    series.samples = ArraySlice(series.samples.filter { !$0.isStale })
                }
                if !series.samples.isEmpty { result.append(series) }
            }
            return RangeWindow(series: result, start: end.saturatingSubtracting(range.range), end: end)
        case .subquery(let subquery):
            return try window(of: subquery, node, at: time)
        default:
            throw EvaluationFailure(message: "expected a range vector", range: node.range)
        }
    }

    private mutating func window(
        of subquery: Subquery, _ node: Node, at time: Int64
    ) throws(EvaluationFailure) -> RangeWindow {
        let end = reference(time, subquery.offset, subquery.fixedTime)
        let first = beginning(end, subquery.range)
        let step = subquery.step ?? options.defaultStep
        // Steps are the multiples of the step, whatever the time of the query.
        var at = first - first % step
        if at < first { at = at.saturatingAdding(step) }
        var places: [Labels: Int] = [:]
        var collected: [(labels: Labels, samples: [Sample])] = []
        while at <= end {
            stepCount += 1
            guard stepCount <= options.largestStepCount else {
                throw EvaluationFailure(
                    message: "subqueries take more than \(options.largestStepCount) steps; choose a longer step or "
                        + "a shorter range", range: node.range)
            }
            guard case .vector(let samples) = try value(of: subquery.inner, at: at) else { break }
            try count(samples.count, node)
            for sample in samples {
                let point = Sample(timestamp: at, value: sample.value)
                if let place = places[sample.labels] {
                    collected[place].samples.append(point)
                } else {
                    places[sample.labels] = collected.count
                    collected.append((sample.labels, [point]))
                }
            }
            let (next, overflow) = at.addingReportingOverflow(step)
            if overflow { break }
            at = next
        }
        return RangeWindow(
            series: collected.map { SeriesSamples(labels: $0.labels, samples: $0.samples[...]) },
            start: end.saturatingSubtracting(subquery.range), end: end)
    }
}
