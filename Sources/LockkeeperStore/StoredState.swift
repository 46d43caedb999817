public import LockkeeperCore

/// What the agent goes on from when it starts.
public struct StoredState: Sendable, Hashable {
    /// What is remembered of each target, also of those that are no longer configured.
    public var memories: [String: TargetMemory]
    /// The live alerts as last stored.
    public var alerts: [AlertInstance]
    /// The open incidents, oldest first.
    public var openIncidents: [Incident]
    /// The incidents that were closed at or after the time asked for, oldest first.
    public var recentlyClosedIncidents: [Incident]

    public init(
        memories: [String: TargetMemory] = [:], alerts: [AlertInstance] = [], openIncidents: [Incident] = [],
        recentlyClosedIncidents: [Incident] = []
    ) {
        self.memories = memories
        self.alerts = alerts
        self.openIncidents = openIncidents
        self.recentlyClosedIncidents = recentlyClosedIncidents
    }
}
