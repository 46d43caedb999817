/// Something that people should know of until it is over: a migration run, or a group of alerts of one rule on one target.
public struct Incident: Sendable, Hashable, Codable, Identifiable {
    /// Stable and short: for a run `run-` and the run's id, else derived from the group and its begin.
    public var id: String
    public var subject: Subject
    public var severity: Severity
    /// The highest severity that it ever had.
    public var peak: Severity
    public var status: Status
    public var openedAt: Timestamp
    public var closedAt: Timestamp?
    /// When what it is about began, by the server's clock for a run: a run may have begun long before it was seen.
    public var begin: Timestamp
    /// When what it was about ended, for a run that has.
    public var end: Timestamp?
    /// The newest facts, for messages; frozen when the incident closes.
    public var facts: IncidentFacts
    /// The alerts that are part of it and firing now, by fingerprint (their sorted labels).
    public var firing: [String: IncidentAlert]
    /// What happened, oldest first.
    public var timeline: [TimelineEntry]
    /// How many messages each receiver was told, or is to be told, of it. Each receiver in it will be told how it ends.
    public var told: [String: Int]
    /// Since when the firing alerts would make it less severe than it is. A drop is told only when it has lasted a while.
    public var lowerSince: Timestamp?
    /// What routes match on: `target`, `database`, `tool`, `alertname` and the target's configured labels.
    public var labels: [String: String]

    public enum Subject: Sendable, Hashable, Codable {
        case migration(run: String, target: String)
        /// Alerts of one rule, on one target where they have one ("" for the agent itself).
        case alerts(name: String, target: String)
    }

    public enum Status: String, Sendable, Hashable, Codable {
        case open, closed
    }

    public init(
        id: String, subject: Subject, severity: Severity, openedAt: Timestamp, begin: Timestamp? = nil,
        facts: IncidentFacts,
        firing: [String: IncidentAlert] = [:], timeline: [TimelineEntry] = [], told: [String: Int] = [:],
        labels: [String: String] = [:]
    ) {
        self.id = id
        self.subject = subject
        self.severity = severity
        self.peak = severity
        self.status = .open
        self.openedAt = openedAt
        self.closedAt = nil
        self.begin = begin ?? openedAt
        self.end = nil
        self.facts = facts
        self.firing = firing
        self.timeline = timeline
        self.told = told
        self.lowerSince = nil
        self.labels = labels
    }

    public var target: String {
        switch subject {
        case .migration(_, let target), .alerts(_, let target): target
        }
    }
}

/// An alert as an incident keeps it.
public struct IncidentAlert: Sendable, Hashable, Codable {
    public var name: String
    public var severity: Severity
    public var labels: [String: String]
    public var annotations: [String: String]
    public var activeAt: Timestamp

    public init(
        name: String, severity: Severity, labels: [String: String], annotations: [String: String], activeAt: Timestamp
    ) {
        self.name = name
        self.severity = severity
        self.labels = labels
        self.annotations = annotations
        self.activeAt = activeAt
    }
}

/// A line of an incident's history.
public struct TimelineEntry: Sendable, Hashable, Codable {
    public var at: Timestamp
    public var severity: Severity
    /// One sentence for people, redacted.
    public var text: String

    public init(at: Timestamp, severity: Severity, text: String) {
        self.at = at
        self.severity = severity
        self.text = text
    }
}
