public import LockkeeperCore

/// Which runs are asked for; what is `nil` does not matter.
public struct RunFilter: Sendable, Hashable {
    public var target: String?
    public var database: String?
    public var tool: String?
    /// `true` for those that run, `false` for those that have ended.
    public var isRunning: Bool?
    /// The label of the outcome: `committed`, `failed`, `cancelled`, `lost`, `unseen`.
    public var outcome: String?
    /// Begun at or after.
    public var since: Timestamp?

    public init(
        target: String? = nil, database: String? = nil, tool: String? = nil, isRunning: Bool? = nil,
        outcome: String? = nil, since: Timestamp? = nil
    ) {
        self.target = target
        self.database = database
        self.tool = tool
        self.isRunning = isRunning
        self.outcome = outcome
        self.since = since
    }
}

/// Which incidents are asked for; what is `nil` does not matter.
public struct IncidentFilter: Sendable, Hashable {
    public var target: String?
    public var status: Incident.Status?
    /// At or above.
    public var severity: Severity?
    /// The id of the run that the incident is about.
    public var run: String?
    /// Opened at or after.
    public var since: Timestamp?

    public init(
        target: String? = nil, status: Incident.Status? = nil, severity: Severity? = nil, run: String? = nil,
        since: Timestamp? = nil
    ) {
        self.target = target
        self.status = status
        self.severity = severity
        self.run = run
        self.since = since
    }
}

/// Which deliveries are asked for; what is `nil` does not matter.
public struct DeliveryFilter: Sendable, Hashable {
    public var receiver: String?
    public var status: Delivery.Status?
    /// The id of the incident that they tell of.
    public var incident: String?

    public init(receiver: String? = nil, status: Delivery.Status? = nil, incident: String? = nil) {
        self.receiver = receiver
        self.status = status
        self.incident = incident
    }
}
