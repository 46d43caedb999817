/// What is known of one target: the newest look at it, its runs, its figures. Changes only by samples.
public struct TargetState: Sendable {
    public let target: String
    public private(set) var tracker: MigrationTracker
    public private(set) var performance: Performance
    public private(set) var health: Health
    public private(set) var processes: Processes
    private var deadlocks = DeadlockWatch()
    private var unseenChanges: UnseenChanges
    /// How many runs have begun or ended.
    private var milestones = 0
    /// The newest full look, however old; `seenAt` says how old.
    public private(set) var observation: Observation?
    /// Who waited for whom at that look.
    public private(set) var waitGraph = WaitGraph(locks: [])
    private var lockWaits = LockWaitTimes()
    /// The agent's clock at the newest answer of the server to a look of any depth but the history's.
    public private(set) var seenAt: Timestamp?
    /// Why the newest look failed; `nil` while the target answers.
    public private(set) var failure: SampleFailure?
    /// Since when it does not answer, by the agent's clock.
    public private(set) var failingSince: Timestamp?
    /// How long the newest full look took.
    public private(set) var lastSampleDuration: Duration?
    /// The server's clock and the agent's at the same moment.
    private var clocks: (server: Timestamp, agent: Timestamp)?
    private var counts: [MetricCatalog.SampleLabels: Int] = [:]
    private var durations: [SamplingTier: HistogramAccumulator] = [:]
    private var finished: [MetricCatalog.ToolLabels: Finished] = [:]
    /// Of how many tools and databases the last run is remembered, at most: some ten series each.
    static let finishedLimit = 500

    /// The runs of one tool in one database that have ended since the agent started.
    private struct Finished: Sendable {
        var byOutcome: [String: Int] = [:]
        var last: MigrationRun
    }

    /// - Parameter lastRuns: the last finished run of each tool and database, from the store.
    public init(
        target: String, memory: TargetMemory = TargetMemory(), folder: MigrationFolder? = nil,
        privacy: QueryTextPrivacy = .normalized, databases: DatabaseSelection = .connected,
        lastRuns: [MigrationRun] = []
    ) {
        self.target = target
        self.tracker = MigrationTracker(
            target: target, memory: memory, folder: folder, privacy: privacy, databases: databases)
        performance = Performance(target: target, privacy: privacy)
        health = Health(target: target)
        processes = Processes(target: target)
        unseenChanges = UnseenChanges(target: target)
        for run in lastRuns { finished[.init(run)] = Finished(last: run) }
        limitFinished()
    }

    /// Whether it answers, and has been looked at in full since it last did not.
    public var isReachable: Bool { failure == nil && seenAt != nil && isObserved }

    private var isObserved = false

    /// Replaces what is known of the folder of migrations.
    public mutating func update(folder: MigrationFolder?) {
        tracker.folder = folder
    }

    public mutating func update(privacy: QueryTextPrivacy, databases: DatabaseSelection) {
        tracker.privacy = privacy
        performance.privacy = privacy
        tracker.databases = databases
    }

    /// The server's clock at a time of the agent's; the agent's own while the server's is unknown.
    public func serverTime(at now: Timestamp) -> Timestamp {
        clocks.map { $0.server + (now - $0.agent) } ?? now
    }

    public mutating func advance(_ sample: Sample) -> [RunEvent] {
        count(sample)
        var events: [RunEvent] = []
        switch sample.content {
        case .glanced(let glance):
            answer(at: sample.takenAt, serverTime: glance.serverTime)
        case .seen(let observation):
            answer(at: sample.takenAt, serverTime: observation.serverTime)
            self.observation = observation
            isObserved = true
            failure = nil
            failingSince = nil
            lastSampleDuration = sample.duration
            waitGraph = observation.waitGraph
            lockWaits.advance(observation)
            events = tracker.observe(observation, graph: waitGraph)
            performance.advance(observation)
            unseenChanges.noteLook(at: observation.serverTime)
        case .history(let reading):
            events = tracker.observe(reading)
        case .statements(let reading):
            performance.advance(reading, isWatched: tracker.isWatched)
            deadlocks.advance(reading)
            events = unseenChanges.advance(reading, open: tracker.open.map(\.run)).map(RunEvent.discovered)
        case .statementTexts(let texts):
            performance.advance(texts)
        case .catalog(let reading):
            health.advance(reading)
            if let present = health.presentDatabases, reading.server != nil { forgetFinished(except: present) }
        case .processes(let reading):
            processes.advance(reading)
            tracker.clients = processes.sightings
        case .failed(let failure):
            guard sample.tier.tellsWhetherReachable else { break }
            self.failure = failure
            isObserved = false
            failingSince = failingSince ?? sample.takenAt
        }
        unseenChanges.note(events)
        if !events.isEmpty { performance.advance(events, at: serverTime(at: sample.takenAt)) }
        events += performance.takeReviewed().map(RunEvent.reviewed)
        milestones += events.count(where: \.isMilestone)
        for case .ended(let run) in events { finish(run) }
        for case .discovered(let run) in events { finish(run) }
        for case .reviewed(let run) in events where finished[.init(run)]?.last.id == run.id {
            finished[.init(run)]?.last = run
        }
        return events
    }

    /// What the next looks should find out.
    public var inquiry: Inquiry {
        var inquiry = tracker.inquiry
        inquiry.milestones = milestones
        inquiry.processQuestions =
            observation.map { ProcessQuestion.about(tracker.open.map(\.run), in: $0) } ?? []
        inquiry.statementTextsWanted = performance.textsWanted
        return inquiry
    }

    /// A glance that works after a look that did not is no reason to call the target up: it does not show what the rules are about.
    private mutating func answer(at now: Timestamp, serverTime: Timestamp) {
        seenAt = now
        clocks = (serverTime, now)
    }

    private mutating func finish(_ run: MigrationRun) {
        let label = run.outcome?.label ?? "lost"
        finished[.init(run), default: Finished(last: run)].byOutcome[label, default: 0] += 1
        finished[.init(run)]?.last = run
        limitFinished()
    }

    /// Databases that are gone take their figures with them: a server may create one for each test.
    private mutating func forgetFinished(except present: Set<String>) {
        let busy = Set(tracker.open.map(\.run.database))
        finished = finished.filter { present.contains($0.key.database) || busy.contains($0.key.database) }
    }

    /// Forgets those that ended longest ago, where the server has more databases than it can list.
    private mutating func limitFinished() {
        guard finished.count > Self.finishedLimit else { return }
        let oldest = finished.sorted {
            ($0.value.last.end ?? $0.value.last.begin, $0.value.last.id)
                < ($1.value.last.end ?? $1.value.last.begin, $1.value.last.id)
        }
        for (labels, _) in oldest.prefix(finished.count - Self.finishedLimit) { finished[labels] = nil }
    }

    private mutating func count(_ sample: Sample) {
        var failure: SampleFailure.Reason?
        if case .failed(let why) = sample.content { failure = why.reason }
        counts[.init(target: target, tier: sample.tier, failure: failure), default: 0] += 1
        durations[sample.tier, default: MetricCatalog.sampleDuration.empty].observe(sample.duration)
    }

    // MARK: - Diagnosis

    /// All that is known now. What a target that does not answer was last seen at is no evidence; its runs and their ends are.
    public func situation(at now: Timestamp, thresholds: DiagnosisThresholds = DiagnosisThresholds()) -> Situation {
        Situation(
            target: target, now: serverTime(at: now), observation: isReachable ? observation : nil,
            runs: tracker.open.map(\.run), lastRuns: finished.values.map(\.last).sorted { $0.id < $1.id },
            histories: tracker.readDatabases.compactMap(tracker.histories), folder: tracker.folder,
            catalogs: health.readings.values.sorted { $0.database < $1.database }, server: health.server,
            performance: performance, deadlocks: deadlocks, processes: processes, graph: waitGraph,
            privacy: tracker.privacy, thresholds: thresholds)
    }

    /// What is wrong with it, or looks wrong and is not, the severest first. What goes on in databases that it does not watch is another
    /// target's to tell, unless it is a run's doing, or concerns the whole server.
    public func findings(at now: Timestamp) -> [Finding] {
        Diagnosis.findings(in: situation(at: now)).filter { finding in
            finding.run != nil || finding.database.isEmpty || finding.verdict.concernsServer
                || tracker.isWatched(finding.database)
        }
    }

    // MARK: - Figures

    /// Writes the target's metrics. Those of the database are left out while it does not answer; its open runs stay, by the last that is known
    /// of them, since no one has seen them end.
    public func record(into metrics: inout MetricsBuilder, at now: Timestamp) {
        let labels = MetricCatalog.TargetLabels(target: target)
        metrics.set(MetricCatalog.up, labels, to: isReachable)
        if let seenAt { metrics.set(MetricCatalog.lastSample, labels, to: seenAt) }
        for (labels, count) in counts { metrics.set(MetricCatalog.samples, labels, to: count) }
        for (tier, histogram) in durations {
            metrics.set(MetricCatalog.sampleDuration, .init(target: target, tier: tier), to: histogram)
        }
        recordRuns(into: &metrics, at: serverTime(at: now))
        recordHistories(into: &metrics)
        lockWaits.record(into: &metrics, target: target)
        performance.recordSlowdowns(into: &metrics)
        if isReachable {
            performance.record(into: &metrics, isWatched: tracker.isWatched)
            health.record(into: &metrics)
        }
        processes.record(into: &metrics, at: now)
        if isReachable, let observation { recordServer(observation, into: &metrics, at: serverTime(at: now)) }
        for finding in findings(at: now) { metrics.add(1, to: MetricCatalog.findings, .init(finding)) }
    }

    private func recordRuns(into metrics: inout MetricsBuilder, at serverTime: Timestamp) {
        for tool in knownTools {
            metrics.set(MetricCatalog.migrationRunning, tool, to: 0)
            for outcome in MetricCatalog.RunOutcomeLabels.outcomes {
                metrics.set(MetricCatalog.migrations, .init(tool, outcome: outcome), to: 0)
            }
        }
        for (labels, finished) in finished {
            metrics.set(MetricCatalog.migrationRunning, labels, to: 0)
            for outcome in MetricCatalog.RunOutcomeLabels.outcomes {
                metrics.set(
                    MetricCatalog.migrations, .init(labels, outcome: outcome),
                    to: finished.byOutcome[outcome, default: 0])
            }
            metrics.set(MetricCatalog.migrationLastDuration, labels, to: finished.last.duration(at: serverTime))
            if let end = finished.last.end { metrics.set(MetricCatalog.migrationLastFinished, labels, to: end) }
            let hasFailed = finished.last.outcome.map { ["failed", "cancelled"].contains($0.label) } ?? false
            metrics.set(MetricCatalog.migrationLastFailed, .init(finished.last), to: hasFailed)
        }
        for run in tracker.open.map(\.run) {
            metrics.add(1, to: MetricCatalog.migrationRunning, .init(run))
            let labels = MetricCatalog.RunLabels(run)
            let standing = run.standing
            metrics.set(MetricCatalog.migrationDuration, labels, to: run.duration(at: serverTime))
            metrics.set(
                MetricCatalog.migrationWaiting, labels,
                to: standing.waitingSince.map { max(.zero, serverTime - $0) } ?? .zero)
            metrics.set(MetricCatalog.migrationBlockedSessions, labels, to: standing.blockedSessions)
            metrics.set(
                MetricCatalog.migrationBlocked, labels,
                to: standing.blockedSince.map { max(.zero, serverTime - $0) } ?? .zero)
            // Of others' transactions that it waits for, one may end as late as it likes: their share says nothing of the rest.
            if let progress = standing.progress, progress.unit != .transactions, let ratio = progress.ratio {
                metrics.set(MetricCatalog.migrationProgress, labels, to: ratio)
            }
            if let remaining = standing.progress?.remaining {
                metrics.set(MetricCatalog.migrationRemaining, labels, to: remaining)
            }
            if let step = standing.progress?.step, let done = step.migrationsDone {
                metrics.set(MetricCatalog.migrationStepsDone, labels, to: done)
                if let total = step.migrationsTotal { metrics.set(MetricCatalog.migrationSteps, labels, to: total) }
            }
            for state in RunState.allCases {
                metrics.set(MetricCatalog.migrationState, .init(run, state: state), to: standing.state == state)
            }
        }
    }

    /// The tools whose history, or folder, is there, and changes by hand: their numbers of runs are shown as 0 before the first, since
    /// only what was 0 before can be seen to increase.
    private var knownTools: [MetricCatalog.ToolLabels] {
        tracker.readDatabases.flatMap { database in
            let tools = tracker.histories(of: database)?.tables.map(\.tool) ?? []
            return (tools + [tracker.folder?.tool, MigrationTool.manual].compactMap(\.self)).map {
                MetricCatalog.ToolLabels(target: target, database: database, tool: $0)
            }
        }
    }

    private func recordHistories(into metrics: inout MetricsBuilder) {
        guard let folder = tracker.folder else { return }
        for database in tracker.readDatabases {
            guard let reading = tracker.histories(of: database),
                reading.tables.contains(where: { $0.tool == folder.tool })
            else { continue }
            let comparison = folder.compare(with: reading)
            let labels = MetricCatalog.ToolLabels(target: target, database: database, tool: folder.tool)
            metrics.set(MetricCatalog.migrationsPending, labels, to: comparison.pending.count)
            metrics.set(MetricCatalog.migrationsSkipped, labels, to: comparison.skipped.count)
        }
    }

    private func recordServer(_ observation: Observation, into metrics: inout MetricsBuilder, at serverTime: Timestamp)
    {
        // Two targets may be databases of one server: each tells of its own.
        let sessions = Dictionary(
            grouping: observation.sessions.filter { !$0.database.isEmpty && tracker.isWatched($0.database) },
            by: \.database)
        let locks = Dictionary(grouping: observation.locks, by: \.database)
        let waits = waitGraph.queues.flatMap(\.waiters)
        let roots = rootBlockerCounts(observation, of: Set(sessions.keys))
        let ownSessions = Set(tracker.open.flatMap(\.run.sessions))
        for database in Set(sessions.keys).union(tracker.readDatabases) {
            let labels = MetricCatalog.DatabaseLabels(target: target, database: database)
            let here = sessions[database, default: []]
            let pids = Set(here.map(\.pid))
            for state in [Session.State.active, .idle, .idleInTransaction, .idleInTransactionAborted] {
                metrics.set(MetricCatalog.sessions, .init(labels, state: state), to: here.count { $0.state == state })
            }
            let clients = here.filter { $0.backendType == "client backend" }
            metrics.set(
                MetricCatalog.oldestTransaction, labels,
                to: age(of: clients.compactMap(\.transactionStart).min(), at: serverTime))
            // That of a run is told with the run; the leader of a parallel dump idles while its workers copy.
            let idle = clients.filter {
                $0.isIdleInTransaction && !$0.isDump && !ownSessions.contains($0.identity)
            }
            metrics.set(
                MetricCatalog.idleInTransactionOldest, labels,
                to: age(of: idle.compactMap(\.stateChange).min(), at: serverTime))

            let waiting = waits.filter { pids.contains($0.pid) }
            metrics.set(MetricCatalog.lockWaiters, labels, to: Set(waiting.map(\.owner)).count)
            metrics.set(
                MetricCatalog.lockOldestWait, labels, to: age(of: waiting.compactMap(\.since).min(), at: serverTime))
            metrics.set(MetricCatalog.lockRootBlockers, labels, to: roots[database, default: 0])
            var held: [MetricCatalog.LockLabels: Int] = [:]
            for (mode, count) in observation.unlistedLocks[database, default: [:]] {
                held[.init(labels, mode: mode, isGranted: true)] = count
            }
            for lock in locks[database, default: []] {
                held[.init(labels, mode: lock.mode, isGranted: lock.isGranted), default: 0] += 1
            }
            for mode in LockMode.allCases where mode != .siRead {
                for isGranted in [true, false] {
                    let key = MetricCatalog.LockLabels(labels, mode: mode, isGranted: isGranted)
                    metrics.set(MetricCatalog.locks, key, to: held[key, default: 0])
                }
            }
        }
    }

    /// How many root blockers each database has: its own ones, and those from elsewhere that hold up sessions of it. Locks on what all
    /// databases share, such as roles and databases themselves, are waited for across databases.
    private func rootBlockerCounts(_ observation: Observation, of databases: Set<String>) -> [String: Int] {
        guard !waitGraph.isEmpty else { return [:] }
        let databaseOf = Dictionary(
            observation.sessions.map { (LockOwner.session($0.pid), $0.database) }
                + observation.preparedTransactions.map { (.preparedTransaction($0.gid), $0.database) },
            uniquingKeysWith: { first, _ in first })
        var counts: [String: Int] = [:]
        for root in waitGraph.rootBlockers {
            let own = databaseOf[root] ?? ""
            if databases.contains(own) || tracker.isWatched(own) {
                counts[own, default: 0] += 1
            } else {
                let held = Set(waitGraph.victims(of: [root]).compactMap { databaseOf[$0] })
                for database in held.intersection(databases) { counts[database, default: 0] += 1 }
            }
        }
        return counts
    }

    /// Who waits for whom, as it may be shown; `nil` while that is not known.
    public var lockOverview: LockOverview? {
        guard isReachable, let observation else { return nil }
        return LockOverview(observation, graph: waitGraph, privacy: tracker.privacy)
    }

    private func age(of start: Timestamp?, at serverTime: Timestamp) -> Duration {
        start.map { max(.zero, serverTime - $0) } ?? .zero
    }
}
