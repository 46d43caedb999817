public import PromQL

/// What all rules of an evaluation share: what templates may mention besides the alert itself, and how expressions are evaluated.
public struct RuleContext: Sendable, Hashable {
    /// The agent's own address, as people reach it: `$externalURL`.
    public var externalURL: String
    /// `$externalLabels`
    public var externalLabels: Labels
    /// How expressions are evaluated, those of templates too.
    public var options: EvaluationOptions

    /// A context.
    public init(
        externalURL: String = "", externalLabels: Labels = Labels(), options: EvaluationOptions = EvaluationOptions()
    ) {
        self.externalURL = externalURL
        self.externalLabels = externalLabels
        self.options = options
    }
}
