public import LockkeeperCore

/// A pretended server on which sessions come, work and go, in virtual time: what a look at it sees is what was put on stage.
public struct Stage {
    public static let origin = Timestamp(seconds: 1_764_000_000)

    public private(set) var now = Stage.origin
    public var tracker: MigrationTracker
    public var sessions: [Int32: Session] = [:]
    public var locks: [HeldLock] = []
    public var preparedTransactions: [PreparedTransaction] = []
    public var fates: [UInt64: TransactionFate] = [:]
    /// How many sessions have been terminated; `nil` for a server that does not tell.
    public var sessionsKilled: Int64?
    /// What long commands say of how far they are.
    public var progress: [Progress] = []
    /// How far the sequences of histories are, by the oid of the history's table.
    public var sequenceValues: [UInt32: Int64] = [:]
    public var serverStartedAt = Stage.origin - .seconds(86_400)
    public var history: [HistoryTable] = []
    /// The database that the agent's connection leads to. What clients do is in `shop` unless said otherwise.
    public var connectedDatabase = "shop"

    public init(memory: TargetMemory = TargetMemory(), databases: DatabaseSelection = .connected) {
        tracker = MigrationTracker(target: "app", memory: memory, databases: databases)
    }

    public static func drizzle(_ keys: String...) -> HistoryTable {
        HistoryTable(
            tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400,
            entries: .read(keys.map { HistoryEntry(key: $0, hash: "hash\($0)") }))
    }

    public mutating func wait(_ duration: Duration) { now = now + duration }

    public mutating func connect(
        _ pid: Int32, to database: String = "shop", application: String = "", user: String = "deploy",
        address: String = "10.0.0.7"
    ) {
        sessions[pid] = Session(
            pid: pid, backendStart: now, database: database, user: user, applicationName: application,
            clientAddress: address, clientPort: pid, state: .idle, stateChange: now)
    }

    public mutating func disconnect(_ pid: Int32) {
        sessions[pid] = nil
        locks.removeAll { $0.pid == pid }
    }

    /// Sends a statement that is still running.
    public mutating func run(_ pid: Int32, _ query: String, transactionID: UInt64? = nil) {
        guard var session = sessions[pid] else { return }
        session.state = .active
        session.queryStart = now
        session.stateChange = now
        session.transactionStart = session.transactionStart ?? now
        session.transactionID = transactionID ?? session.transactionID
        session.query = query
        sessions[pid] = session
    }

    /// Ends the running statement, leaving its transaction open or not.
    public mutating func finish(_ pid: Int32, inTransaction: Bool = false, failed: Bool = false) {
        sessions[pid]?.state = inTransaction ? (failed ? .idleInTransactionAborted : .idleInTransaction) : .idle
        sessions[pid]?.stateChange = now
        sessions[pid]?.waitEventType = nil
        locks.removeAll { $0.pid == pid && !$0.isGranted }
        // The server shows neither start nor id of a transaction that has failed, which holds no locks any more either.
        if !inTransaction || failed {
            sessions[pid]?.transactionStart = nil
            sessions[pid]?.transactionID = nil
            locks.removeAll { $0.pid == pid }
        }
    }

    /// Runs a statement from begin to end between two looks.
    public mutating func execute(_ pid: Int32, _ query: String, inTransaction: Bool = false) {
        run(pid, query)
        wait(.milliseconds(5))
        finish(pid, inTransaction: inTransaction)
    }

    public mutating func hold(
        _ pid: Int32, _ mode: LockMode, on relation: String, oid: UInt32 = 20_000, temporary: Bool = false
    ) {
        locks.append(
            HeldLock(
                pid: pid, kind: .relation, mode: mode, isGranted: true, database: "shop",
                relation: .init(oid: oid, name: relation, isTemporary: temporary)))
    }

    /// Lets a session wait for a lock behind others. Who of them holds no such lock, nor waits for one, is given the weakest that is
    /// in the way.
    public mutating func block(
        _ pid: Int32, behind others: Int32..., mode: LockMode = .accessExclusive, on relation: String,
        oid: UInt32 = 20_000
    ) {
        sessions[pid]?.waitEventType = "Lock"
        sessions[pid]?.waitEvent = "relation"
        for other in others {
            let isInTheWay = locks.contains {
                $0.pid == other && $0.relation?.oid == oid && $0.mode.conflicts(with: mode)
            }
            if !isInTheWay, let weakest = mode.conflicts.modes.first { hold(other, weakest, on: relation, oid: oid) }
        }
        locks.append(
            HeldLock(
                pid: pid, kind: .relation, mode: mode, isGranted: false, waitStart: now, database: "shop",
                relation: .init(oid: oid, name: relation)))
    }

    public var observation: Observation {
        Observation(
            server: Server(versionNumber: 150_018, startedAt: serverStartedAt, database: connectedDatabase),
            serverTime: now,
            sessions: sessions.values.sorted { $0.pid < $1.pid }, locks: locks,
            preparedTransactions: preparedTransactions, transactionFates: fates,
            sessionsKilled: sessionsKilled.map { ["shop": $0] } ?? [:], progress: progress,
            sequenceValues: sequenceValues)
    }

    public mutating func look() -> [RunEvent] {
        tracker.observe(observation)
    }

    public mutating func readHistory(of database: String = "shop") -> [RunEvent] {
        tracker.observe(HistoryReading(database: database, serverTime: now, tables: history))
    }

    /// Looks once a second, and reads the history whenever the tracker wants it, for as long.
    public mutating func watch(for duration: Duration) -> [RunEvent] {
        var events: [RunEvent] = []
        let end = now + duration
        while now < end {
            wait(.seconds(1))
            events += look()
            for database in tracker.inquiry.historyWanted.sorted() { events += readHistory(of: database) }
        }
        return events
    }
}

extension [RunEvent] {
    public var started: [MigrationRun] { compactMap { if case .started(let run) = $0 { run } else { nil } } }
    public var ended: [MigrationRun] { compactMap { if case .ended(let run) = $0 { run } else { nil } } }
    public var discovered: [MigrationRun] { compactMap { if case .discovered(let run) = $0 { run } else { nil } } }
}
