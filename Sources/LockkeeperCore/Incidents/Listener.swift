/// How far a receiver has been told of an incident. Who is in an incident's listeners will be told how it ends.
public struct Listener: Sendable, Hashable, Codable {
    /// How many messages it was told, or is to be told.
    public var messages: Int
    /// The severity that the last of them gave.
    public var severity: Severity
    /// When the last of them was planned.
    public var at: Timestamp
    /// Until when it knows the alerts that fire: as `at`, but for messages that may reach it without them.
    public var knownUntil: Timestamp
    /// When it was last told that other alerts have joined.
    public var changedAt: Timestamp?
    /// The acknowledgement that it knows of, by its time.
    public var acknowledgedAt: Timestamp?
    /// The minute of the incident in which the last of them was planned. It never goes back, whatever the clock does.
    private var minute: Int
    /// How many were planned in that minute, by their reason and severity.
    private var counts: [String: Int]

    public init(messages: Int, severity: Severity, at: Timestamp, acknowledgedAt: Timestamp? = nil) {
        self.messages = messages
        self.severity = severity
        self.at = at
        knownUntil = at
        self.acknowledgedAt = acknowledgedAt
        minute = 0
        counts = [:]
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        messages = try container.decode(Int.self, forKey: .messages)
        severity = try container.decode(Severity.self, forKey: .severity)
        at = try container.decode(Timestamp.self, forKey: .at)
        knownUntil = try container.decodeIfPresent(Timestamp.self, forKey: .knownUntil) ?? at
        changedAt = try container.decodeIfPresent(Timestamp.self, forKey: .changedAt)
        acknowledgedAt = try container.decodeIfPresent(Timestamp.self, forKey: .acknowledgedAt)
        minute = try container.decodeIfPresent(Int.self, forKey: .minute) ?? 0
        counts = try container.decodeIfPresent([String: Int].self, forKey: .counts) ?? [:]
    }

    /// The same, as much earlier.
    func dated(back duration: Duration) -> Listener {
        var listener = self
        listener.at = at - duration
        listener.knownUntil = knownUntil - duration
        listener.changedAt = changedAt.map { $0 - duration }
        return listener
    }

    /// Counts a message.
    ///
    /// - Parameter time: since the incident began.
    /// - Returns: what tells it from the others of its reason and severity: the minute, and the how manieth of that minute it is. Who has heard
    ///   only the later ones says the same of them.
    mutating func count(_ reason: Notification.Reason, _ severity: Severity, at time: Duration) -> String {
        messages += 1
        let now = max(minute, Int(time.components.seconds / 60))
        if now != minute { (minute, counts) = (now, [:]) }
        let kind = "\(reason.rawValue) \(severity.rawValue)"
        counts[kind, default: 0] += 1
        return "\(minute) \(counts[kind, default: 1])"
    }
}
