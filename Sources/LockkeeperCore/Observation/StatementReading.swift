/// What one look at a server's work saw: the statistics of its statements, and of its databases.
public struct StatementReading: Sendable, Hashable, Codable {
    /// The server's clock in the same round trip.
    public var serverTime: Timestamp

    public init(serverTime: Timestamp) {
        self.serverTime = serverTime
    }
}
