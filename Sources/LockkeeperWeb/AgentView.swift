public import LockkeeperCore

/// What the web server shows of the agent, and what it can ask of it.
///
/// Every answer comes from memory or the agent's own store, never from a watched database. All texts of statements are already
/// redacted by the privacy setting. A getter that takes long holds up nobody but who asked.
public protocol AgentView: Sendable {
    func metrics() async -> MetricsSnapshot
    /// In the configuration's order.
    func targets() async -> [TargetStatus]
    /// Who waits for whom, in the configuration's order.
    ///
    /// - Parameter target: only this one; nothing comes back if there is no such target.
    func locks(target: String?) async -> [TargetLocks]
    /// In the configuration's order; `target` wants one of them, and nothing comes back if there is none of that name.
    func findings(target: String?) async -> [TargetFindings]
    /// Newest first.
    func migrations(_ query: MigrationQuery) async throws -> [RunSnapshot]
    func migration(run: String) async throws -> RunSnapshot?
    /// Newest first.
    func incidents(_ query: IncidentQuery) async throws -> [Incident]
    func incident(id: String) async throws -> Incident?
    /// Newest first.
    func deliveries(_ query: DeliveryQuery) async throws -> [Delivery]
    /// The agent's own series as of now.
    func series() async -> SeriesSnapshot
    /// The rules in the order of evaluation, with their alerts.
    func rules() async -> RulesStatus
    /// Whether the agent's loops are alive: if not, it should be restarted.
    func health() async -> AgentCondition
    /// Whether the agent does its work: first looks taken, what changes is stored, secrets can be read.
    func readiness() async -> AgentCondition
    func reload() async -> ReloadOutcome
    /// The agent's clock.
    func now() async -> Timestamp
    /// Notes that somebody looks after an open incident, and stores it.
    ///
    /// - Parameter incident: the whole id.
    func acknowledge(incident: String, author: String, comment: String) async -> ActionOutcome<Incident>
    /// Those in force and those to come, the next to end first, with the configured ones.
    func silences() async -> [SilenceStatus]
    /// Sets a silence, and stores it. `notThere`: there are too many.
    func add(_ silence: Silence) async -> ActionOutcome<SetSilence>
    /// Ends a silence now, and stores that.
    func expire(silence: String) async -> ActionOutcome<Silence>
}

/// The series that the rules see, as they were at one moment.
public struct SeriesSnapshot: Sendable {
    public var window: SeriesWindow
    /// The moment, in milliseconds since the epoch.
    public var now: Int64

    public init(window: SeriesWindow, now: Timestamp) {
        self.window = window
        self.now = now.milliseconds
    }
}

/// How all rules stand.
public struct RulesStatus: Sendable, Hashable {
    public var groups: [RuleGroupStatus]
    /// Between evaluations of groups that name no interval of their own.
    public var interval: Duration

    public init(groups: [RuleGroupStatus] = [], interval: Duration = .seconds(1)) {
        self.groups = groups
        self.interval = interval
    }
}

/// Which runs are wanted.
public struct MigrationQuery: Sendable, Hashable {
    public var limit: Int
    public var target: String?
    /// Only those that run, or only those that have ended.
    public var isRunning: Bool?

    public init(limit: Int, target: String? = nil, isRunning: Bool? = nil) {
        self.limit = limit
        self.target = target
        self.isRunning = isRunning
    }
}

/// Which incidents are wanted.
public struct IncidentQuery: Sendable, Hashable {
    public var limit: Int
    public var target: String?
    public var status: Incident.Status?

    public init(limit: Int, target: String? = nil, status: Incident.Status? = nil) {
        self.limit = limit
        self.target = target
        self.status = status
    }
}

/// Which deliveries are wanted.
public struct DeliveryQuery: Sendable, Hashable {
    public var limit: Int
    public var receiver: String?
    public var status: Delivery.Status?
    public var incidentID: String?

    public init(
        limit: Int, receiver: String? = nil, status: Delivery.Status? = nil, incidentID: String? = nil
    ) {
        self.limit = limit
        self.receiver = receiver
        self.status = status
        self.incidentID = incidentID
    }
}

/// A run, with the time by its server's clock that its durations are to be reckoned to.
public struct RunSnapshot: Sendable, Hashable {
    public var run: MigrationRun
    public var serverTime: Timestamp

    public init(run: MigrationRun, serverTime: Timestamp) {
        self.run = run
        self.serverTime = serverTime
    }
}

/// How a target stands.
public struct TargetStatus: Sendable, Hashable {
    public var name: String
    public var labels: [String: String]
    public var databases: [String]
    /// Whether it answered the last look; `nil` before the first.
    public var isUp: Bool?
    /// Why it did not, if it did not.
    public var failure: SampleFailure?
    /// When it was last seen.
    public var lastSeenAt: Timestamp?
    /// How long the last look took.
    public var lastSampleDuration: Duration?
    /// What was last known of the server.
    public var server: Server?
    /// What hinders the watching without preventing it, for people: missing privileges, a pooler in front, a folder that is half there.
    public var warnings: [String]
    public var runningMigrations: Int
    /// Client sessions.
    public var sessions: Int?
    public var lockWaiters: Int?
    /// The age of the oldest open transaction.
    public var oldestTransaction: Duration?
    /// What this agent is among those that watch the target; `nil` where no leader is elected.
    public var leadership: LeadershipRole?

    public init(
        name: String, labels: [String: String] = [:], databases: [String] = [], isUp: Bool? = nil,
        failure: SampleFailure? = nil, lastSeenAt: Timestamp? = nil, lastSampleDuration: Duration? = nil,
        server: Server? = nil, warnings: [String] = [], runningMigrations: Int = 0, sessions: Int? = nil,
        lockWaiters: Int? = nil, oldestTransaction: Duration? = nil, leadership: LeadershipRole? = nil
    ) {
        self.name = name
        self.labels = labels
        self.databases = databases
        self.isUp = isUp
        self.failure = failure
        self.lastSeenAt = lastSeenAt
        self.lastSampleDuration = lastSampleDuration
        self.server = server
        self.warnings = warnings
        self.runningMigrations = runningMigrations
        self.sessions = sessions
        self.lockWaiters = lockWaiters
        self.oldestTransaction = oldestTransaction
        self.leadership = leadership
    }
}

/// Who waits for whom on a target.
public struct TargetLocks: Sendable, Hashable {
    public var target: String
    /// `nil` while the target does not answer.
    public var overview: LockOverview?

    public init(target: String, overview: LockOverview?) {
        self.target = target
        self.overview = overview
    }
}

/// What the diagnosis of a target says.
public struct TargetFindings: Sendable, Hashable {
    public var target: String
    /// The server's clock, or the agent's while the server's is unknown.
    public var at: Timestamp
    /// Whether the target answers: if not, there is nothing but what is known of its runs.
    public var isKnown: Bool
    /// The severest first.
    public var findings: [Finding]

    public init(target: String, at: Timestamp, isKnown: Bool, findings: [Finding]) {
        self.target = target
        self.at = at
        self.isKnown = isKnown
        self.findings = findings
    }
}

/// Whether the agent is as it should be.
public enum AgentCondition: Sendable, Hashable {
    case fine
    /// With one sentence for each thing that is not.
    case impaired(reasons: [String])
}

/// What came of a wish to change something.
public enum ActionOutcome<Value: Sendable & Hashable>: Sendable, Hashable {
    /// It is as wished, and stored.
    case done(Value)
    /// There is nothing of that name that could be changed.
    case notThere
    /// It is as wished, but could not be stored yet.
    case notStored(reason: String)
}

/// A silence that has been set, and what comes of it.
public struct SetSilence: Sendable, Hashable {
    public var silence: Silence
    /// What is probably a mistake in its matchers, a sentence each.
    public var warnings: [String]
    /// What it matches now.
    public var reach: SilenceReach

    public init(_ silence: Silence, warnings: [String] = [], reach: SilenceReach = SilenceReach()) {
        self.silence = silence
        self.warnings = warnings
        self.reach = reach
    }
}

/// A silence or maintenance window and how it stands.
public struct SilenceStatus: Sendable, Hashable {
    public var silence: Silence
    /// Whether it is a maintenance window of the configuration.
    public var isConfigured: Bool
    /// Whether it is in force, as opposed to yet to come.
    public var isActive: Bool
    public var isOver: Bool

    public init(_ silence: Silence, isConfigured: Bool = false, at now: Timestamp) {
        self.silence = silence
        self.isConfigured = isConfigured
        isActive = silence.isActive(at: now)
        isOver = silence.end <= now
    }
}

/// What came of the wish to reload the configuration.
public enum ReloadOutcome: Sendable, Hashable {
    case reloaded
    /// The configuration in force stays. Each error says where and what to do.
    case refused(errors: [String])
}
