/// How a group of rules stands after its last evaluation.
public struct RuleGroupStatus: Sendable, Hashable {
    /// The group.
    public let group: RuleGroup
    /// Its rules in the order of evaluation.
    public let rules: [RuleStatus]
    /// When it was last evaluated; nil before the first time.
    public let lastEvaluation: Timestamp?
    /// How long that took.
    public var evaluationTime: Duration { rules.reduce(.zero) { $0 + $1.evaluationTime } }

    /// A group's status.
    public init(group: RuleGroup, rules: [RuleStatus], lastEvaluation: Timestamp?) {
        self.group = group
        self.rules = rules
        self.lastEvaluation = lastEvaluation
    }
}

/// How a rule stands after its last evaluation.
public struct RuleStatus: Sendable, Hashable {
    /// The rule.
    public let rule: Rule
    /// Of an alerting rule, its alerts: pending, firing, and those resolved in the last 15 minutes; by their labels.
    public let alerts: [AlertInstance]
    /// Why the last evaluation failed; nil when it did not.
    public let lastError: String?
    /// When it was last evaluated; nil before the first time.
    public let lastEvaluation: Timestamp?
    /// How long that took.
    public let evaluationTime: Duration

    /// A rule's status.
    public init(
        rule: Rule, alerts: [AlertInstance] = [], lastError: String? = nil, lastEvaluation: Timestamp? = nil,
        evaluationTime: Duration = .zero
    ) {
        self.rule = rule
        self.alerts = alerts
        self.lastError = lastError
        self.lastEvaluation = lastEvaluation
        self.evaluationTime = evaluationTime
    }
}
