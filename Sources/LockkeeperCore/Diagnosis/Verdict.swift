/// What a finding says is the case. The raw value is the label `verdict`, and never changes its meaning.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    /// A lock request waits, and others queue behind it.
    case lockQueue = "lock_queue"
    /// A migration waits for a lock, and nobody waits behind it yet.
    case blockedMigration = "blocked_migration"
    /// A migration works, and others wait for what it has locked.
    case blockingMigration = "blocking_migration"
    /// The root of a wait is idle in its transaction.
    case idleBlocker = "idle_blocker"
    /// The migration's own transaction is open and its client sends nothing.
    case idleMigration = "idle_migration"
    /// A session has been idle in its transaction, and is in nobody's way yet.
    case idleTransaction = "idle_transaction"
    /// A vacuum against transaction id wraparound is in the way, and does not yield.
    case wraparoundVacuum = "wraparound_vacuum"
    /// An index is invalid, and nothing is building it.
    case invalidIndex = "invalid_index"
    /// CONCURRENTLY waits for older transactions, of any table.
    case snapshotWait = "snapshot_wait"
    /// An old snapshot keeps rows from being cleaned up.
    case oldSnapshot = "old_snapshot"
    /// A replication slot holds back WAL, or lags.
    case replicationSlot = "replication_slot"
    /// WAL cannot be archived.
    case archiver = "archiver"
    /// The client is gone and its backend works on.
    case orphan = "orphan"
    /// A prepared transaction is in the way, or forgotten.
    case preparedTransaction = "prepared_transaction"
    /// A constraint has not been validated.
    case notValidatedConstraint = "not_validated_constraint"
    /// A foreign key is being added: both tables are locked against writes.
    case foreignKey = "foreign_key"
    /// A table is being rewritten, locked against everybody.
    case tableRewrite = "table_rewrite"
    /// Transactions deadlock.
    case deadlock
    /// A tool's advisory lock is held by a session that does something else.
    case orphanedAdvisoryLock = "orphaned_advisory_lock"
    /// A dump or base backup runs, and is or will be in the way.
    case backup
    /// The tool has passed over a migration and never will apply it.
    case skippedMigration = "skipped_migration"
    /// A migration is applied in part.
    case partialMigration = "partial_migration"
    /// The last run of a tool failed, and its transaction was rolled back.
    case failedMigration = "failed_migration"
    /// The last run of a tool was cancelled, terminated or timed out in the middle.
    case interruptedMigration = "interrupted_migration"
    /// The last run of a tool ended unseen.
    case lostMigration = "lost_migration"
    /// Transaction ids are running out.
    case transactionIDAge = "transaction_id_age"
    /// A transaction has been open for long.
    case longTransaction = "long_transaction"
    /// Slow but healthy: it advances.
    case progressing
    /// It is busy, and nothing says how far it is.
    case working
    /// Queries got slower with a migration.
    case slowdown
    /// Something cannot be seen that should be.
    case blindSpot = "blind_spot"

    /// Whether it matters to the whole server, whichever database it is found in.
    var concernsServer: Bool {
        switch self {
        case .transactionIDAge, .oldSnapshot, .replicationSlot, .archiver, .backup, .blindSpot: true
        default: false
        }
    }
}
