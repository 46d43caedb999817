/// What makes a rule the same one after a restart or a reload: its name and its labels as written. Changing the
/// expression, the durations, the annotations or the group keeps the state of its alerts.
public struct RuleIdentity: Sendable, Hashable, Codable {
    /// The alert's name.
    public let name: String
    /// Labels as in the file, templates not expanded.
    public let labels: [String: String]
    /// Tells rules of the same name and labels apart, by their order over all groups: 0 for the first.
    public var ordinal: Int

    /// An identity.
    public init(name: String, labels: [String: String], ordinal: Int = 0) {
        self.name = name
        self.labels = labels
        self.ordinal = ordinal
    }
}
