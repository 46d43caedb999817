/// From when on something is worth a word, and from when on it is wrong: the one place of these figures.
///
/// They agree with the shipped rules (`alerts/`): a finding is a warning where the rule about the same matter fires.
public struct DiagnosisThresholds: Sendable, Hashable {
    /// A migration that waits for a lock for longer is a warning. As `MigrationBlocked`.
    public var blockedMigration = Duration.seconds(30)
    /// Sessions that wait behind a migration for longer make it critical. As `MigrationBlockingTraffic`.
    public var blockedTraffic = Duration.seconds(15)
    /// So many sessions behind one make it critical, however short their waits. As `MigrationBlockingManySessions`.
    public var manySessions = 10
    /// A migration that is idle in its transaction for longer is a warning. As `MigrationIdleInTransaction`.
    public var idleMigration = Duration.seconds(30)
    /// Shorter waits for locks are everyday life.
    public var lockQueue = Duration.seconds(1)
    /// So many sessions that wait for locks of no migration are a warning. As `LockQueueGrowing`.
    public var lockQueueSessions = 5
    /// A session that is idle in its transaction is worth a word from the first on, and a warning from the second on. As `IdleInTransaction`.
    public var idleTransaction = Duration.seconds(60), idleTransactionWarning = Duration.seconds(300)
    /// A transaction is worth a word from the first on, and a warning from the second on. As `LongTransaction`.
    public var longTransaction = Duration.seconds(300), longTransactionWarning = Duration.seconds(3600)
    /// A prepared transaction waits for its COMMIT for seconds; one that is older is forgotten.
    public var preparedTransaction = Duration.seconds(300)
    /// How long a session may hold a tool's advisory lock and send nothing.
    public var idleAdvisoryLock = Duration.seconds(60)
    /// How long after its end a run that failed is told of. As `MigrationFailed`.
    public var failedRun = Duration.seconds(3600)
    /// How long after its end a run is said to have slowed queries down. As `QuerySlowdownAfterMigration`.
    public var slowdown = Duration.seconds(3600)
    /// A slot or replica that lags by more, or for which more WAL is kept, is a warning: bytes. As `ReplicationLagging`.
    public var replicationLag: Int64 = 1 << 30
    /// For how long nothing could be archived until it is critical.
    public var archiverCritical = Duration.seconds(900)
    /// Of the 2^31 that there are. Autovacuum begins at 200 million, and gives up all restraint at 1600 million (`vacuum_failsafe_age`).
    public var transactionIDAge: Int64 = 1_000_000_000, transactionIDAgeCritical: Int64 = 1_600_000_000
    /// The oldest snapshot is a warning when it is so old, or when so many transactions began since.
    public var oldSnapshot = Duration.seconds(3600), oldSnapshotTransactions: Int64 = 10_000_000
    /// How long deadlocks are told of.
    public var deadlocks = Duration.seconds(600)

    public init() {}
}
