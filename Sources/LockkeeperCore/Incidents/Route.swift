public import PromQL

/// Which incidents a receiver is told of, and when. Every route that matches delivers; a receiver that several routes lead to is told once,
/// as soon as one of them lets it through.
public struct Route: Sendable, Hashable {
    public var receiver: String
    /// At or above.
    public var severity: Severity
    /// Labels that the incident must have: `target`, `database`, `tool`, `alertname` or a configured label of the target.
    public var match: [String: String]
    /// Further conditions on the same labels. One that an incident does not have counts as the empty text.
    public var matchers: [LabelMatcher]
    /// When the receiver wants to hear; empty: at any time. What is still going on when the hours begin is told then.
    public var activeHours: [ActiveHours]
    /// How long an incident must have been that severe before the receiver is told.
    public var minimumDuration: Duration
    /// How long after the last message the receiver is told again of what still goes on and nobody has acknowledged; `nil`: never.
    public var reminderInterval: Duration?
    /// The receiver is told only of what nobody has acknowledged for this long; `nil`: whether or not somebody has.
    public var unacknowledgedFor: Duration?
    /// The receiver is told once, when it is over.
    public var isDigest: Bool

    public init(
        receiver: String, severity: Severity = .info, match: [String: String] = [:], matchers: [LabelMatcher] = [],
        activeHours: [ActiveHours] = [], minimumDuration: Duration = .zero, reminderInterval: Duration? = nil,
        unacknowledgedFor: Duration? = nil, isDigest: Bool = false
    ) {
        self.receiver = receiver
        self.severity = severity
        self.match = match
        self.matchers = matchers
        self.activeHours = activeHours
        self.minimumDuration = minimumDuration
        self.reminderInterval = reminderInterval
        self.unacknowledgedFor = unacknowledgedFor
        self.isDigest = isDigest
    }

    func matches(_ labels: [String: String]) -> Bool {
        match.allSatisfy { labels[$0.key] == $0.value } && matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") }
    }

    func isActive(at time: Timestamp) -> Bool {
        activeHours.isEmpty || activeHours.contains { $0.contains(time) }
    }
}
