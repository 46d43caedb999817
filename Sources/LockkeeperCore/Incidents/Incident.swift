/// Something that people should know of until it is over: a migration run, a group of alerts of one rule on one target, or planned
/// maintenance.
public struct Incident: Sendable, Hashable, Codable, Identifiable {
    /// Stable and short: for a run `run-` and the run's id, else derived from the group and its begin.
    public var id: String
    /// What receivers' protocols know it by: the same with every agent and in all its episodes. (One that was open before there were keys
    /// keeps its id.)
    public var key: String
    /// Tells the lives of one key apart, increasing. Agents that see the same begin agree on it.
    public var episode: Int
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
    /// Those that are over and of whose end some listeners are yet to be told, by fingerprint.
    public var ended: [String: UntoldEnd]
    /// What happened, oldest first.
    public var timeline: [TimelineEntry]
    /// Who was told, or is to be told, of it, by receiver. Each of them will be told how it ends.
    public var listeners: [String: Listener]
    /// Since when it has been at least this severe.
    public var reached: SeverityTimes
    /// Who is looking after it, as far as somebody has said so.
    public var acknowledgement: Acknowledgement?
    /// The silence that mutes it.
    public var mutedBy: Silence.ID?
    /// When it last ceased to be muted.
    public var audibleAgainAt: Timestamp?
    /// The highest severity at which it was not muted; `nil` if it always was.
    public var audiblePeak: Severity?
    /// The receivers that are to be told of its end once their hours begin, or nothing mutes it any more. Only one that is over has any.
    public var owed: [String]
    /// The severity of the end itself, where it is news to those who had heard nothing: a failure is.
    public var endSeverity: Severity?
    /// What the message of its end says at its head, once it has ended.
    public var headline: String?
    /// Since when the firing alerts would make it less severe than it is. A drop is told only when it has lasted a while.
    public var lowerSince: Timestamp?
    /// When it takes place, for planned maintenance, as it was told last.
    public var maintenance: MaintenanceWindow?
    /// When its target was removed from the configuration, if that ended it.
    public var unwatchedSince: Timestamp?
    /// What routes match on: `target`, `database`, `tool`, `alertname` and the target's configured labels.
    public var labels: [String: String]

    public enum Subject: Sendable, Hashable, Codable {
        case migration(run: String, target: String)
        /// Alerts of one rule, on one target where they have one ("" for the agent itself).
        case alerts(name: String, target: String)
        /// A maintenance window by its name in the configuration.
        case maintenance(name: String)

        /// What its incidents are known by to receivers.
        public var key: String {
            switch self {
            case .migration(let run, _): IncidentBook.incidentID(ofRun: run)
            case .alerts(let name, let target): "alert-" + StableIdentifier.derive(from: name, target)
            case .maintenance(let name): "maintenance-\(name)"
            }
        }
    }

    public enum Status: String, Sendable, Hashable, Codable {
        case open, closed
    }

    public init(
        id: String, episode: Int = 0, subject: Subject, severity: Severity, openedAt: Timestamp,
        begin: Timestamp? = nil, facts: IncidentFacts,
        firing: [String: IncidentAlert] = [:], timeline: [TimelineEntry] = [], listeners: [String: Listener] = [:],
        labels: [String: String] = [:]
    ) {
        self.id = id
        self.key = subject.key
        self.episode = episode
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
        self.ended = [:]
        self.timeline = timeline
        self.listeners = listeners
        self.reached = SeverityTimes()
        self.acknowledgement = nil
        self.mutedBy = nil
        self.audibleAgainAt = nil
        self.audiblePeak = nil
        self.owed = []
        self.endSeverity = nil
        self.headline = nil
        self.lowerSince = nil
        self.maintenance = nil
        self.unwatchedSince = nil
        self.labels = labels
    }

    public var target: String {
        switch subject {
        case .migration(_, let target), .alerts(_, let target): target
        case .maintenance: facts.target
        }
    }

    /// The acknowledgement, unless the incident has become more severe since it was given.
    public var acknowledgementInForce: Acknowledgement? {
        acknowledgement.flatMap { $0.lapsedAt == nil ? $0 : nil }
    }

    /// Tells its first and its last message from those of another episode that an agent which has seen more of them numbers alike. A run has its
    /// own id, and agents may learn of its begin and end at different times.
    var life: String {
        if case .alerts = subject { String(begin.microseconds / 60_000_000) } else { "" }
    }

    /// Tells ends apart that say different things, of which one agent may tell this and another that. "" while it goes on, and for what has
    /// simply ended.
    var ending: String {
        guard let closedAt else { return "" }
        if unwatchedSince != nil { return "unwatched" }
        return maintenance.map { $0.ending(at: closedAt).rawValue } ?? ""
    }

    /// Names all messages of this episode to a receiver.
    public func thread(to receiver: String) -> String {
        StableIdentifier.derive(from: key, String(episode), receiver)
    }

    /// Those who were told of it, in the order of their names.
    public var toldReceivers: [String] { listeners.keys.sorted() }

    /// What silences match on: its labels, its severity, and its own name as `incident`.
    ///
    /// Of several alerts only what they have in common: a silence on one's own label is not about the others.
    var labelsForSilences: [String: String] {
        var labels = labels
        if case .alerts = subject {
            labels = labels.filter { name, value in
                let values = Set(firing.values.map { $0.labels[name] })
                // The target's configured labels are in none of them.
                return values.isSubset(of: [nil]) || values == [value]
            }
        }
        return labels.merging(["severity": severity.rawValue, "incident": id]) { _, own in own }
    }

    /// The alerts that fire and are a receiver's to hear of, by fingerprint: all but those that say that it fails.
    func firing(for receiver: String) -> [String: IncidentAlert] {
        firing.filter { $0.value.failingReceiver != receiver }
    }

    /// The severity of what goes on and is not muted; `nil` if all of it is. A fall shows here before it has settled.
    var audibleSeverity: Severity? { audibleSeverity(of: firing) }

    /// The severity of what of it is a receiver's to hear of; `nil` if nothing is.
    func audibleSeverity(for receiver: String) -> Severity? { audibleSeverity(of: firing(for: receiver)) }

    private func audibleSeverity(of alerts: [String: IncidentAlert]) -> Severity? {
        if mutedBy != nil { return nil }
        let loudest = alerts.values.filter { $0.mutedBy == nil }.map(\.severity).max()
        if case .migration = subject { return loudest ?? .info }
        return loudest
    }
}

/// An alert as an incident keeps it.
public struct IncidentAlert: Sendable, Hashable, Codable {
    public var name: String
    public var severity: Severity
    public var labels: [String: String]
    public var annotations: [String: String]
    public var activeAt: Timestamp
    /// The silence that mutes it.
    public var mutedBy: Silence.ID?
    /// When it was first not muted, nor its incident.
    public var audibleSince: Timestamp?

    public init(
        name: String, severity: Severity, labels: [String: String], annotations: [String: String], activeAt: Timestamp
    ) {
        self.name = name
        self.severity = severity
        self.labels = labels
        self.annotations = annotations
        self.activeAt = activeAt
        mutedBy = nil
        audibleSince = nil
    }

    /// The same, heard as much earlier.
    func dated(back duration: Duration) -> IncidentAlert {
        var alert = self
        alert.audibleSince = audibleSince.map { $0 - duration }
        return alert
    }

    /// The receiver that it says does not get its messages: that of an alert on no target with the label `receiver`, as those about the agent
    /// itself have it. That one is not told: it would refuse this message, too, and so keep the alert firing or raise it anew.
    public var failingReceiver: String? { labels["target", default: ""].isEmpty ? labels["receiver"] : nil }
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
