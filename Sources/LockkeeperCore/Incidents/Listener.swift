/// How far a receiver has been told of an incident. Who is in an incident's listeners will be told how it ends.
public struct Listener: Sendable, Hashable, Codable {
    /// How many messages it was told, or is to be told.
    public var messages: Int
    /// The severity that the last of them gave.
    public var severity: Severity
    /// When the last of them was planned.
    public var at: Timestamp
    /// The acknowledgement that it knows of, by its time.
    public var acknowledgedAt: Timestamp?

    public init(messages: Int, severity: Severity, at: Timestamp, acknowledgedAt: Timestamp? = nil) {
        self.messages = messages
        self.severity = severity
        self.at = at
        self.acknowledgedAt = acknowledgedAt
    }
}
