public import LockkeeperCore

/// The alert rules, and how often they are evaluated.
public struct RulesConfiguration: Sendable, Hashable {
    /// In the order in which they are evaluated.
    public var files: [RuleFile]
    /// Between evaluations of groups that name no interval of their own.
    public var interval: Duration

    public init(files: [RuleFile] = [], interval: Duration = .seconds(1)) {
        self.files = files
        self.interval = interval
    }
}
