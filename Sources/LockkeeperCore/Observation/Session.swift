/// A server process as `pg_stat_activity` shows it.
public struct Session: Sendable, Hashable, Codable {
    public var pid: Int32
    /// Start of the process: with the pid, the identity of a session.
    public var backendStart: Timestamp
    /// `client backend`, `autovacuum worker`, `parallel worker`, `walsender`, …
    public var backendType: String
    /// "" for processes without a database.
    public var database: String
    public var user: String
    public var applicationName: String
    /// The address, or "" for a Unix socket.
    public var clientAddress: String
    /// -1 for a Unix socket, 0 if unknown.
    public var clientPort: Int32
    public var state: State
    /// Start of the current transaction, if one is open.
    public var transactionStart: Timestamp?
    /// Start of the running query, or of the last one while idle.
    public var queryStart: Timestamp?
    /// The last change of `state`: while idle, the end of the last query.
    public var stateChange: Timestamp?
    public var waitEventType: String?
    public var waitEvent: String?
    /// The transaction's full (64-bit) id, once it has written something.
    public var transactionID: UInt64?
    /// Whether the session holds back the cleanup of old rows (`backend_xmin` is set).
    public var holdsSnapshot: Bool
    /// The running query, or the last one while idle; cut off by the server at `track_activity_query_size`. "" where it may not be seen.
    public var query: String
    /// The leader of the parallel group that the process works for.
    public var leaderPID: Int32?

    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case active
        case idle
        case idleInTransaction = "idle in transaction"
        case idleInTransactionAborted = "idle in transaction (aborted)"
        case fastpath = "fastpath function call"
        case starting = "starting"
        case disabled
        /// Background processes have no state; other users' sessions have none without the privilege.
        case unknown
    }

    public init(
        pid: Int32, backendStart: Timestamp, backendType: String = "client backend", database: String = "",
        user: String = "", applicationName: String = "", clientAddress: String = "", clientPort: Int32 = -1,
        state: State = .unknown, transactionStart: Timestamp? = nil, queryStart: Timestamp? = nil,
        stateChange: Timestamp? = nil, waitEventType: String? = nil, waitEvent: String? = nil,
        transactionID: UInt64? = nil, holdsSnapshot: Bool = false, query: String = "", leaderPID: Int32? = nil
    ) {
        self.pid = pid
        self.backendStart = backendStart
        self.backendType = backendType
        self.database = database
        self.user = user
        self.applicationName = applicationName
        self.clientAddress = clientAddress
        self.clientPort = clientPort
        self.state = state
        self.transactionStart = transactionStart
        self.queryStart = queryStart
        self.stateChange = stateChange
        self.waitEventType = waitEventType
        self.waitEvent = waitEvent
        self.transactionID = transactionID
        self.holdsSnapshot = holdsSnapshot
        self.query = query
        self.leaderPID = leaderPID
    }

    /// What tells sessions apart for ever: a pid is used again, a pid with its start is not.
    public var identity: SessionIdentity { SessionIdentity(pid: pid, backendStart: backendStart) }

    public var isWaitingForLock: Bool { waitEventType == "Lock" }

    public var isIdleInTransaction: Bool { state == .idleInTransaction || state == .idleInTransactionAborted }

    /// Whether it is of a `pg_dump` or `pg_dumpall`, by the name that these give themselves.
    public var isDump: Bool { applicationName.hasPrefix("pg_dump") }
}

/// A pid with the start of its process.
public struct SessionIdentity: Sendable, Hashable, Codable {
    public var pid: Int32
    public var backendStart: Timestamp

    public init(pid: Int32, backendStart: Timestamp) {
        self.pid = pid
        self.backendStart = backendStart
    }
}
