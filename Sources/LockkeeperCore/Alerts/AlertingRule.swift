public import PromQL

/// A rule that raises an alert for each series that its expression gives
/// (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/).
public struct AlertingRule: Sendable, Hashable {
    /// The alert's name, its label `alertname`.
    public let name: String
    /// What must give something.
    public let expression: Expression
    /// How long it must have done so before the alert fires (`for`).
    public let hold: Duration
    /// How long the alert goes on firing when it no longer does so.
    public let keepFiringFor: Duration
    /// Labels to add or change, templates all.
    public let labels: [String: AlertTemplate]
    /// Texts for people, templates all.
    public let annotations: [String: AlertTemplate]

    /// What makes it the same rule in another version of the file.
    public var identity: RuleIdentity {
        RuleIdentity(name: name, labels: labels.mapValues(\.source))
    }
}
