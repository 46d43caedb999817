public import PromQL

/// A rule that records what its expression gives as series of a metric of its own.
public struct RecordingRule: Sendable, Hashable {
    /// The metric's name.
    public let record: String
    /// What is recorded.
    public let expression: Expression
    /// Labels to add or change; an empty one removes a label.
    public let labels: [String: String]
}
