/// All that is known of one target at one moment: what a diagnosis is made of.
public struct Situation: Sendable {
    public let target: String
    /// The server's clock. All ages are differences to it.
    public let now: Timestamp
    /// The newest full look; `nil` while the target does not answer.
    public let observation: Observation?
    /// The runs that are open.
    public let runs: [MigrationRun]
    /// The newest run of each tool and database that has ended.
    public let lastRuns: [MigrationRun]
    /// What the tools' history tables say, a reading for each database.
    public let histories: [HistoryReading]
    /// The folder of migrations, where one is configured.
    public let folder: MigrationFolder?
    /// The newest look at each database's catalogs.
    public let catalogs: [CatalogReading]
    /// The newest look at the health of the server.
    public let server: ServerHealth?
    public let performance: Performance
    public let deadlocks: DeadlockWatch
    public let processes: Processes
    public let privacy: QueryTextPrivacy
    public let thresholds: DiagnosisThresholds

    public let graph: WaitGraph
    let sessions: SessionTable
    let locks: [Int32: [HeldLock]]
    /// The open run that a session works for.
    let runOfSession: [Int32: MigrationRun]

    public init(
        target: String, now: Timestamp, observation: Observation? = nil, runs: [MigrationRun] = [],
        lastRuns: [MigrationRun] = [], histories: [HistoryReading] = [], folder: MigrationFolder? = nil,
        catalogs: [CatalogReading] = [], server: ServerHealth? = nil, performance: Performance? = nil,
        deadlocks: DeadlockWatch = DeadlockWatch(), processes: Processes? = nil, graph: WaitGraph? = nil,
        privacy: QueryTextPrivacy = .normalized, thresholds: DiagnosisThresholds = DiagnosisThresholds()
    ) {
        self.target = target
        self.now = now
        self.observation = observation
        self.runs = runs
        self.lastRuns = lastRuns
        self.histories = histories
        self.folder = folder
        self.catalogs = catalogs
        self.server = server
        self.performance = performance ?? Performance(target: target)
        self.deadlocks = deadlocks
        self.processes = processes ?? Processes(target: target)
        self.privacy = privacy
        self.thresholds = thresholds
        self.graph = graph ?? observation?.waitGraph ?? WaitGraph(locks: [])
        let present = observation?.sessions ?? []
        sessions = SessionTable(present)
        locks = Dictionary(grouping: observation?.locks ?? [], by: \.pid)
        let identities = Set(present.map(\.identity))
        runOfSession = Dictionary(
            runs.flatMap { run in run.sessions.filter(identities.contains).map { ($0.pid, run) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// How long ago something was; zero for what is unknown or lies ahead.
    func age(of time: Timestamp?) -> Duration { time.map { max(.zero, now - $0) } ?? .zero }

    /// A session in words and with its remedy, its query redacted.
    func blocker(_ session: Session) -> Blocker { Blocker(session, privacy: privacy) }

    /// Whoever waits, with the begin of the wait, the longest first.
    func waits(of owners: Set<LockOwner>) -> [(wait: LockWait, since: Timestamp)] {
        guard !owners.isEmpty else { return [] }
        return graph.waits.filter { owners.contains($0.owner) }.map { wait in
            // It is unknown for an instant, and before PostgreSQL 14.
            (wait: wait, since: wait.since ?? sessions[wait.pid]?.queryStart ?? now)
        }.sorted { ($0.since, $0.wait.pid) < ($1.since, $1.wait.pid) }
    }

    /// Whether somebody waits behind a session.
    func isInTheWay(_ session: Session) -> Bool { !graph.victims(of: [session.pid]).isEmpty }

    func finding(
        _ verdict: Verdict, _ severity: Severity, database: String = "", run: String? = nil, summary: String,
        evidence: [String] = [], about blockers: [Blocker] = [], actions: [Finding.Action] = [], weight: Double = 0
    ) -> Finding {
        Finding(
            verdict, severity: severity, target: target, database: database, run: run, summary: summary,
            evidence: evidence, statements: blockers.compactMap { Finding.Statement($0, privacy: privacy) },
            actions: actions, weight: weight)
    }
}
