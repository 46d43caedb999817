public import LockkeeperCore

/// What is on stage in a play: a server, and the agent that watches it.
public struct Scene {
    public var server = Stage()
    /// Whether the server answers the agent. What goes on there goes on all the same.
    public var isServerAnswering = true
    /// Whether the agent's looks come back, be it with a failure. If not, it evaluates its rules all the same.
    public var areLooksComingBack = true
    /// How far the agent's clock is ahead of the server's: what it says of lengths must not depend on it.
    public var skew = Duration.seconds(47)
    private(set) var store = PlayedStore()
    private(set) var failures: [String] = []
    private var rules: [RuleGroup]
    private let routes: [Route]
    private var folder: MigrationFolder?
    private var agent: AgentState?
    private var inquiry = Inquiry()
    private var lookAt = Stage.origin, historyAt = Stage.origin, rulesAt = Stage.origin

    /// The glance's interval in the shipped configuration, the finest pace that there is.
    static let pace = Duration.milliseconds(200)
    private static let active = Duration.seconds(1), idle = Duration.seconds(5), history = Duration.seconds(5)
    private static let ruleInterval = Duration.seconds(1)
    static let target = "app"

    init(rules: [RuleGroup], routes: [Route], folder: MigrationFolder?) {
        self.rules = rules
        self.routes = routes
        self.folder = folder
    }

    private var policy: IncidentPolicy {
        IncidentPolicy(
            routes: routes, targetLabels: [Self.target: ["env": "test"]], externalURL: "http://lockkeeper.example",
            sender: "a play")
    }

    /// The agent starts, from what is stored.
    public mutating func startAgent() throws {
        let stored = try store.load()
        let target = TargetState(
            target: Self.target, memory: stored.memories[Self.target] ?? TargetMemory(), folder: folder,
            lastRuns: store.endedRuns.suffix(1))
        agent = AgentState(
            targets: [target],
            book: IncidentBook(
                incidents: stored.incidents, episodes: stored.episodes,
                runs: stored.memories.values.flatMap { $0.openRuns.map(\.run) },
                policy: policy),
            groups: rules, alerts: stored.alerts)
        inquiry = Inquiry()
        (lookAt, historyAt, rulesAt) = (server.now, server.now, server.now)
    }

    /// The agent is gone at once, with all that it has not stored.
    public mutating func killAgent() { agent = nil }

    /// The agent takes other rules.
    public mutating func reload(rules: [RuleGroup]) throws {
        self.rules = rules
        let plan = AgentState.TargetPlan(
            name: Self.target, make: { TargetState(target: Self.target) }, update: { _ in })
        let (policy, now) = (policy, server.now + skew)
        if let change = agent?.reconfigure(targets: [plan], policy: policy, groups: rules, at: now) {
            try store.commit(change)
        }
    }

    /// One beat of the agent: a look of the kind that is due, a reading of the history if it is, the rules once a second.
    ///
    /// - Parameter hasChanged: something has happened on the server, which the glance sees.
    mutating func step(hasChanged: Bool) throws {
        guard agent != nil else { return }
        let now = server.now
        guard areLooksComingBack else { return try evaluateRulesIfDue() }
        guard isServerAnswering else {
            try ingest(
                .glance,
                .failed(SampleFailure(reason: .timedOut, message: "no answer within 5.0 seconds: look at the server")))
            // What comes after an outage is looked at in full.
            lookAt = now
            try evaluateRulesIfDue()
            return
        }
        if hasChanged || now >= lookAt {
            try ingest(inquiry.isActive ? .active : .idle, .seen(server.observation))
            lookAt = now + (inquiry.isActive ? Self.active : Self.idle)
        } else {
            try ingest(.glance, .glanced(Glance(serverTime: now, lockWaiters: 0, suspects: [])))
        }
        if now >= historyAt || !inquiry.historyWanted.isEmpty {
            if now >= historyAt { historyAt = now + Self.history }
            try ingest(
                .history, .history(HistoryReading(database: "shop", serverTime: now, tables: server.history)))
        }
        try evaluateRulesIfDue()
    }

    private mutating func ingest(_ tier: SamplingTier, _ content: Sample.Content) throws {
        let sample = Sample(
            target: Self.target, tier: tier, takenAt: server.now + skew, duration: .milliseconds(2), content: content)
        guard let (change, inquiry, _) = agent?.ingest(sample, at: sample.takenAt) else { return }
        self.inquiry = inquiry
        try store.commit(change)
    }

    private mutating func evaluateRulesIfDue() throws {
        guard server.now >= rulesAt else { return }
        rulesAt = server.now + Self.ruleInterval
        let now = server.now + skew
        guard let (change, failures) = agent?.evaluateRules(at: now) else { return }
        self.failures += failures.map { "\($0)" }
        try store.commit(change)
    }
}
