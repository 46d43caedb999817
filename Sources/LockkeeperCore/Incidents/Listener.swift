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
    /// How many of them had the same reason and severity, by both.
    private var counts: [String: Int]

    public init(messages: Int, severity: Severity, at: Timestamp, acknowledgedAt: Timestamp? = nil) {
        self.messages = messages
        self.severity = severity
        self.at = at
        self.acknowledgedAt = acknowledgedAt
        counts = [:]
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        messages = try container.decode(Int.self, forKey: .messages)
        severity = try container.decode(Severity.self, forKey: .severity)
        at = try container.decode(Timestamp.self, forKey: .at)
        acknowledgedAt = try container.decodeIfPresent(Timestamp.self, forKey: .acknowledgedAt)
        counts = try container.decodeIfPresent([String: Int].self, forKey: .counts) ?? [:]
    }

    /// Counts a message.
    ///
    /// - Returns: the how manieth of its reason and severity it is, from 1.
    mutating func count(_ reason: Notification.Reason, _ severity: Severity) -> Int {
        messages += 1
        counts["\(reason.rawValue) \(severity.rawValue)", default: 0] += 1
        return counts["\(reason.rawValue) \(severity.rawValue)", default: 1]
    }
}
