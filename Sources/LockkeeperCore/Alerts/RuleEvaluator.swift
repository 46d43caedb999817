public import PromQL

/// Evaluates rules and leads their alerts through their lives, by the semantics of Prometheus's `rules` package, with
/// these differences on purpose: an alert whose condition nobody can know (its target is out of reach, its rule fails,
/// the window does not yet reach back far enough after a restart) keeps its state instead of resolving; and all
/// state, `keep_firing_for` too, can be restored, whatever `for` is.
///
/// Time is a parameter, and so is what can be observed; there is no I/O.
public struct RuleEvaluator: Sendable {
    /// How long resolved alerts are kept, as in Prometheus.
    static let resolvedRetention: Duration = .seconds(15 * 60)

    private var groups: [GroupState]
    /// Alerts whose rules are gone; told once.
    private var orphans: [AlertInstance] = []
    private var generation: UInt64?

    private struct GroupState: Sendable {
        let group: RuleGroup
        var lastSlot: Int64?
        var lastEvaluation: Timestamp?
        var rules: [RuleState]
    }

    private struct RuleState: Sendable {
        let rule: Rule
        /// Of an alerting rule.
        var book: AlertBook?
        var lastError: String?
        var evaluationTime = Duration.zero
    }

    /// An evaluator without alerts yet.
    ///
    /// - Parameters:
    ///   - groups: the groups of all rule files, in the order of evaluation.
    ///   - alwaysKnown: metrics that are true while a target is out of reach, such as `lockkeeper_up`. Rules that
    ///     read no others are never frozen.
    public init(groups: [RuleGroup], alwaysKnown: Set<String> = []) {
        var ordinals: [RuleIdentity: Int] = [:]
        self.groups = groups.map { group in
            GroupState(
                group: group,
                rules: group.rules.map { rule in
                    switch rule {
                    case .recording: return RuleState(rule: rule)
                    case .alerting(let alerting):
                        var identity = alerting.identity
                        let ordinal = ordinals[identity, default: 0]
                        ordinals[identity] = ordinal + 1
                        identity.ordinal = ordinal
                        return RuleState(
                            rule: rule,
                            book: AlertBook(alerting, identity, group: group, alwaysKnown: alwaysKnown))
                    }
                })
        }
    }

    /// Takes over alerts: from the store after a restart, or from the evaluator before after a reload. Alerts of rules
    /// that are no longer there end with the next evaluation.
    public mutating func restore(_ alerts: [AlertInstance]) {
        var byRule = Dictionary(grouping: alerts, by: \.rule)
        for group in groups.indices {
            for rule in groups[group].rules.indices {
                guard let identity = groups[group].rules[rule].book?.identity else { continue }
                for alert in byRule.removeValue(forKey: identity) ?? [] {
                    groups[group].rules[rule].book?.restore(alert)
                }
            }
        }
        orphans += byRule.values.joined()
            .filter(\.isActive).sorted { ($0.rule.name, $0.labels) < ($1.rule.name, $1.labels) }
    }

    /// All alerts there are, in the order of the rules.
    public var alerts: [AlertInstance] {
        groups.flatMap { group in group.rules.flatMap { $0.book?.alerts ?? [] } }
    }

    /// How the groups and their rules stand, in the order of evaluation.
    public var status: [RuleGroupStatus] {
        groups.map { state in
            RuleGroupStatus(
                group: state.group,
                rules: state.rules.map { rule in
                    RuleStatus(
                        rule: rule.rule, alerts: rule.book?.alerts ?? [], lastError: rule.lastError,
                        lastEvaluation: state.lastEvaluation, evaluationTime: rule.evaluationTime)
                }, lastEvaluation: state.lastEvaluation)
        }
    }

    /// Evaluates all rules that are due, in order, each seeing what those before it recorded.
    ///
    /// - Parameters:
    ///   - time: the time of evaluation.
    ///   - window: the series, to which the rules' own are appended: recordings, `ALERTS` and `ALERTS_FOR_STATE`.
    ///   - context: what templates may mention, and how expressions are evaluated.
    ///   - isFrozen: whether nothing can be known at present about what has these labels, because its target is out
    ///     of reach or, after a restart, has not been seen yet.
    ///   - stopwatch: the time that has passed since some moment, asked for between rules to know how long each takes.
    public mutating func evaluate(
        at time: Timestamp, over window: inout SeriesWindow, context: RuleContext = RuleContext(),
        isFrozen: (Labels) -> Bool = { _ in false }, stopwatch: () -> Duration = { .zero }
    ) -> RuleEvaluation {
        var result = RuleEvaluation()
        for alert in orphans {
            var alert = alert
            let before = alert.state
            if alert.state == .firing {
                alert.state = .resolved
                alert.resolvedAt = time
            }
            alert.freeze = nil
            result.transitions.append(AlertTransition(alert: alert, from: before, reason: .ruleRemoved))
        }
        result.hasNewState = !orphans.isEmpty
        orphans = []

        let isFirst = generation == nil
        let generation = generation ?? window.nextGeneration()
        self.generation = generation
        var index = 0
        var begin = stopwatch()
        for group in groups.indices {
            let isDue = isDue(&groups[group], at: time)
            if isDue { groups[group].lastEvaluation = time }
            // Prometheus writes what a group gives at the time that it looks at.
            let written = (time - groups[group].group.queryOffset).milliseconds
            for rule in groups[group].rules.indices {
                defer { index += 1 }
                guard isDue else { continue }
                result.evaluatedRules += 1
                let owner = SeriesWindow.Owner.rule(generation: generation, index: index)
                let failuresBefore = result.failures.count
                let samples: [VectorSample]?
                switch groups[group].rules[rule].rule {
                case .recording(let recording):
                    samples = Self.record(
                        recording, groups[group].group, at: time, window, options: context.options, &result)
                case .alerting:
                    groups[group].rules[rule].book?.evaluate(
                        at: time, over: window, context: context, isFrozen: isFrozen, into: &result)
                    samples = groups[group].rules[rule].book?.samples
                }
                // After a failure the recorded series keep their last value until it is too old.
                if let samples, let duplicate = window.append(samples, at: written, from: owner) {
                    result.failures.append(
                        RuleFailure(
                            group: groups[group].group.name, rule: groups[group].rules[rule].rule.name,
                            message: "duplicate sample for timestamp: the series \(duplicate) exists already"))
                }
                groups[group].rules[rule].lastError =
                    result.failures[failuresBefore...].first { !$0.isOfAnnotation }?.message
                let end = stopwatch()
                groups[group].rules[rule].evaluationTime = end - begin
                begin = end
            }
        }
        if isFirst { window.endRules(before: generation, at: time.milliseconds) }
        result.alerts = alerts
        return result
    }

    /// A group is due once in each slot of its interval, whatever the jitter of the calls.
    private func isDue(_ group: inout GroupState, at time: Timestamp) -> Bool {
        guard let interval = group.group.interval else { return true }
        let length = max(interval.microseconds, 1)
        let slot = time.microseconds / length
        guard slot != group.lastSlot else { return false }
        group.lastSlot = slot
        return true
    }

    private static func record(
        _ rule: RecordingRule, _ group: RuleGroup, at time: Timestamp, _ window: SeriesWindow,
        options: EvaluationOptions, _ result: inout RuleEvaluation
    ) -> [VectorSample]? {
        func fail(_ message: String) -> [VectorSample]? {
            result.failures.append(RuleFailure(group: group.name, rule: rule.record, message: message))
            return nil
        }
        let found: [VectorSample]
        do {
            let value = try rule.expression.evaluate(
                at: (time - group.queryOffset).milliseconds, over: window, options: options)
            found = value.asVector ?? []
        } catch {
            return fail("\(error)")
        }
        var seen: Set<Labels> = []
        var recorded: [VectorSample] = []
        for sample in found {
            var labels = sample.labels
            labels[Labels.metricNameLabel] = rule.record
            for (name, value) in rule.labels { labels[name] = value }
            guard seen.insert(labels).inserted else {
                return fail("vector contains metrics with the same labelset after applying rule labels: \(labels)")
            }
            recorded.append(VectorSample(labels: labels, value: sample.value))
        }
        if group.limit > 0, recorded.count > group.limit {
            return fail("exceeded limit of \(group.limit) with \(recorded.count) series")
        }
        return recorded
    }
}
