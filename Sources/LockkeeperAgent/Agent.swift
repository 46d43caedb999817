internal import Dispatch
internal import LockkeeperConfig
internal import LockkeeperCore
internal import LockkeeperHost
internal import LockkeeperNotify
internal import LockkeeperPostgres
internal import LockkeeperStore
internal import LockkeeperTransfer
internal import LockkeeperWeb
internal import Logging

/// The agent: takes the watchers' samples and the ticks of time into the state, and hands on what that decides.
///
/// Steps are short and pure; storing, sending and looking happen elsewhere, so that no step waits for a disk or a network.
actor Agent {
    /// Only steps change it.
    var state: AgentState
    private(set) var configuration: Configuration
    private(set) var notifications = NotificationFigures()
    private var watchers: [String: Watcher] = [:]
    private var watcherCount = 0
    var keepers: [String: Keeper] = [:]
    var keeperCount = 0
    /// What this agent is to each target of which a leader is elected.
    var leadership: [String: LeadershipRole] = [:]
    /// Whether it was seen to, at the start, what is to become of messages on standby.
    var hasTakenOver = false
    private(set) var lastReload: (succeeded: Bool, succeededAt: Timestamp)
    private(set) var lastTick: ContinuousClock.Instant?
    /// When a look at any target last came back, also one that failed.
    private var lastLook: ContinuousClock.Instant?
    private var startedAt = ContinuousClock.now
    private(set) var heartbeats = HeartbeatFigures()
    private var heartbeat: (configuration: HeartbeatConfiguration, task: Task<Void, Never>)?
    /// Failures of rules that have been said: once is enough.
    private var loggedFailures: Set<String> = []
    /// What failed of the last refresh of each receiver.
    private var refreshProblems: [String: [String]] = [:]
    let setup: AgentSetup
    let store: Store
    let committer: Committer
    private let courier: Courier
    private let transfers: TransferClient
    /// What HTTPS is served with; `nil` if HTTP is plain.
    private let certificate: CurrentCertificate?
    private let processes = ProcessReader()
    let process = ProcessMetrics()
    private let onEvent: @Sendable (RunEvent) -> Void

    /// A target's watcher as it was started, to be kept as long as nothing that it depends on changes.
    private struct Watcher {
        /// Tells it from others of the same target.
        var number: Int
        var target: TargetConfiguration
        var sampling: SamplingConfiguration
        var task: Task<Void, Never>
    }

    init(
        setup: AgentSetup, configuration: Configuration, stored: StoredState, lastRuns: [MigrationRun], store: Store,
        committer: Committer, courier: Courier, transfers: TransferClient, certificate: CurrentCertificate?,
        onEvent: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.setup = setup
        self.configuration = configuration
        self.store = store
        self.committer = committer
        self.courier = courier
        self.transfers = transfers
        self.certificate = certificate
        self.onEvent = onEvent
        lastReload = (true, AgentClock.now)
        let targets = configuration.targets.map { target in
            TargetState(
                target: target.name, memory: stored.memories[target.name] ?? TargetMemory(),
                privacy: configuration.queryText, databases: target.databases,
                lastRuns: lastRuns.filter { $0.target == target.name })
        }
        state = AgentState(
            targets: targets,
            book: IncidentBook(
                incidents: stored.unfinishedIncidents, episodes: stored.episodes,
                runs: stored.memories.values.flatMap { $0.openRuns.map(\.run) },
                silences: stored.silences,
                policy: Self.policy(of: configuration, setup: setup)),
            groups: configuration.rules.files.flatMap(\.groups),
            // Of targets that are watched no longer no alert fires any more.
            alerts: stored.alerts.filter { alert in
                stored.memories[alert.target] == nil || targets.contains { $0.target == alert.target }
            })
    }

    /// How often the rules are evaluated.
    var ruleInterval: Duration { configuration.rules.interval }

    // MARK: - Steps

    /// - Parameter watcher: which watcher took it. One that was stopped may still bring a sample, of another server perhaps.
    func ingest(_ sample: Sample, from watcher: Int) -> Inquiry {
        guard watchers[sample.target]?.number == watcher else { return Inquiry() }
        lastLook = .now
        let (change, inquiry, events) = state.ingest(sample, at: AgentClock.now)
        committer.take(change)
        for event in events { onEvent(event) }
        if case .failed(let failure) = sample.content {
            setup.logger.debug(
                "look failed",
                metadata: [
                    "target": "\(sample.target)", "tier": "\(sample.tier.rawValue)", "error": "\(failure.message)",
                ])
        }
        return inquiry
    }

    /// Evaluates the rules: once every interval.
    func tick() async {
        // The outbox's figures are the one thing that the rules read from the store.
        if let outbox = try? await store.outboxSummary() { notifications.update(outbox: outbox) }
        notifications.noteSuperseded(committer.takeSuperseded())
        let clock = ContinuousClock()
        let begin = clock.now
        var own = MetricsBuilder()
        recordOwn(into: &own, at: AgentClock.now)
        let (change, failures) = state.evaluateRules(over: own, at: AgentClock.now) { clock.now - begin }
        committer.take(change)
        for failure in failures where loggedFailures.insert(failure.description).inserted {
            setup.logger.error("a rule could not be evaluated: \(failure)")
        }
        state.noteEvaluation(lasted: clock.now - begin)
        lastTick = clock.now
    }

    /// Whether the agent itself does its work.
    var pulse: AgentPulse {
        let now = ContinuousClock.now
        return AgentPulse(
            .init(
                age: now - startedAt, sinceTick: lastTick.map { now - $0 }, sinceLook: lastLook.map { now - $0 },
                storeProblem: committer.problem, tickLimit: tickLimit, lookLimit: lookLimit))
    }

    /// How long it may be until a look comes back: twice the longest that one takes, and a target that is down is tried again within ten
    /// seconds.
    private var lookLimit: Duration {
        let sampling = configuration.sampling
        let longest = max(sampling.idle, sampling.connectTimeout + sampling.statementTimeout)
        return longest * 2 + .seconds(30)
    }

    /// How long the rules may take to be evaluated again.
    var tickLimit: Duration { max(configuration.rules.interval * 10, .seconds(30)) }

    func note(_ outcome: Heartbeat.Outcome) {
        let now = AgentClock.now
        switch outcome {
        case .delivered:
            if heartbeats.note(.delivered, at: now) { setup.logger.info("the heartbeat arrives") }
        case .failed(let reason):
            guard heartbeats.note(.failed, at: now) else { return }
            setup.logger.error("the heartbeat does not arrive, trying on: \(reason)")
        case .withheld(let reasons, let untold):
            guard heartbeats.note(.withheld, at: now) else { return }
            setup.logger.error(
                "no heartbeat: the agent does not do its work: \(reasons.joined(separator: "; "))\(untold.map { "; its `fail_url` could not be told: \($0)" } ?? "")"
            )
        }
    }

    func note(_ event: CourierEvent) {
        switch event {
        case .settled(let settlement):
            notifications.note(settlement)
            log(settlement)
        case .abandoned(let receiver, let count, let reason):
            notifications.noteAbandoned(receiver: receiver, count: count)
            setup.logger.error(
                "gave up deliveries", metadata: ["receiver": "\(receiver)", "count": "\(count)", "reason": "\(reason)"])
        case .outboxFailed(let receiver, let error):
            setup.logger.error(
                "the outbox could not be used", metadata: ["receiver": "\(receiver)", "error": "\(error)"])
        case .refreshed(let receiver, _, let problems):
            // Once for as long as it is the same: it is tried again each minute.
            guard problems != refreshProblems.updateValue(problems, forKey: receiver) ?? [] else { return }
            for problem in problems {
                setup.logger.warning("could not tell again: \(problem)", metadata: ["receiver": "\(receiver)"])
            }
        case .attempting, .interrupted, .waiting:
            break
        }
    }

    private func log(_ settlement: Settlement) {
        let delivery = settlement.delivery
        let metadata: Logger.Metadata = [
            "receiver": "\(delivery.receiver)", "incident": "\(delivery.incidentID)", "delivery": "\(delivery.id)",
            "attempts": "\(delivery.attempts)",
        ]
        switch settlement.reason {
        case .delivered: setup.logger.info("told: \(delivery.notification.title)", metadata: metadata)
        case .willRetry:
            setup.logger.warning(
                "could not tell, trying again: \(delivery.lastError ?? "")", metadata: metadata)
        case .refused:
            setup.logger.error("could not tell, giving up: \(delivery.lastError ?? "")", metadata: metadata)
        }
    }

    /// See `IncidentBook.forgetEpisodes`.
    func forgetEpisodes(closedBefore time: Timestamp, exceptOf stored: [String: PastEpisode]) {
        state.forgetEpisodes(closedBefore: time, exceptOf: stored)
    }

    // MARK: - Life

    /// Starts the watchers and the courier's lanes. Nothing is looked at or sent before.
    ///
    /// - Parameter stored: what was stored, also of targets that have been removed from the configuration meanwhile.
    func start(after stored: StoredState) async {
        startedAt = .now
        if configuration.electsLeader {
            // Another agent may watch on what this one does no longer: only what was told from here is told to be over.
            for name in stored.memories.keys where state.targets[name] == nil { committer.awaitDecision(on: name) }
        }
        committer.take(state.retire(stored.memories, at: AgentClock.now))
        notifications.configure(receivers: configuration.receivers.map(\.name))
        await refreshFolders()
        if configuration.electsLeader {
            // What the agent had planned when it ended may have been told by another meanwhile.
            let now = AgentClock.now
            for target in configuration.targets { committer.turn(target.name, tells: false, at: now) }
            _ = await committer.store(StateChange())
        }
        await courier.update(receivers: deliveryClients)
        adjustWatchers()
        adjustHeartbeat()
    }

    /// Reads the folders of migrations anew: a deployment brings new ones before it runs them.
    func refreshFolders() async {
        for target in configuration.targets {
            let folder = await Self.readFolder(of: target)
            state.update(folder: folder, of: target.name)
        }
    }

    /// Stops the heartbeat and the watchers, and waits until their connections are closed; then lets another agent lead.
    func stop() async {
        heartbeat?.task.cancel()
        heartbeat = nil
        let tasks = watchers.values.map(\.task)
        watchers = [:]
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        await stopKeepers()
    }

    func reload() async -> ReloadOutcome {
        let next: Configuration
        do {
            next = try setup.load()
        } catch {
            lastReload.succeeded = false
            let errors = (error as? ConfigurationProblems)?.errors.map(\.description) ?? ["\(error)"]
            for error in errors { setup.logger.error("reload refused, the configuration in force stays: \(error)") }
            return .refused(errors: errors)
        }
        for warning in next.warnings { setup.logger.warning("\(warning)") }
        for (name, before, after) in [
            ("listen", "\(configuration.listen)", "\(next.listen)"),
            ("state", configuration.stateFolder, next.stateFolder),
            ("web.tls", certificate == nil ? "no" : "yes", next.web.tls == nil ? "no" : "yes"),
        ] where before != after {
            setup.logger.warning(
                "`\(name)` takes effect when the agent is started again",
                metadata: ["now": "\(before)", "then": "\(after)"])
        }
        configuration = next
        // They have just been proven; should they change at this very moment, the renewal takes care of it.
        if let certificate, let renewed = try? next.web.tls?.read() { certificate.replace(by: renewed) }
        notifications.configure(receivers: next.receivers.map(\.name))
        // Before anything is told by the new configuration: it may be for another agent to tell.
        adjustKeepers()
        let now = AgentClock.now
        let plans = next.targets.map { target in
            AgentState.TargetPlan(
                name: target.name,
                make: {
                    TargetState(target: target.name, privacy: next.queryText, databases: target.databases)
                }, update: { $0.update(privacy: next.queryText, databases: target.databases) })
        }
        committer.take(
            state.reconfigure(
                targets: plans, policy: Self.policy(of: next, setup: setup), groups: next.rules.files.flatMap(\.groups),
                at: now))
        await refreshFolders()
        // Another reload may have come in between: what is in force counts.
        await courier.update(receivers: deliveryClients)
        adjustWatchers()
        adjustHeartbeat()
        lastReload = (true, now)
        setup.logger.info("configuration reloaded")
        return .reloaded
    }

    /// Starts and stops watchers so that they are those of the configuration. One whose target is as before goes on undisturbed.
    private func adjustWatchers() {
        let sampling = configuration.sampling
        processes.watch(
            configuration.targets.map {
                .init(target: $0.name, tool: $0.migrations?.tool, folder: $0.migrations?.folder)
            })
        for (name, watcher) in watchers
        where configuration.targets.first(where: { $0.name == name }) != watcher.target || watcher.sampling != sampling
        {
            watcher.task.cancel()
            watchers[name] = nil
        }
        for target in configuration.targets where watchers[target.name] == nil {
            watcherCount += 1
            let number = watcherCount
            let watcher = TargetWatcher(
                probe: Sampler(.init(target, sampling: sampling)),
                cadence: .init(
                    glance: sampling.glance, idle: sampling.idle, active: sampling.active, history: sampling.history,
                    statements: sampling.statements, catalog: sampling.catalog),
                lookForProcesses: { [processes] in await processes.look(for: $0, of: target.name) },
                ingest: { [weak self] sample in await self?.ingest(sample, from: number) ?? Inquiry() })
            watchers[target.name] = Watcher(
                number: number, target: target, sampling: sampling, task: Task { await watcher.run() })
        }
        adjustKeepers()
    }

    /// Starts and stops the heartbeat so that it is that of the configuration.
    private func adjustHeartbeat() {
        guard heartbeat?.configuration != configuration.heartbeat else { return }
        heartbeat?.task.cancel()
        heartbeat = nil
        heartbeats.configure(configuration.heartbeat != nil)
        guard let configured = configuration.heartbeat else { return }
        let beating = Heartbeat(
            configuration: configured, transfers: transfers,
            pulse: { [weak self] in await self?.pulse ?? .starting }, report: { [weak self] in await self?.note($0) })
        heartbeat = (configured, Task { await beating.run() })
    }

    /// The configured receivers, each with its name.
    var receiverClients: [(name: String, client: ConfiguredReceiver)] {
        configuration.receivers.map { ($0.name, ConfiguredReceiver($0, transfers: transfers)) }
    }

    private var deliveryClients: [String: any DeliveryClient] {
        Dictionary(
            receiverClients.map { ($0.name, $0.client as any DeliveryClient) }, uniquingKeysWith: { first, _ in first })
    }

    private static func policy(of configuration: Configuration, setup: AgentSetup) -> IncidentPolicy {
        IncidentPolicy(
            routes: configuration.routes,
            stateReceivers: Set(configuration.receivers.filter(\.channel.isOfState).map(\.name)),
            correlatingReceivers: Set(configuration.receivers.filter(\.channel.isCorrelating).map(\.name)),
            maintenance: configuration.maintenance, planned: configuration.plannedMaintenance,
            targetLabels: Dictionary(
                configuration.targets.map { ($0.name, $0.labels) }, uniquingKeysWith: { first, _ in first }),
            externalURL: configuration.externalURL, sender: "lockkeeper \(setup.version) on \(setup.host)")
    }

    /// On a thread that may wait for the disk.
    private static func readFolder(of target: TargetConfiguration) async -> MigrationFolder? {
        guard let migrations = target.migrations else { return nil }
        return await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                continuation.resume(
                    returning: MigrationFolderReader().read(
                        tool: migrations.tool, path: migrations.folder, at: AgentClock.now))
            }
        }
    }
}
