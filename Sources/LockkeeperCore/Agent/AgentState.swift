import PromQL

/// All that the agent knows and decides by: the targets, the rules, the incidents. It changes by samples and by time, and says
/// what is to be stored and sent.
///
/// A value: the same samples at the same times yield the same changes, in the agent, in a test, or played back from a recording.
public struct AgentState: Sendable {
    public private(set) var targets: [String: TargetState]
    public private(set) var book: IncidentBook
    private var rules: RuleEvaluator
    /// The series that the rules see.
    public private(set) var window: SeriesWindow
    /// The alerts as of the last evaluation.
    public private(set) var alerts: [AlertInstance]
    /// What is stored of the targets' memories.
    private var storedMemories: [String: TargetMemory]
    private var ruleDurations = MetricCatalog.ruleEvaluation.empty
    private var ruleFailures: [String: Int] = [:]

    /// What stays true while a target is out of reach: rules that read nothing else go on.
    private static let alwaysKnown: Set<String> = [
        MetricCatalog.up.descriptor.name, MetricCatalog.lastSample.descriptor.name,
        MetricCatalog.samples.descriptor.name, MetricCatalog.leader.descriptor.name,
        MetricCatalog.leadershipKnown.descriptor.name,
    ]

    /// - Parameters:
    ///   - groups: of all rule files.
    ///   - alerts: to go on from, after a restart.
    public init(targets: [TargetState], book: IncidentBook, groups: [RuleGroup], alerts: [AlertInstance] = []) {
        self.targets = Dictionary(targets.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
        self.book = book
        self.alerts = alerts
        rules = RuleEvaluator(groups: groups, alwaysKnown: Self.alwaysKnown)
        rules.restore(alerts)
        window = SeriesWindow(history: SeriesHistory(groups: groups), retention: SeriesWindow.agentRetention)
        storedMemories = self.targets.mapValues(\.tracker.memory)
        count(rulesOf: groups)
    }

    /// Takes a sample.
    ///
    /// - Returns: what is to be stored, what the next looks at the target should find out, and what happened to runs. Samples of targets
    ///   that are not watched (any longer) change nothing.
    public mutating func ingest(
        _ sample: Sample, at now: Timestamp
    ) -> (change: StateChange, inquiry: Inquiry, events: [RunEvent]) {
        guard var target = targets.removeValue(forKey: sample.target) else { return (StateChange(), Inquiry(), []) }
        let events = target.advance(sample)
        targets[sample.target] = target
        var change = StateChange()
        if !events.isEmpty {
            change = book.advance(events, at: now, serverTimes: [sample.target: target.serverTime(at: now)])
            change.runs = events.map(\.run)
        }
        if case .glanced = sample.content { return (change, target.inquiry, events) }
        let memory = target.tracker.memory
        if memory != storedMemories[sample.target] {
            storedMemories[sample.target] = memory
            change.memories[sample.target] = memory
        }
        return (change, target.inquiry, events)
    }

    /// Evaluates the rules over the series of all targets and those given besides, and brings the incidents up to date.
    ///
    /// - Parameter stopwatch: see `RuleEvaluator.evaluate`.
    /// - Returns: what is to be stored, and the rules that could not be evaluated.
    public mutating func evaluateRules(
        over own: MetricsBuilder = MetricsBuilder(), at now: Timestamp, stopwatch: () -> Duration = { .zero }
    ) -> (change: StateChange, failures: [RuleFailure]) {
        var metrics = own
        record(into: &metrics, at: now)
        window.append(metrics.snapshot().series.map(VectorSample.init), at: now)
        let unreachable = Set(targets.values.filter { !$0.isReachable }.map(\.target))
        let evaluation = rules.evaluate(
            at: now, over: &window, context: RuleContext(externalURL: book.policy.externalURL ?? ""),
            isFrozen: { labels in labels["target"].map(unreachable.contains) ?? false }, stopwatch: stopwatch)
        for failure in evaluation.failures { ruleFailures[failure.rule, default: 0] += 1 }
        alerts = evaluation.alerts
        var change = book.advance(
            firing: evaluation.firing.map(IncidentAlert.init), at: now,
            serverTimes: targets.mapValues { $0.serverTime(at: now) })
        if evaluation.hasNewState { change.alerts = alerts }
        return (change, evaluation.failures)
    }

    /// Notes that somebody looks after an incident; see `IncidentBook.acknowledge`.
    public mutating func acknowledge(
        _ incident: Incident.ID, by author: String, comment: String, at now: Timestamp
    ) -> StateChange? {
        book.acknowledge(
            incident, by: author, comment: comment, at: now,
            serverTimes: targets.mapValues { $0.serverTime(at: now) })
    }

    public mutating func add(_ silence: Silence) -> StateChange { book.add(silence) }

    public mutating func expire(silence id: Silence.ID, at now: Timestamp) -> StateChange? {
        book.expire(id, at: now)
    }

    /// See `IncidentBook.forgetEpisodes`.
    public mutating func forgetEpisodes(closedBefore time: Timestamp, exceptOf stored: [String: PastEpisode]) {
        book.forgetEpisodes(closedBefore: time, exceptOf: stored)
    }

    /// How the rules stand, in the order of evaluation.
    public var ruleGroups: [RuleGroupStatus] { rules.status }

    /// Notes how long an evaluation took; time is the caller's.
    public mutating func noteEvaluation(lasted duration: Duration) {
        ruleDurations.observe(duration)
    }

    /// Writes the metrics of the targets, alerts and incidents.
    public func record(into metrics: inout MetricsBuilder, at now: Timestamp) {
        for target in targets.values { target.record(into: &metrics, at: now) }
        metrics.set(MetricCatalog.ruleEvaluation, NoLabels(), to: ruleDurations)
        for (rule, count) in ruleFailures { metrics.set(MetricCatalog.ruleFailures, .init(rule: rule), to: count) }
        for alert in alerts where alert.isActive {
            metrics.set(MetricCatalog.alerts, .init(alert), to: 1)
        }
        for severity in Severity.allCases {
            metrics.set(
                MetricCatalog.incidents, .init(severity: severity, status: .open),
                to: book.open.values.count { $0.severity == severity && !$0.isMaintenance })
        }
    }

    // MARK: - Reload

    /// Replaces what is known of a target's folder of migrations.
    public mutating func update(folder: MigrationFolder?, of target: String) {
        guard targets[target]?.tracker.folder != folder else { return }
        targets[target]?.update(folder: folder)
    }

    /// A target that is to be watched from now on.
    public struct TargetPlan {
        public var name: String
        /// Makes its state, if it has none yet.
        public var make: () -> TargetState
        /// Changes its state, if it has one.
        public var update: (inout TargetState) -> Void

        public init(name: String, make: @escaping () -> TargetState, update: @escaping (inout TargetState) -> Void) {
            self.name = name
            self.make = make
            self.update = update
        }
    }

    /// Takes another configuration: what stays keeps its state.
    ///
    /// - Returns: the ends of the incidents whose target is watched no longer.
    public mutating func reconfigure(
        targets plans: [TargetPlan], policy: IncidentPolicy, groups: [RuleGroup], at now: Timestamp
    ) -> StateChange {
        var next: [String: TargetState] = [:]
        let wanted = Set(plans.map(\.name))
        let removed = targets.filter { !wanted.contains($0.key) }.mapValues(\.tracker.memory)
        for plan in plans {
            if var target = targets[plan.name] {
                plan.update(&target)
                next[plan.name] = target
            } else {
                next[plan.name] = plan.make()
            }
        }
        targets = next
        book.policy = policy
        rules = RuleEvaluator(groups: groups, alwaysKnown: Self.alwaysKnown)
        rules.restore(alerts.filter { removed[$0.target] == nil })
        window.keep(SeriesHistory(groups: groups))
        count(rulesOf: groups)
        return retire(removed, at: now)
    }

    /// Ends what belongs to targets that are watched no longer: nobody will see how their runs end.
    ///
    /// - Parameter memories: what is remembered of them.
    public mutating func retire(_ memories: [String: TargetMemory], at now: Timestamp) -> StateChange {
        var change = book.close(targetsOtherThan: Set(targets.keys), at: now)
        for (target, memory) in memories where targets[target] == nil && memory != TargetMemory() {
            storedMemories[target] = nil
            change.memories[target] = TargetMemory()
            for var run in memory.openRuns.map(\.run) {
                run.end = max(now, run.begin)
                run.outcome = .lost(evidence: "\(target) is no longer watched: it was removed from the configuration")
                change.runs.append(run)
            }
        }
        return change
    }

    /// Gives each rule its counter of failures, at 0 from the start: one that begins with 1 hides its first increase.
    private mutating func count(rulesOf groups: [RuleGroup]) {
        let names = Set(groups.flatMap { $0.rules.map(\.name) })
        ruleFailures = ruleFailures.filter { names.contains($0.key) }
        for name in names { ruleFailures[name, default: 0] += 0 }
    }
}

extension VectorSample {
    init(_ series: MetricSeries) {
        let labels = series.labels.lazy.map { (name: $0.name, value: $0.value) }
        self.init(
            labels: Labels(labels + [(name: Labels.metricNameLabel, value: series.name)]), value: series.value)
    }
}

extension AlertInstance {
    /// What it is about; "" for none.
    public var target: String { labels["target"] ?? "" }
}

extension IncidentAlert {
    /// An alert without a label `severity`, or with one that is not ours, is a warning.
    init(_ alert: AlertInstance) {
        var labels = alert.labels.dictionary
        labels["alertname"] = alert.name
        self.init(
            name: alert.name, severity: labels["severity"].flatMap(Severity.init) ?? .warning, labels: labels,
            annotations: alert.annotations, activeAt: alert.activeAt)
    }
}

extension MetricCatalog.AlertLabels {
    init(_ alert: AlertInstance) {
        var others = alert.labels.dictionary
        let severity = others.removeValue(forKey: "severity") ?? ""
        others["alertname"] = nil
        self.init(alertname: alert.name, alertstate: alert.state.rawValue, severity: severity, others: others)
    }
}
