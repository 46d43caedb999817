/// Rules that are evaluated one after the other at one time; a later one sees what an earlier one recorded.
public struct RuleGroup: Sendable, Hashable {
    /// The rule file that it stands in, as that was named.
    public let file: String
    /// Unique in its file.
    public let name: String
    /// How often it is evaluated; nil for the agent's own interval.
    public internal(set) var interval: Duration?
    /// How many alerts (or recorded series) one of its rules may have; 0 for any number.
    public let limit: Int
    /// How far before the time of evaluation its expressions look.
    public let queryOffset: Duration
    /// Its rules in the order of evaluation.
    public let rules: [Rule]
}
