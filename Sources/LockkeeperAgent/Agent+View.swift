internal import LockkeeperConfig
internal import LockkeeperCore
internal import LockkeeperStore
internal import LockkeeperWeb

extension Agent: AgentView {
    func metrics() -> MetricsSnapshot {
        let now = AgentClock.now
        var metrics = MetricsBuilder()
        recordOwn(into: &metrics, at: now)
        state.record(into: &metrics, at: now)
        process.record(into: &metrics)
        return metrics.snapshot()
    }

    /// The agent's own metrics that the rules read, too.
    func recordOwn(into metrics: inout MetricsBuilder, at now: Timestamp) {
        notifications.record(into: &metrics, at: now)
        recordLeadership(into: &metrics)
        heartbeats.record(into: &metrics)
        metrics.set(MetricCatalog.configLastReloadSuccessful, NoLabels(), to: lastReload.succeeded)
        metrics.set(MetricCatalog.configLastReloadSuccess, NoLabels(), to: lastReload.succeededAt)
        metrics.set(MetricCatalog.build, .init(version: setup.version), to: 1)
    }

    func targets() -> [TargetStatus] {
        let now = AgentClock.now
        return configuration.targets.compactMap { target in
            state.targets[target.name].map {
                TargetStatus($0, labels: target.labels, leadership: leadership[target.name], at: now)
            }
        }
    }

    func locks(target: String?) -> [TargetLocks] {
        configuration.targets.compactMap { configured in
            guard target == nil || target == configured.name, let state = state.targets[configured.name] else {
                return nil
            }
            return TargetLocks(target: configured.name, overview: state.lockOverview)
        }
    }

    func findings(target: String?) -> [TargetFindings] {
        let now = AgentClock.now
        return configuration.targets.compactMap { configured in
            guard target == nil || target == configured.name, let state = state.targets[configured.name] else {
                return nil
            }
            return TargetFindings(
                target: configured.name, at: state.serverTime(at: now), isKnown: state.isReachable,
                findings: state.findings(at: now))
        }
    }

    func migrations(_ query: MigrationQuery) async throws -> [RunSnapshot] {
        let stored = try await store.runs(
            RunFilter(target: query.target, isRunning: query.isRunning), limit: query.limit)
        // A slow disk may not have the newest yet.
        let known = Set(stored.map(\.id))
        let unstored = openRuns.filter { run in
            !known.contains(run.id) && query.target.map { $0 == run.target } ?? true && query.isRunning != false
        }
        return (unstored.sorted { $0.begin > $1.begin } + stored).prefix(query.limit).map(snapshot)
    }

    func migration(run: String) async throws -> RunSnapshot? {
        let stored = try await store.run(run)
        return (stored ?? openRuns.first { $0.id == run }).map(snapshot)
    }

    private var openRuns: [MigrationRun] { state.targets.values.flatMap { $0.tracker.open.map(\.run) } }

    /// The run as it is known now: what is in memory is newer than what is stored.
    private func snapshot(_ run: MigrationRun) -> RunSnapshot {
        let target = state.targets[run.target]
        return RunSnapshot(
            run: target?.tracker.open.first { $0.run.id == run.id }?.run ?? run,
            serverTime: target?.serverTime(at: AgentClock.now) ?? AgentClock.now)
    }

    func incidents(_ query: IncidentQuery) async throws -> [Incident] {
        try await store.incidents(IncidentFilter(target: query.target, status: query.status), limit: query.limit)
            .map { state.book.open[$0.id] ?? $0 }
    }

    func incident(id: String) async throws -> Incident? {
        try await store.incident(id).map { state.book.open[$0.id] ?? $0 }
    }

    func deliveries(_ query: DeliveryQuery) async throws -> [Delivery] {
        try await store.deliveries(
            DeliveryFilter(receiver: query.receiver, status: query.status, incident: query.incidentID),
            limit: query.limit)
    }

    func series() -> SeriesSnapshot { SeriesSnapshot(window: state.window, now: AgentClock.now) }

    func rules() -> RulesStatus { RulesStatus(groups: state.ruleGroups, interval: configuration.rules.interval) }

    /// Whether the rules have been evaluated lately: if not, the agent hangs.
    func health() -> AgentCondition {
        guard let lastTick, ContinuousClock.now - lastTick > tickLimit else { return .fine }
        return .impaired(reasons: ["the rules have not been evaluated for \((ContinuousClock.now - lastTick).readable)"]
        )
    }

    /// Whether each target has been looked at, be it in vain, what changes is stored, and every secret that telling and being asked take
    /// can be read.
    func readiness() async -> AgentCondition {
        var reasons = configuration.targets.filter { target in
            state.targets[target.name].map { $0.seenAt == nil && $0.failure == nil } ?? true
        }.map { "\($0.name) has not been looked at yet" }
        if let problem = committer.problem { reasons.append("the state cannot be stored: \(problem)") }
        reasons += await SecretProblems.find(in: configuration, receivers: receiverClients)
        return reasons.isEmpty ? .fine : .impaired(reasons: reasons)
    }
}

extension TargetStatus {
    init(_ target: TargetState, labels: [String: String], leadership: LeadershipRole?, at now: Timestamp) {
        let observation = target.isReachable ? target.observation : nil
        // As in the metrics: of the databases that are watched, whatever else the server has.
        let sessions = observation?.sessions.filter { target.tracker.isWatched($0.database) } ?? []
        let clients = sessions.filter { $0.backendType == "client backend" }
        let own = Set(sessions.map { target.waitGraph.owner(of: $0.pid) })
        let serverTime = target.serverTime(at: now)
        var warnings: [String] = []
        if let server = target.observation?.server {
            if !server.canReadAllStats {
                warnings.append(
                    "the role \(server.role) may not see other users' queries: grant it pg_monitor (deploy/monitoring-role.sql)"
                )
            }
            if let pooler = server.pooler {
                warnings.append("a pooler is in front: \(pooler); connect directly to see all that the server can tell")
            }
        }
        if case .unknown(let reason) = leadership {
            warnings.append("it cannot be known which agent leads, so this one tells of the target: \(reason)")
        }
        warnings += target.performance.warnings
        warnings += target.tracker.folder?.problems ?? []
        for database in target.tracker.readDatabases {
            for table in target.tracker.histories(of: database)?.tables ?? [] {
                if case .failed(let failure) = table.entries {
                    warnings.append("\(database): \(table.relation) could not be read: \(failure.message)")
                }
            }
        }
        for (database, reading) in target.health.readings.sorted(by: { $0.key < $1.key }) {
            for (part, failure) in reading.failures.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                warnings.append("\(database): \(part.rawValue) could not be read: \(failure.message)")
            }
        }
        self.init(
            name: target.target, labels: labels, databases: target.tracker.readDatabases,
            isUp: target.seenAt == nil && target.failure == nil ? nil : target.isReachable, failure: target.failure,
            lastSeenAt: target.seenAt, lastSampleDuration: target.lastSampleDuration,
            server: target.observation?.server,
            warnings: warnings, runningMigrations: target.tracker.open.count,
            sessions: observation.map { _ in clients.count },
            lockWaiters: observation.map { _ in target.waitGraph.waitingOwners.intersection(own).count },
            oldestTransaction: clients.compactMap(\.transactionStart).min().map { max(.zero, serverTime - $0) },
            leadership: leadership)
    }
}
