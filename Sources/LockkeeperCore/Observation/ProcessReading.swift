/// What one look at this machine's processes saw of the migration tools and of the server's backends.
public struct ProcessReading: Sendable, Hashable, Codable {
    /// The agent's clock.
    public var takenAt: Timestamp

    public init(takenAt: Timestamp) {
        self.takenAt = takenAt
    }
}
