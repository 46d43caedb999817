extension Standing {
    /// How a run's sessions stand in one observation: what they wait for, who is at the root of it, whom they hold up.
    ///
    /// - Parameters:
    ///   - all: all sessions of the observation.
    ///   - locks: all of its locks, by session.
    init(
        of sessions: [Session], in observation: Observation, all: SessionTable, locks: [Int32: [HeldLock]],
        graph: WaitGraph, privacy: QueryTextPrivacy
    ) {
        self.init()
        let pids = Set(sessions.map(\.pid))
        let locks = sessions.flatMap { locks[$0.pid, default: []] }

        let wait = graph.queues.lazy.flatMap(\.waiters).filter { pids.contains($0.pid) }
            .min { ($0.since ?? observation.serverTime) < ($1.since ?? observation.serverTime) }
        if let wait {
            pid = wait.pid
            // It is unknown for an instant, and before PostgreSQL 14.
            waitingSince =
                wait.since ?? sessions.first { $0.pid == wait.pid }?.queryStart ?? observation.serverTime
            waitingFor = wait.readable
            waitingKind = wait.lock.kind
            rootBlockers = graph.rootBlockers(of: wait.pid).compactMap {
                Blocker($0, in: observation, sessions: all, privacy: privacy)
            }.sorted {
                ($0.transactionStart ?? observation.serverTime, $0.pid) < (
                    $1.transactionStart ?? observation.serverTime, $1.pid
                )
            }
        }

        impact = Impact(of: pids, in: observation, sessions: all, graph: graph, privacy: privacy)
        blockedSessions = impact?.total ?? 0
        blockedSince = impact?.victims.first?.waitingSince
        strongestLock =
            locks.filter { $0.isGranted && $0.relation.map { !$0.isSystem } ?? false }
            // Of those of the same strength one with a name: what is being created has none yet.
            .max { ($0.mode, $0.relation?.name == nil ? 0 : 1) < ($1.mode, $1.relation?.name == nil ? 0 : 1) }?
            .readable

        activity = RunActivity(of: sessions, locks: locks)

        // Some tools keep a transaction open on one connection, for their lock, and work by another.
        let active = sessions.filter { $0.state == .active }
        let idle = sessions.filter { $0.isIdleInTransaction(for: Self.idleGrace, at: observation.serverTime) }
            .max { ($0.stateChange ?? observation.serverTime) < ($1.stateChange ?? observation.serverTime) }
        let isIdle = active.isEmpty && idle != nil
        if isIdle { idleSince = idle?.stateChange }
        if wait == nil {
            let candidates = isIdle ? [idle].compactMap(\.self) : active
            pid = (candidates.first { !graph.victims(of: [$0.pid]).isEmpty } ?? candidates.first)?.pid
        }
        state =
            if wait != nil { .blocked } else if isIdle { .idleInTransaction } else if blockedSessions > 0 {
                .blocking
            } else {
                .working
            }
    }

    /// Says of those in its way which are migrations themselves, its own other sessions included.
    ///
    /// - Parameter runs: those that are going on.
    mutating func note(runs: [MigrationRun], sessions: SessionTable) {
        for index in rootBlockers.indices {
            guard let session = sessions[rootBlockers[index].pid],
                let run = runs.last(where: { $0.sessions.contains(session.identity) })
            else { continue }
            rootBlockers[index].run = run.id
            rootBlockers[index].tool = run.tool
        }
    }

    /// Adds how far the run is. One that advances while it waits, sits idle or holds others up is that first.
    mutating func note(_ progress: RunProgress?, at serverTime: Timestamp) {
        self.progress = progress
        if state == .working, progress?.isAdvancing(at: serverTime) == true { state = .progressing }
    }

    /// A client is idle for a moment between any two statements.
    static let idleGrace = Duration.seconds(2)
}

extension Session {
    /// Whether it has sent nothing for longer than that, with its transaction open.
    func isIdleInTransaction(for grace: Duration, at serverTime: Timestamp) -> Bool {
        (state == .idleInTransaction || state == .idleInTransactionAborted)
            && serverTime - (stateChange ?? serverTime) > grace
    }
}

extension HeldLock {
    /// For people: `ACCESS EXCLUSIVE on public.orders`.
    public var readable: String {
        switch kind {
        case .relation: "\(mode.sqlName) on \(relation?.readable ?? "a relation")"
        case .extend, .page: "\(mode.sqlName) on \(kind.rawValue) of \(relation?.readable ?? "a relation")"
        case .tuple: "a row of \(relation?.readable ?? "a relation") that others wait for, too"
        case .transactionid: "the end of another transaction (a row lock)"
        case .virtualxid: "the end of older transactions (CONCURRENTLY waits for their snapshots)"
        case .advisory: "an advisory lock"
        default: "\(mode.sqlName) on \(kind.rawValue)"
        }
    }
}

extension HeldLock.Relation {
    public var readable: String { name ?? "relation \(oid)" }
}

extension Blocker {
    /// `nil` for a prepared transaction that was finished meanwhile.
    init?(
        _ owner: LockOwner, in observation: Observation, sessions: SessionTable, privacy: QueryTextPrivacy
    ) {
        switch owner {
        case .session(let pid):
            self = sessions[pid].map { Blocker($0, privacy: privacy) } ?? Blocker(pid: pid)
            seenAt = observation.serverTime
        case .preparedTransaction(let gid):
            guard let prepared = observation.preparedTransactions.first(where: { $0.gid == gid }) else { return nil }
            self.init(prepared)
        }
    }

    init(_ session: Session, privacy: QueryTextPrivacy) {
        self.init(
            pid: session.pid, user: session.user, database: session.database,
            applicationName: session.applicationName, clientAddress: session.clientAddress,
            backendType: session.backendType, state: session.state, transactionStart: session.transactionStart,
            stateChange: session.stateChange, query: privacy.shown(session.query),
            preventsWraparound: session.backendType == "autovacuum worker"
                && session.query.hasSuffix("(to prevent wraparound)"))
    }

    init(_ prepared: PreparedTransaction) {
        self.init(
            pid: 0, gid: prepared.gid, user: prepared.owner, database: prepared.database,
            backendType: "prepared transaction", transactionStart: prepared.preparedAt)
    }
}
