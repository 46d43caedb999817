import PromQL

/// Runs a test of rules in virtual time, on the agent's own evaluator.
///
/// As in promtool, time begins at 0, all groups are evaluated at each multiple of the evaluation interval, whatever
/// their own, and a subquery without a step takes the evaluation interval.
public struct RuleTestRun: Sendable {
    private let groups: [RuleGroup]
    private let interval: Duration
    private let isFuzzy: Bool

    /// - Parameters:
    ///   - groups: of all rule files.
    ///   - order: names of groups; one that stands later here is evaluated later. Groups that are not named go first.
    ///   - evaluationInterval: between evaluations, longer than 0.
    ///   - isFuzzy: whether samples' values are equal that differ in the last bit only.
    public init(groups: [RuleGroup], order: [String] = [], evaluationInterval: Duration, isFuzzy: Bool = false) {
        let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
        self.groups = groups.enumerated()
            .sorted { (places[$0.element.name] ?? 0, $0.offset) < (places[$1.element.name] ?? 0, $1.offset) }
            .map { entry in
                var group = entry.element
                group.interval = nil
                return group
            }
        interval = max(evaluationInterval, .milliseconds(1))
        self.isFuzzy = isFuzzy
    }

    /// Runs one test.
    ///
    /// - Parameter index: which test of the file it is, counted from 0, for the report.
    /// - Returns: what was expected otherwise; nothing if the test holds.
    public func failures(of test: RuleTest, index: Int = 0) -> [RuleTestFailure] {
        var stage = Stage(test)
        var failures: [RuleTestFailure] = []
        func report(_ time: Duration, _ finding: RuleTestFailure.Finding) {
            failures.append(RuleTestFailure(test: test.name, index: index, time: time, finding: finding))
        }
        let options = EvaluationOptions(defaultStep: interval.milliseconds)
        let context = RuleContext(
            externalURL: test.externalURL, externalLabels: test.externalLabels, options: options)
        var evaluator = RuleEvaluator(groups: groups)
        let cases = test.alertCases.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
        var next = cases.startIndex
        let end = (test.alertCases.map(\.time) + test.expressionCases.map(\.time)).max() ?? .zero
        var now = Duration.zero
        while now <= end {
            stage.load(through: now)
            let evaluation = evaluator.evaluate(at: test.start + now, over: &stage.window, context: context)
            let broken = evaluation.failures.filter { !$0.isOfAnnotation }
            for failure in broken { report(now, .ruleFailed(failure)) }
            if !broken.isEmpty { return failures }
            while next < cases.endIndex, cases[next].time < now + interval {
                let wanted = cases[next]
                next += 1
                let got = evaluation.firing.filter { $0.name == wanted.alertName }
                    .map { RuleTest.Alert(labels: $0.labels, annotations: $0.annotations) }
                if let finding = Self.difference(wanted, got) { report(wanted.time, finding) }
            }
            now += interval
        }
        for wanted in test.expressionCases {
            if let finding = finding(wanted, from: test.start, over: stage.window, options) {
                report(wanted.time, finding)
            }
        }
        return failures
    }

    private static func difference(_ wanted: RuleTest.AlertCase, _ got: [RuleTest.Alert]) -> RuleTestFailure.Finding? {
        var rest = got
        let isComplete = wanted.expected.allSatisfy { alert in
            guard let place = rest.firstIndex(of: alert) else { return false }
            rest.remove(at: place)
            return true
        }
        if isComplete, rest.isEmpty { return nil }
        return .alerts(
            name: wanted.alertName, expected: wanted.expected, got: got.sorted { $0.labels < $1.labels })
    }

    private func finding(
        _ wanted: RuleTest.ExpressionCase, from start: Timestamp, over window: SeriesWindow,
        _ options: EvaluationOptions
    ) -> RuleTestFailure.Finding? {
        let got: [VectorSample]
        do {
            let value = try Expression(parsing: wanted.expression).evaluate(
                at: (start + wanted.time).milliseconds, over: window, options: options)
            guard let samples = value.asVector else {
                return .expressionFailed(
                    expression: wanted.expression, message: "it gives neither a vector nor a scalar")
            }
            got = samples.sorted { $0.labels < $1.labels }
        } catch {
            return .expressionFailed(expression: wanted.expression, message: "\(error)")
        }
        let expected = wanted.expected.sorted { $0.labels < $1.labels }
        // NaN equals nothing, in promtool neither.
        let holds =
            got.count == expected.count
            && zip(got, expected).allSatisfy { $0.labels == $1.labels && areEqual($0.value, $1.value) }
        return holds ? nil : .samples(expression: wanted.expression, expected: expected, got: got)
    }

    private func areEqual(_ left: Double, _ right: Double) -> Bool {
        left == right || (isFuzzy && (left.nextUp == right || left.nextDown == right))
    }

    /// The series as far as they have been played.
    private struct Stage {
        var window = SeriesWindow.unbounded
        private let series: [RuleTest.InputSeries]
        private let start: Timestamp
        private let interval: Duration
        private let length: Int
        private var step = 0

        init(_ test: RuleTest) {
            // Of a series that is there twice, the later one counts, as in promtool.
            var places: [Labels: Int] = [:]
            var series: [RuleTest.InputSeries] = []
            for entry in test.series {
                if let place = places[entry.labels] {
                    series[place] = entry
                } else {
                    places[entry.labels] = series.count
                    series.append(entry)
                }
            }
            self.series = series
            start = test.start
            interval = max(test.interval, .milliseconds(1))
            length = series.map(\.values.count).max() ?? 0
        }

        mutating func load(through end: Duration) {
            while step < length, interval * step <= end {
                let samples = series.compactMap { series -> VectorSample? in
                    guard step < series.values.count, let value = series.values[step] else { return nil }
                    return VectorSample(labels: series.labels, value: value)
                }
                window.load(samples, at: (start + interval * step).milliseconds)
                step += 1
            }
        }
    }
}
