import LockkeeperCore
import PromQL

/// Answers the questions of Prometheus's API over the agent's own series and rules.
///
/// The series are a copy of the moment, so that a long evaluation holds up nobody.
struct PrometheusQuestions {
    let view: any AgentView
    let parameters: FormParameters

    /// As in Prometheus.
    private static let mostPoints = 11_000
    /// What one evaluation may read: some tenths of a second.
    private static let mostSamples = 5_000_000
    /// What one answer may hold: some ten megabytes of JSON.
    private static let mostAnswered = 500_000
    /// Grafana asks again and again; the agent has other things to do, too.
    private static let longestEvaluation = Duration.seconds(10)

    /// - Returns: the answer as JSON.
    /// - Throws: `PrometheusFailure`.
    func answer(_ endpoint: PrometheusEndpoint) async throws -> [UInt8] {
        switch endpoint {
        case .query: return try encoded(try await query())
        case .queryRange: return try encoded(try await queryRange())
        case .series: return try encoded(try await seriesFound())
        case .labelNames:
            let names = try await seriesFound(isSelectorNeeded: false).flatMap { $0.map(\.name) }
            return try encoded(Set(names).sorted())
        case .labelValues(let name):
            let values = try await seriesFound(isSelectorNeeded: false).compactMap { $0[name] }
            return try encoded(Set(values).sorted())
        case .rules: return try encoded(RulesAnswer(await view.rules(), try selection()))
        case .alerts: return try encoded(AlertsAnswer(await view.rules().groups))
        }
    }

    // MARK: - Queries

    private func query() async throws -> QueryAnswer {
        let expression = try expression()
        let series = await view.series()
        let time = try moment("time") ?? series.now
        let value = try evaluate(expression, at: time, over: series, queried: time...time)
        if case .matrix(let found) = value { try checkSize(found.reduce(0) { $0 + $1.samples.count }) }
        return QueryAnswer(value, at: time)
    }

    private func checkSize(_ samples: Int) throws(PrometheusFailure) {
        guard samples > Self.mostAnswered else { return }
        throw PrometheusFailure(
            .execution,
            "the answer has more than \(Self.mostAnswered) samples: select fewer series, a shorter range or a longer step"
        )
    }

    private func queryRange() async throws -> QueryAnswer {
        let expression = try expression()
        guard expression.type == .vector || expression.type == .scalar else {
            throw PrometheusFailure.parameter(
                "query",
                "invalid expression type \"\(expression.type)\" for range query, must be Scalar or instant Vector")
        }
        guard let start = try moment("start") else { throw PrometheusFailure.parameter("start", "is missing") }
        guard let end = try moment("end") else { throw PrometheusFailure.parameter("end", "is missing") }
        if end < start { throw PrometheusFailure.parameter("end", "end timestamp must not be before start time") }
        let step = try step()
        guard (end - start) / step <= Self.mostPoints else {
            throw PrometheusFailure(
                .badData,
                "exceeded maximum resolution of \(Self.mostPoints) points per timeseries. Try decreasing the query resolution (?step=XX)"
            )
        }
        let series = await view.series()
        var places: [Labels: Int] = [:]
        var found: [SeriesSamples] = []
        var answered = 0
        let begin = ContinuousClock.now
        for time in stride(from: start, through: end, by: Int64.Stride(step)) {
            try Task.checkCancellation()
            guard ContinuousClock.now - begin < Self.longestEvaluation else {
                throw PrometheusFailure(
                    .execution,
                    "the evaluation took longer than \(Self.longestEvaluation.inSeconds) s: ask for fewer points")
            }
            let samples = try evaluate(expression, at: time, over: series, queried: start...end).asVector ?? []
            answered += samples.count
            try checkSize(answered)
            for sample in samples {
                let point = PromQL.Sample(timestamp: time, value: sample.value)
                if let place = places[sample.labels] {
                    found[place].samples.append(point)
                } else {
                    places[sample.labels] = found.count
                    found.append(SeriesSamples(labels: sample.labels, samples: [point]))
                }
            }
        }
        return QueryAnswer(.matrix(found.sorted { $0.labels < $1.labels }), at: end)
    }

    private func evaluate(
        _ expression: Expression, at time: Int64, over series: SeriesSnapshot, queried: ClosedRange<Int64>
    ) throws(PrometheusFailure) -> Value {
        do {
            return try expression.evaluate(
                at: time, over: series.window,
                options: EvaluationOptions(
                    largestStepCount: Self.mostPoints, largestSampleCount: Self.mostSamples), queried: queried)
        } catch {
            throw PrometheusFailure(.execution, "\(error)")
        }
    }

    // MARK: - Series and labels

    private func seriesFound(isSelectorNeeded: Bool = true) async throws -> [Labels] {
        let selectors = parameters.all("match[]")
        if isSelectorNeeded, selectors.isEmpty { throw PrometheusFailure(.badData, "no match[] parameter provided") }
        let start = try moment("start") ?? .min
        let end = try moment("end") ?? .max
        var matchers: [[LabelMatcher]] = []
        for text in selectors {
            let expression: Expression
            do { expression = try Expression(parsing: text) } catch {
                throw PrometheusFailure.parameter("match[]", "\(error)")
            }
            guard let selector = expression.asSelector else {
                throw PrometheusFailure.parameter("match[]", "expected a selector such as up{job=\"node\"}")
            }
            matchers.append(selector.matchers)
        }
        let window = await view.series().window
        let found = (matchers.isEmpty ? [[]] : matchers).flatMap {
            window.labelSets(matching: $0, from: start, through: end)
        }
        return Set(found).sorted()
    }

    // MARK: - Parameters

    private func expression() throws(PrometheusFailure) -> Expression {
        guard let text = parameters["query"] else {
            throw PrometheusFailure.parameter("query", "unknown position: parse error: no expression found in input")
        }
        do {
            return try Expression(parsing: text)
        } catch {
            throw PrometheusFailure.parameter(
                "query", "\(error.line):\(error.column): parse error: \(error.message)")
        }
    }

    /// Milliseconds since the epoch, from RFC 3339 or seconds since the epoch.
    private func moment(_ name: String) throws(PrometheusFailure) -> Int64? {
        guard let text = parameters[name] else { return nil }
        if let time = Timestamp(rfc3339: text) { return time.milliseconds }
        if let seconds = Double(text), seconds.isFinite, seconds.magnitude < 9e12 {
            return Int64((seconds * 1000).rounded())
        }
        throw .parameter(name, "cannot parse \"\(text.prefix(100))\" to a valid timestamp")
    }

    /// Milliseconds, from a duration or a number of seconds.
    private func step() throws(PrometheusFailure) -> Int64 {
        guard let text = parameters["step"] else { throw .parameter("step", "is missing") }
        var step: Int64?
        if let seconds = Double(text), seconds.magnitude < 9e12 {
            step = Int64((seconds * 1000).rounded())
        } else {
            step = try? DurationText.milliseconds(text)
        }
        guard let step else { throw .parameter("step", "cannot parse \"\(text.prefix(100))\" to a valid duration") }
        guard step > 0 else {
            throw .parameter(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        return step
    }

    private func selection() throws(PrometheusFailure) -> RulesAnswer.Selection {
        var selection = RulesAnswer.Selection(
            type: parameters["type"]?.lowercased(), names: parameters.all("rule_name[]"),
            groups: parameters.all("rule_group[]"),
            files: parameters.all("file[]"))
        if let type = selection.type, type != "alert", type != "record" {
            throw .parameter("type", "not supported value \"\(type.prefix(100))\"")
        }
        selection.excludesAlerts = parameters["exclude_alerts"] == "true"
        return selection
    }

    private func encoded(_ data: some Encodable) throws -> [UInt8] {
        try PrometheusAnswer(data: data).encoded()
    }
}
