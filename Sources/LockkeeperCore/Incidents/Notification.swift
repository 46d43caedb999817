/// What a receiver is told: everything that its message needs, as a value that is kept in the outbox.
///
/// Every text in it is already redacted by the privacy setting, and none is escaped: that is the renderer's part.
public struct Notification: Sendable, Hashable, Codable {
    /// The incident as the agent's own pages name it.
    public var incidentID: String
    /// Names the incident to the receiver's protocol: the same with every agent, and whenever it comes again.
    public var incidentKey: String
    /// Tells the episodes of the key apart: the higher is the newer, with every agent.
    public var episode: Int
    /// Names all messages of this episode of the incident to this receiver: what its mails refer to.
    public var thread: String?
    public var reason: Reason
    public var severity: Severity
    public var isResolved: Bool
    /// The headline: what, where, how it stands. `Migration 0042_orders_total on app-production (app) is blocked for 2m 5s`.
    public var title: String
    /// When the incident began (for a migration: its true begin by the server's clock).
    public var since: Timestamp
    /// When the state told here came about.
    public var at: Timestamp
    /// Length until `at`.
    public var duration: Duration
    public var facts: IncidentFacts
    /// The alerts firing now (or, in the closing message, those that fired).
    public var alerts: [IncidentAlert]
    /// What the alerts say because of which the receiver is told, where others fired before, oldest first.
    public var joined: [String]
    /// Those that the receiver may know and that have ended since it was last told such ends, while the incident goes on.
    public var ended: [EndedAlert]
    /// The newest lines of the timeline, oldest first.
    public var timeline: [TimelineEntry]
    /// Where to read more: the incident's page under `external_url`; `nil` without one.
    public var link: String?
    /// The agent that says so: host name and version, for the footer.
    public var sender: String
    /// A message marked TEST.
    public var isTest: Bool
    /// Who has said that they are looking after it.
    public var acknowledgement: Acknowledgement?
    /// When it takes place, for planned maintenance.
    public var maintenance: MaintenanceWindow?

    /// Why a receiver is told.
    public enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
        case opened
        /// The severity rose.
        case escalated
        /// The severity fell, and the incident goes on.
        case deescalated
        /// Another alert joined at no higher severity, or planned maintenance has another time or purpose.
        case changed
        /// Somebody has said that they are looking after it.
        case acknowledged
        /// It still goes on, and nobody has acknowledged it.
        case reminder
        case resolved
        case test
    }

    public init(
        incidentID: String, incidentKey: String? = nil, episode: Int = 0, thread: String? = nil, reason: Reason,
        severity: Severity, isResolved: Bool, title: String, since: Timestamp, at: Timestamp, duration: Duration,
        facts: IncidentFacts, alerts: [IncidentAlert] = [], joined: [String] = [], ended: [EndedAlert] = [],
        timeline: [TimelineEntry] = [], link: String? = nil,
        sender: String, isTest: Bool = false,
        acknowledgement: Acknowledgement? = nil, maintenance: MaintenanceWindow? = nil
    ) {
        self.incidentID = incidentID
        self.incidentKey = incidentKey ?? incidentID
        self.episode = episode
        self.thread = thread
        self.reason = reason
        self.severity = severity
        self.isResolved = isResolved
        self.title = title
        self.since = since
        self.at = at
        self.duration = duration
        self.facts = facts
        self.alerts = alerts
        self.joined = joined
        self.ended = ended
        self.timeline = timeline
        self.link = link
        self.sender = sender
        self.isTest = isTest
        self.acknowledgement = acknowledgement
        self.maintenance = maintenance
    }

    /// What was planned before there were keys, episodes, ends, maintenance and joined alerts has none of them.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            incidentID: try container.decode(String.self, forKey: .incidentID),
            incidentKey: try container.decodeIfPresent(String.self, forKey: .incidentKey),
            episode: try container.decodeIfPresent(Int.self, forKey: .episode) ?? 0,
            thread: try container.decodeIfPresent(String.self, forKey: .thread),
            reason: try container.decode(Reason.self, forKey: .reason),
            severity: try container.decode(Severity.self, forKey: .severity),
            isResolved: try container.decode(Bool.self, forKey: .isResolved),
            title: try container.decode(String.self, forKey: .title),
            since: try container.decode(Timestamp.self, forKey: .since),
            at: try container.decode(Timestamp.self, forKey: .at),
            duration: try container.decode(Duration.self, forKey: .duration),
            facts: try container.decode(IncidentFacts.self, forKey: .facts),
            alerts: try container.decode([IncidentAlert].self, forKey: .alerts),
            joined: try container.decodeIfPresent([String].self, forKey: .joined) ?? [],
            ended: try container.decodeIfPresent([EndedAlert].self, forKey: .ended) ?? [],
            timeline: try container.decode([TimelineEntry].self, forKey: .timeline),
            link: try container.decodeIfPresent(String.self, forKey: .link),
            sender: try container.decode(String.self, forKey: .sender),
            isTest: try container.decode(Bool.self, forKey: .isTest),
            acknowledgement: try container.decodeIfPresent(Acknowledgement.self, forKey: .acknowledgement),
            maintenance: try container.decodeIfPresent(MaintenanceWindow.self, forKey: .maintenance))
    }
}

/// The facts of an incident in the order in which a person at 3 a.m. wants them.
public struct IncidentFacts: Sendable, Hashable, Codable {
    public var target: String
    public var database: String
    /// The target's configured labels, such as `env: production`.
    public var labels: [String: String]
    /// What is going on, in one or two sentences.
    public var summary: String
    /// Name and value pairs: tool, migration, client, statement, blocked by, holds up … in the order to show them.
    public var details: [Detail]
    /// What to do next, most useful first; each with the statement to run where there is one.
    public var actions: [Action]
    /// For a migration that has ended: `committed`, `failed`, `cancelled`, `lost`, `unseen`.
    public var outcome: String?
    /// For a migration: its run's id.
    public var run: String?
    /// The page that explains what to do.
    public var runbookURL: String?

    public struct Detail: Sendable, Hashable, Codable {
        public var name: String
        public var value: String
        /// Whether the value is SQL or another text to be set in a fixed-width face.
        public var isCode: Bool

        public init(_ name: String, _ value: String, isCode: Bool = false) {
            self.name = name
            self.value = value
            self.isCode = isCode
        }
    }

    public struct Action: Sendable, Hashable, Codable {
        public var text: String
        /// SQL or a shell command.
        public var command: String?

        public init(_ text: String, command: String? = nil) {
            self.text = text
            self.command = command
        }
    }

    public init(
        target: String, database: String = "", labels: [String: String] = [:], summary: String,
        details: [Detail] = [], actions: [Action] = [], outcome: String? = nil, run: String? = nil,
        runbookURL: String? = nil
    ) {
        self.target = target
        self.database = database
        self.labels = labels
        self.summary = summary
        self.details = details
        self.actions = actions
        self.outcome = outcome
        self.run = run
        self.runbookURL = runbookURL
    }
}
