public import LockkeeperCore

/// All that the agent is told by its configuration file, checked.
public struct Configuration: Sendable, Hashable {
    /// Where HTTP is answered.
    public var listen: ListenAddress
    /// The folder of history, incidents and outbox.
    public var stateFolder: String
    /// Under which people reach the agent, without a slash at the end; `nil`: messages have no links.
    public var externalURL: String?
    public var web: WebConfiguration
    /// At least one; no two of the same name.
    public var targets: [TargetConfiguration]
    /// Whether other agents watch the same targets, so that one of them is elected to tell people.
    public var electsLeader: Bool
    public var sampling: SamplingConfiguration
    public var rules: RulesConfiguration
    /// No two of the same name.
    public var receivers: [ReceiverConfiguration]
    /// Each names one of the receivers.
    public var routes: [Route]
    /// The planned times in which nobody is told, each by its name in the file.
    public var maintenance: [Silence]
    /// The same times with whom to tell of them.
    public var plannedMaintenance: [PlannedMaintenance]
    /// Whom to tell that the agent itself works; `nil`: nobody.
    public var heartbeat: HeartbeatConfiguration?
    /// How much of queries' texts leaves the agent.
    public var queryText: QueryTextPrivacy
    /// What somebody should look at, although the configuration is used.
    public var warnings: [ConfigurationProblem]

    public static let defaultStateFolder = "/var/lib/lockkeeper"

    public init(
        listen: ListenAddress = ListenAddress(), stateFolder: String = Configuration.defaultStateFolder,
        externalURL: String? = nil, web: WebConfiguration = WebConfiguration(), targets: [TargetConfiguration],
        electsLeader: Bool = false, sampling: SamplingConfiguration = SamplingConfiguration(),
        rules: RulesConfiguration = RulesConfiguration(), receivers: [ReceiverConfiguration] = [],
        routes: [Route] = [], maintenance: [Silence] = [],
        plannedMaintenance: [PlannedMaintenance] = [], heartbeat: HeartbeatConfiguration? = nil,
        queryText: QueryTextPrivacy = .normalized, warnings: [ConfigurationProblem] = []
    ) {
        self.listen = listen
        self.stateFolder = stateFolder
        self.externalURL = externalURL
        self.web = web
        self.targets = targets
        self.electsLeader = electsLeader
        self.sampling = sampling
        self.rules = rules
        self.receivers = receivers
        self.routes = routes
        self.maintenance = maintenance
        self.plannedMaintenance = plannedMaintenance
        self.heartbeat = heartbeat
        self.queryText = queryText
        self.warnings = warnings
    }
}
