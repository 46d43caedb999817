extension Standing {
    /// How a run's sessions stand in one observation: what they wait for, who is at the root of it, whom they hold up.
    init(of sessions: [Session], in observation: Observation, graph: WaitGraph, privacy: QueryTextPrivacy) {
        self.init()
        let pids = Set(sessions.map(\.pid))
        let locks = observation.locks.filter { pids.contains($0.pid) }

        let wait = locks.filter { !$0.isGranted }
            .min { ($0.waitStart ?? observation.serverTime) < ($1.waitStart ?? observation.serverTime) }
        let waiter = sessions.first(where: \.isWaitingForLock)
        if let wait {
            // `waitstart` is unknown for an instant, and before PostgreSQL 14.
            waitingSince = wait.waitStart ?? waiter?.queryStart ?? observation.serverTime
            waitingFor = wait.readable
            waitingKind = wait.kind
            let byPID = Dictionary(observation.sessions.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
            rootBlockers = graph.rootBlockers(of: wait.pid).flatMap { pid in
                pid == 0
                    ? observation.preparedTransactions.map(Blocker.init)
                    : [byPID[pid].map { Blocker($0, privacy: privacy) } ?? Blocker(pid: pid)]
            }.sorted {
                ($0.transactionStart ?? observation.serverTime, $0.pid) < (
                    $1.transactionStart ?? observation.serverTime, $1.pid
                )
            }
        }

        let victims = graph.victims(of: pids)
        blockedSessions = victims.count
        if !victims.isEmpty {
            let starts = observation.locks.filter { !$0.isGranted && victims.contains($0.pid) }.compactMap(\.waitStart)
            let queries = observation.sessions.filter { victims.contains($0.pid) }.compactMap(\.queryStart)
            blockedSince = starts.min() ?? queries.min() ?? observation.serverTime
        }
        strongestLock =
            locks.filter { $0.isGranted && $0.relation.map { !$0.isSystem } ?? false }
            .max { $0.mode < $1.mode }?.readable

        activity = RunActivity(of: sessions, locks: locks)

        let isIdle = sessions.contains { session in
            (session.state == .idleInTransaction || session.state == .idleInTransactionAborted)
                && observation.serverTime - (session.stateChange ?? observation.serverTime) > Self.idleGrace
        }
        if isIdle { idleSince = sessions.compactMap(\.stateChange).max() }
        state =
            if wait != nil { .blocked } else if isIdle { .idleInTransaction } else if blockedSessions > 0 {
                .blocking
            } else {
                .working
            }
    }

    /// A client is idle for a moment between any two statements.
    private static let idleGrace = Duration.seconds(2)
}

extension HeldLock {
    /// For people: `ACCESS EXCLUSIVE on public.orders`.
    public var readable: String {
        switch kind {
        case .relation, .extend, .page, .tuple:
            "\(mode.sqlName) on \(kind == .relation ? "" : "\(kind.rawValue) of ")\(relation?.readable ?? "a relation")"
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
