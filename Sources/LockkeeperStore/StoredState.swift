public import LockkeeperCore

/// What the agent goes on from when it starts.
public struct StoredState: Sendable, Hashable {
    /// What is remembered of each target, also of those that are no longer configured.
    public var memories: [String: TargetMemory]
    /// The live alerts as last stored.
    public var alerts: [AlertInstance]
    /// The incidents that are open, or of whose end somebody is still to be told, oldest first.
    public var unfinishedIncidents: [Incident]
    /// The newest episode of each incident's key.
    public var episodes: [String: PastEpisode]
    /// The silences that have not ended, in the order of their ends.
    public var silences: [Silence]
    /// The incidents that were closed at or after the time asked for, oldest first.
    public var recentlyClosedIncidents: [Incident]

    public init(
        memories: [String: TargetMemory] = [:], alerts: [AlertInstance] = [], unfinishedIncidents: [Incident] = [],
        episodes: [String: PastEpisode] = [:], silences: [Silence] = [],
        recentlyClosedIncidents: [Incident] = []
    ) {
        self.memories = memories
        self.alerts = alerts
        self.unfinishedIncidents = unfinishedIncidents
        self.episodes = episodes
        self.silences = silences
        self.recentlyClosedIncidents = recentlyClosedIncidents
    }
}
