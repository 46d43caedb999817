/// What one evaluation of the rules came to.
public struct RuleEvaluation: Sendable, Hashable {
    /// What changed, in the order of the rules.
    public var transitions: [AlertTransition] = []
    /// All alerts there are: pending, firing, and those resolved in the last 15 minutes; in the order of the rules,
    /// and of a rule by their labels.
    public var alerts: [AlertInstance] = []
    /// What went wrong.
    public var failures: [RuleFailure] = []
    /// How many rules were evaluated; those of groups with a longer interval are not always due.
    public var evaluatedRules = 0

    /// Something other than values and annotations changed since the evaluation before, so that it is worth storing.
    public var hasNewState = false

    /// The alerts that fire.
    public var firing: [AlertInstance] { alerts.filter { $0.state == .firing } }
}

/// Why a rule could not be evaluated, or an annotation not be filled in.
public struct RuleFailure: Sendable, Hashable, CustomStringConvertible {
    /// The group's name.
    public let group: String
    /// The alert's name or that of the recorded metric.
    public let rule: String
    /// What went wrong.
    public let message: String
    /// Only an annotation is concerned, in which the message stands now; the alert goes on as usual.
    public let isOfAnnotation: Bool

    init(group: String, rule: String, message: String, isOfAnnotation: Bool = false) {
        self.group = group
        self.rule = rule
        self.message = message
        self.isOfAnnotation = isOfAnnotation
    }

    /// Names and message.
    public var description: String { "\(group)/\(rule): \(message)" }
}
