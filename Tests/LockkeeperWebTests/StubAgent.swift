import LockkeeperCore
import LockkeeperWeb

/// An agent that shows what it is given, and waits at a gate where a test wants it slow.
actor StubAgent: AgentView {
    var snapshot = MetricsSnapshot()
    var statuses: [TargetStatus] = []
    var runs: [RunSnapshot] = []
    var lockTables: [TargetLocks] = []
    var diagnoses: [TargetFindings] = []
    var book: [Incident] = []
    var outbox: [Delivery] = []
    var seriesSnapshot = SeriesSnapshot(window: SeriesWindow(), now: Timestamp(microseconds: 0))
    var rulesStatus = RulesStatus()
    var condition = AgentCondition.fine
    var readinessCondition = AgentCondition.fine
    var outcome = ReloadOutcome.reloaded
    var failure: (any Error)?
    private(set) var reloads = 0
    private(set) var lastMigrationQuery: MigrationQuery?
    private(set) var lastIncidentQuery: IncidentQuery?
    private(set) var lastDeliveryQuery: DeliveryQuery?
    /// Holds up `migrations()`.
    nonisolated let gate: Gate

    init(gate: Gate = Gate(isOpen: true)) {
        self.gate = gate
    }

    func change(_ body: @Sendable (isolated StubAgent) -> Void) {
        body(self)
    }

    func metrics() -> MetricsSnapshot { snapshot }
    func targets() -> [TargetStatus] { statuses }

    func locks(target: String?) -> [TargetLocks] {
        lockTables.filter { target == nil || target == $0.target }
    }

    func findings(target: String?) -> [TargetFindings] {
        diagnoses.filter { target == nil || target == $0.target }
    }

    func migrations(_ query: MigrationQuery) async throws -> [RunSnapshot] {
        lastMigrationQuery = query
        await gate.pass()
        if let failure { throw failure }
        return runs.filter { query.isRunning == nil || query.isRunning == $0.run.isRunning }
    }

    func migration(run: String) -> RunSnapshot? { runs.first { $0.run.id == run } }

    func incidents(_ query: IncidentQuery) -> [Incident] {
        lastIncidentQuery = query
        return book
    }

    func incident(id: String) -> Incident? { book.first { $0.id == id } }

    func deliveries(_ query: DeliveryQuery) -> [Delivery] {
        lastDeliveryQuery = query
        return outbox
    }

    func series() -> SeriesSnapshot { seriesSnapshot }
    func rules() -> RulesStatus { rulesStatus }

    func health() -> AgentCondition { condition }
    func readiness() -> AgentCondition { readinessCondition }

    var time = Timestamp(seconds: 1_764_000_000)
    var quiet: [SilenceStatus] = []
    /// Whether what is asked for can be stored.
    var storeProblem: String?
    private(set) var acknowledgements: [[String]] = []

    func now() -> Timestamp { time }

    func acknowledge(incident id: String, author: String, comment: String) -> ActionOutcome<Incident> {
        guard let index = book.firstIndex(where: { $0.id == id && $0.status == .open && !$0.isMaintenance }) else {
            return .notThere
        }
        acknowledgements.append([id, author, comment])
        book[index].acknowledgement = Acknowledgement(
            author: author, comment: comment, at: time, severity: book[index].severity)
        return storeProblem.map { .notStored(reason: $0) } ?? .done(book[index])
    }

    func silences() -> [SilenceStatus] { quiet }

    func add(_ silence: Silence) -> ActionOutcome<SetSilence> {
        quiet.append(SilenceStatus(silence, at: time))
        return .done(
            SetSilence(silence, warnings: ["nothing fits"], reach: SilenceReach(incidents: 1, alerts: 2)))
    }

    func expire(silence id: String) -> ActionOutcome<Silence> {
        guard let index = quiet.firstIndex(where: { $0.silence.id == id && !$0.isConfigured }) else { return .notThere }
        var silence = quiet.remove(at: index).silence
        silence.end = time
        return .done(silence)
    }

    func reload() -> ReloadOutcome {
        reloads += 1
        return outcome
    }
}

/// Lets nobody pass until it is opened, and knows how many wait.
actor Gate {
    private var isOpen: Bool
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    init(isOpen: Bool = false) {
        self.isOpen = isOpen
    }

    func pass() async {
        guard !isOpen else { return }
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            watchers.removeAll { watcher in
                guard waiting.count >= watcher.count else { return false }
                watcher.continuation.resume()
                return true
            }
        }
    }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    /// Returns when as many wait at the gate.
    func hasWaiting(_ count: Int) async {
        guard waiting.count < count else { return }
        await withCheckedContinuation { watchers.append((count, $0)) }
    }
}
