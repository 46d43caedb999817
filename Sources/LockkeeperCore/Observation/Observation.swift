/// What one full look at a server saw, all in one round trip.
public struct Observation: Sendable, Hashable, Codable {
    public var server: Server
    /// The server's clock (`clock_timestamp()`) in the same round trip. All ages are differences to it.
    public var serverTime: Timestamp
    /// Everything in `pg_stat_activity` that belongs to a client or can block one (client backends, parallel workers, autovacuum workers,
    /// walsenders), the agent's own connections excluded.
    public var sessions: [Session]
    /// The rows of `pg_locks` that belong to those sessions and to prepared transactions. Left out is what nobody waits for and
    /// nobody is interested in: each transaction's lock on its own virtualxid; AccessShare, RowShare and RowExclusive on system catalogs,
    /// and on other relations unless the holder waits itself, holds a stronger lock, or is tracked.
    public var locks: [HeldLock]
    /// How many granted locks on relations that are no system catalogs are left out of `locks`, by database and mode.
    public var unlistedLocks: [String: [LockMode: Int]]
    /// For each pid that waits for a lock, the pids that `pg_blocking_pids()` names; 0 stands for a prepared transaction. Asked of
    /// servers that do not tell when waits began, PostgreSQL 13; empty on others, since `locks` tells it all.
    public var blockingPIDs: [Int32: [Int32]]
    public var preparedTransactions: [PreparedTransaction]
    /// The fate of the transactions that were asked about, by `pg_xact_status()`. One that is too old to be known is missing.
    public var transactionFates: [UInt64: TransactionFate]
    /// How many sessions have been terminated (`pg_stat_database.sessions_killed`), by database; from PostgreSQL 14 on. A session's
    /// own end is counted before it vanishes from `sessions`.
    public var sessionsKilled: [String: Int64]
    /// What long commands of server processes say of how far they are.
    public var progress: [Progress]
    /// How far the sequences are that give the rows of migration tools' histories their keys, by the oid of the history's table. Sequences
    /// are not transactional: they tell of steps that have not been committed yet.
    public var sequenceValues: [UInt32: Int64]

    public init(
        server: Server, serverTime: Timestamp, sessions: [Session] = [], locks: [HeldLock] = [],
        unlistedLocks: [String: [LockMode: Int]] = [:], blockingPIDs: [Int32: [Int32]] = [:],
        preparedTransactions: [PreparedTransaction] = [],
        transactionFates: [UInt64: TransactionFate] = [:], sessionsKilled: [String: Int64] = [:],
        progress: [Progress] = [], sequenceValues: [UInt32: Int64] = [:]
    ) {
        self.server = server
        self.serverTime = serverTime
        self.sessions = sessions
        self.locks = locks
        self.unlistedLocks = unlistedLocks
        self.blockingPIDs = blockingPIDs
        self.preparedTransactions = preparedTransactions
        self.transactionFates = transactionFates
        self.sessionsKilled = sessionsKilled
        self.progress = progress
        self.sequenceValues = sequenceValues
    }
}

/// The server behind a connection, found when connecting.
public struct Server: Sendable, Hashable, Codable {
    /// `server_version_num`, such as 150018 for 15.18.
    public var versionNumber: Int
    /// `pg_postmaster_start_time()`: another value means that the server was restarted in between.
    public var startedAt: Timestamp
    /// The database that the connection leads to.
    public var database: String
    public var isInRecovery: Bool
    /// The role the agent is connected as.
    public var role: String
    /// Whether the role sees other users' sessions and queries: superuser or member of `pg_read_all_stats`.
    public var canReadAllStats: Bool
    /// The pooler in front, such as `pgbouncer (transaction)`, where one was recognised.
    public var pooler: String?
    /// The port that it listens on by its own setting; what clients connect to may be another.
    public var port: Int32?

    public init(
        versionNumber: Int, startedAt: Timestamp, database: String, isInRecovery: Bool = false, role: String = "",
        canReadAllStats: Bool = true, pooler: String? = nil, port: Int32? = nil
    ) {
        self.versionNumber = versionNumber
        self.startedAt = startedAt
        self.database = database
        self.isInRecovery = isInRecovery
        self.role = role
        self.canReadAllStats = canReadAllStats
        self.pooler = pooler
        self.port = port
    }

    /// The major version, such as 15.
    public var majorVersion: Int { versionNumber / 10_000 }
}

/// What `pg_xact_status()` says of a transaction.
public enum TransactionFate: String, Sendable, Hashable, Codable {
    case inProgress = "in progress"
    case committed
    case aborted
}

/// A row of `pg_prepared_xacts`.
public struct PreparedTransaction: Sendable, Hashable, Codable {
    public var gid: String
    public var preparedAt: Timestamp
    public var owner: String
    public var database: String
    /// The low 32 bits, by which its locks are known.
    public var transactionID: UInt32?

    public init(
        gid: String, preparedAt: Timestamp, owner: String, database: String, transactionID: UInt32? = nil
    ) {
        self.gid = gid
        self.preparedAt = preparedAt
        self.owner = owner
        self.database = database
        self.transactionID = transactionID
    }
}
