public import PromQL

/// What templates may mention besides the alert itself.
public struct RuleContext: Sendable, Hashable {
    /// The agent's own address, as people reach it: `$externalURL`.
    public var externalURL: String
    /// `$externalLabels`
    public var externalLabels: Labels

    /// A context.
    public init(externalURL: String = "", externalLabels: Labels = Labels()) {
        self.externalURL = externalURL
        self.externalLabels = externalLabels
    }
}
