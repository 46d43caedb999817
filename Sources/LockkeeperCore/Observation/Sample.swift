/// One look at a target: what was seen, or why nothing could be.
///
/// A sample is a value that can be written down and played back. A look that failed is a sample like any other.
public struct Sample: Sendable, Hashable, Codable {
    /// The configured name of the target.
    public var target: String
    public var tier: SamplingTier
    /// The agent's wall clock when the answer was complete, or when the look was given up.
    public var takenAt: Timestamp
    /// How long the look took, from asking to the complete answer.
    public var duration: Duration
    public var content: Content

    public enum Content: Sendable, Hashable, Codable {
        case glanced(Glance)
        case seen(Observation)
        case history(HistoryReading)
        case statements(StatementReading)
        case statementTexts(StatementTexts)
        case catalog(CatalogReading)
        case processes(ProcessReading)
        case failed(SampleFailure)
    }

    public init(target: String, tier: SamplingTier, takenAt: Timestamp, duration: Duration, content: Content) {
        self.target = target
        self.tier = tier
        self.takenAt = takenAt
        self.duration = duration
        self.content = content
    }
}

/// How deep a look goes.
public enum SamplingTier: String, Sendable, Hashable, Codable, CaseIterable {
    /// "Is a migration or a lock queue there?", several times a second.
    case glance
    /// The full look while nothing is going on, every few seconds.
    case idle
    /// The full look while something is going on, and at once when a glance finds something.
    case active
    /// The migration tools' history tables.
    case history
    /// The statistics of statements and databases.
    case statements
    /// The catalogs of a database and the health of its server.
    case catalog
    /// The processes on the agent's own machine.
    case processes

    /// Whether its answers say that the target is there: only the connection that looks does; a history that is locked is no outage.
    public var tellsWhetherReachable: Bool {
        switch self {
        case .glance, .idle, .active: true
        case .history, .statements, .catalog, .processes: false
        }
    }
}
