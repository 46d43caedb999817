/// What concerns a whole server: snapshots that are held, replication, archiving, transaction ids, settings that matter to migrations.
public struct ServerHealth: Sendable, Hashable, Codable {
    public var isInRecovery: Bool
    /// The databases with the oldest transaction or multixact ids, the oldest first, and always the one that the connection leads to.
    public var databases: [DatabaseAge]
    /// Who keeps old rows from being cleaned up, the oldest first.
    public var snapshotHolders: [SnapshotHolder]
    public var slots: [ReplicationSlot]
    public var replicas: [Replica]
    /// `nil` where nothing is archived.
    public var archiver: Archiver?
    /// Bytes of the files in `pg_wal`; `nil` where the role may not look (`pg_monitor` may).
    public var walFolderBytes: Int64?
    /// Settings by their names.
    public var settings: [String: Setting]
    /// What `ALTER ROLE … SET` and `ALTER DATABASE … SET` say of timeouts.
    public var roleSettings: [RoleSetting]

    public init(
        isInRecovery: Bool = false, databases: [DatabaseAge] = [], snapshotHolders: [SnapshotHolder] = [],
        slots: [ReplicationSlot] = [], replicas: [Replica] = [], archiver: Archiver? = nil,
        walFolderBytes: Int64? = nil, settings: [String: Setting] = [:], roleSettings: [RoleSetting] = []
    ) {
        self.isInRecovery = isInRecovery
        self.databases = databases
        self.snapshotHolders = snapshotHolders
        self.slots = slots
        self.replicas = replicas
        self.archiver = archiver
        self.walFolderBytes = walFolderBytes
        self.settings = settings
        self.roleSettings = roleSettings
    }

    /// How many databases are listed.
    public static let databaseLimit = 50
    /// How many holders of snapshots are listed.
    public static let snapshotHolderLimit = 20
    /// How many replication slots are listed, and how many replicas.
    public static let replicationLimit = 100
    /// How many settings of roles and databases are listed.
    public static let roleSettingLimit = 100

    /// A server setting as `pg_settings` shows it.
    public struct Setting: Sendable, Hashable, Codable {
        /// In `unit`.
        public var value: String
        /// Such as `ms`, `s`, `8kB`; `nil` where it has none.
        public var unit: String?

        public init(value: String, unit: String? = nil) {
            self.value = value
            self.unit = unit
        }

        /// A setting of time; `nil` for others.
        public var duration: Duration? {
            guard let number = Int64(value) else { return nil }
            return switch unit {
            case "us": .microseconds(number)
            case "ms": .milliseconds(number)
            case "s": .seconds(number)
            case "min": .seconds(number * 60)
            default: nil
            }
        }

        public var integer: Int64? { Int64(value) }
    }

    /// A timeout that sessions of a role, of a database, or of both begin with.
    public struct RoleSetting: Sendable, Hashable, Codable {
        /// `nil` = every role.
        public var role: String?
        /// `nil` = every database.
        public var database: String?
        public var name: String
        public var value: String

        public init(role: String?, database: String?, name: String, value: String) {
            self.role = role
            self.database = database
            self.name = name
            self.value = value
        }
    }
}

/// How far a database is from transaction id wraparound.
public struct DatabaseAge: Sendable, Hashable, Codable {
    public var database: String
    /// `age(datfrozenxid)`
    public var transactions: Int64
    /// `mxid_age(datminmxid)`
    public var multixacts: Int64

    public init(database: String, transactions: Int64, multixacts: Int64) {
        self.database = database
        self.transactions = transactions
        self.multixacts = multixacts
    }

    /// The kind of ids of which more are used up.
    public var scarcer: Kind { multixacts > transactions ? .multixacts : .transactions }

    /// Ids that wrap around, of each 2^31 at most in use: those of transactions, and those of sets of them that share a row's lock.
    public enum Kind: Sendable, Hashable {
        case transactions
        case multixacts
    }
}

/// Somebody whose snapshot, or need of old rows, holds back the cleanup of rows in the whole server.
public struct SnapshotHolder: Sendable, Hashable, Codable {
    public var kind: Kind
    /// How many transactions have begun since: `age(xmin)`.
    public var transactions: Int64
    /// 0 for a prepared transaction and for a slot that nobody uses.
    public var pid: Int32
    /// The gid of a prepared transaction, the name of a slot, else the session's `application_name`.
    public var name: String
    public var user: String
    /// "" where it has none.
    public var database: String
    /// When its transaction began or was prepared; `nil` for slots and standbys, which are at no transaction of their own.
    public var since: Timestamp?
    public var state: Session.State

    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case session
        case preparedTransaction = "prepared_transaction"
        /// The `xmin` of a replication slot.
        case slot
        /// The `catalog_xmin` of a replication slot: it keeps the rows of the system's catalogs only.
        case slotCatalogs = "slot_catalogs"
        /// A replica that reports what its own queries need (`hot_standby_feedback`).
        case standby
    }

    public init(
        kind: Kind, transactions: Int64, pid: Int32 = 0, name: String = "", user: String = "", database: String = "",
        since: Timestamp? = nil, state: Session.State = .unknown
    ) {
        self.kind = kind
        self.transactions = transactions
        self.pid = pid
        self.name = name
        self.user = user
        self.database = database
        self.since = since
        self.state = state
    }
}

/// A row of `pg_replication_slots`.
public struct ReplicationSlot: Sendable, Hashable, Codable {
    public var name: String
    /// Otherwise it is physical.
    public var isLogical: Bool
    /// Of a logical slot.
    public var plugin: String?
    public var database: String
    public var isActive: Bool
    public var activePID: Int32?
    public var isTemporary: Bool
    /// `reserved`, `extended`, `unreserved` or `lost`; `nil` while it has reserved nothing.
    public var walStatus: String?
    /// Bytes that may still be written before it is in danger; `nil` without a limit (`max_slot_wal_keep_size` is -1). Negative: in danger.
    public var safeWALBytes: Int64?
    /// Bytes of WAL that are kept for it: from its `restart_lsn` to now.
    public var retainedBytes: Int64?
    /// Bytes that a logical slot's receiver has not confirmed.
    public var unconfirmedBytes: Int64?
    /// Since when nobody uses it; from PostgreSQL 17 on.
    public var inactiveSince: Timestamp?
    /// Why it is of no use any more; from PostgreSQL 17 on (`conflicting` before).
    public var invalidation: String?

    public init(
        name: String, isLogical: Bool = false, plugin: String? = nil, database: String = "", isActive: Bool = false,
        activePID: Int32? = nil, isTemporary: Bool = false, walStatus: String? = nil, safeWALBytes: Int64? = nil,
        retainedBytes: Int64? = nil, unconfirmedBytes: Int64? = nil, inactiveSince: Timestamp? = nil,
        invalidation: String? = nil
    ) {
        self.name = name
        self.isLogical = isLogical
        self.plugin = plugin
        self.database = database
        self.isActive = isActive
        self.activePID = activePID
        self.isTemporary = isTemporary
        self.walStatus = walStatus
        self.safeWALBytes = safeWALBytes
        self.retainedBytes = retainedBytes
        self.unconfirmedBytes = unconfirmedBytes
        self.inactiveSince = inactiveSince
        self.invalidation = invalidation
    }

    /// How far behind it is, in bytes: what a logical one has not confirmed, what is kept for a physical one.
    public var lagBytes: Int64? { isLogical ? unconfirmedBytes ?? retainedBytes : retainedBytes }

    /// The statement that gives it up, with all that is kept for it.
    public var remedy: String {
        "SELECT pg_drop_replication_slot('\(name.replacing("'", with: "''"))')"
    }
}

/// A row of `pg_stat_replication`: somebody who follows the server.
public struct Replica: Sendable, Hashable, Codable {
    public var pid: Int32
    public var user: String
    public var applicationName: String
    public var clientAddress: String
    /// `startup`, `catchup`, `streaming`, `backup`, `stopping`.
    public var state: String
    /// `async`, `potential`, `sync`, `quorum`.
    public var syncState: String
    /// The slot that it uses, if it uses one.
    public var slot: String?
    /// Bytes that it has not replayed; `nil` where it does not tell.
    public var lagBytes: Int64?
    /// Bytes that have not been sent to it.
    public var unsentBytes: Int64?
    /// How long recent WAL took to be replayed there; `nil` when it has caught up and nothing is written.
    public var replayLag: Duration?

    public init(
        pid: Int32, user: String = "", applicationName: String = "", clientAddress: String = "", state: String = "",
        syncState: String = "", slot: String? = nil, lagBytes: Int64? = nil, unsentBytes: Int64? = nil,
        replayLag: Duration? = nil
    ) {
        self.pid = pid
        self.user = user
        self.applicationName = applicationName
        self.clientAddress = clientAddress
        self.state = state
        self.syncState = syncState
        self.slot = slot
        self.lagBytes = lagBytes
        self.unsentBytes = unsentBytes
        self.replayLag = replayLag
    }

    /// A base backup is sent to it: it is no replica then.
    public var isBackup: Bool { state == "backup" }
}

/// A row of `pg_stat_archiver`, where WAL is archived.
public struct Archiver: Sendable, Hashable, Codable {
    public var archivedCount: Int64
    public var failedCount: Int64
    public var lastArchivedAt: Timestamp?
    public var lastFailedAt: Timestamp?
    /// The file that could not be archived last.
    public var lastFailedFile: String?
    public var statisticsSince: Timestamp?

    public init(
        archivedCount: Int64 = 0, failedCount: Int64 = 0, lastArchivedAt: Timestamp? = nil,
        lastFailedAt: Timestamp? = nil, lastFailedFile: String? = nil, statisticsSince: Timestamp? = nil
    ) {
        self.archivedCount = archivedCount
        self.failedCount = failedCount
        self.lastArchivedAt = lastArchivedAt
        self.lastFailedAt = lastFailedAt
        self.lastFailedFile = lastFailedFile
        self.statisticsSince = statisticsSince
    }

    /// Whether its newest attempt did not work.
    public var isFailing: Bool {
        guard let lastFailedAt else { return false }
        return lastArchivedAt.map { lastFailedAt > $0 } ?? true
    }
}
