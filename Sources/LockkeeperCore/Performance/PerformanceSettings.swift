/// By what measure queries are compared before and after a run.
public struct PerformanceSettings: Sendable, Hashable {
    /// The least length of the parts of a stretch of time whose means are compared. Calls of one part are not independent of each other (a
    /// checkpoint slows all of them down), parts nearly are.
    public var part: Duration
    /// How far back before a run, and how long after it, queries are looked at.
    public var window: Duration
    /// How long after a run its changes are watched, once found.
    public var watch: Duration
    /// In how many parts, before and after, a query must have been called.
    public var minimumParts: Int
    /// How often, before and after, a query must have been called.
    public var minimumCalls: Int
    /// From what ratio of the means on a query counts as slower, and at its inverse as faster, if it also does that much more, or less, work.
    public var minimumRatio: Double
    /// The same for a query that touches about as many blocks a call as before: only its time has changed, for which a busy machine is a
    /// likelier reason than the migration.
    public var minimumUnexplainedRatio: Double
    /// The greatest probability of a difference by chance, corrected for the number of queries compared.
    public var significance: Double
    /// The least difference of the means that matters, in milliseconds.
    public var minimumDifference: Double

    public init(
        part: Duration = .seconds(30), window: Duration = .seconds(600), watch: Duration = .seconds(3600),
        minimumParts: Int = 3, minimumCalls: Int = 20, minimumRatio: Double = 1.5,
        minimumUnexplainedRatio: Double = 3, significance: Double = 0.005, minimumDifference: Double = 0.05
    ) {
        self.part = part
        self.window = window
        self.watch = watch
        self.minimumParts = minimumParts
        self.minimumCalls = minimumCalls
        self.minimumRatio = minimumRatio
        self.minimumUnexplainedRatio = minimumUnexplainedRatio
        self.significance = significance
        self.minimumDifference = minimumDifference
    }
}
