/// What a target's state must remember over a restart of the agent.
public struct TargetMemory: Sendable, Hashable, Codable {
    /// The runs that were open.
    public var openRuns: [TrackedRun]
    /// The keys of the history entries that are known, by database and qualified relation; an entry with another key is news.
    public var knownHistory: [String: [String: Set<String>]]
    /// Start of the server as last seen.
    public var serverStartedAt: Timestamp?

    public init(
        openRuns: [TrackedRun] = [], knownHistory: [String: [String: Set<String>]] = [:],
        serverStartedAt: Timestamp? = nil
    ) {
        self.openRuns = openRuns
        self.knownHistory = knownHistory
        self.serverStartedAt = serverStartedAt
    }
}
