/// A row of `pg_locks`: a lock that is held or waited for.
public struct HeldLock: Sendable, Hashable, Codable {
    /// The holder or waiter; 0 for a prepared transaction.
    public var pid: Int32
    public var kind: Kind
    public var mode: LockMode
    public var isGranted: Bool
    /// When the wait began, from PostgreSQL 14 on; may be unknown for an instant after it began.
    public var waitStart: Timestamp?
    /// The name of the database of the object; "" for shared objects and for objects without a database.
    public var database: String
    public var relation: Relation?
    public var advisoryKey: AdvisoryKey?

    public enum Kind: String, Sendable, Hashable, Codable {
        case relation, extend, frozenid, page, tuple, transactionid, virtualxid, spectoken, object, userlock, advisory,
            applytransaction
    }

    /// The relation that a lock is about.
    public struct Relation: Sendable, Hashable, Codable {
        public var oid: UInt32
        /// Qualified, such as `public.orders`; `nil` where it could not be resolved (another database).
        public var name: String?
        /// Whether it is a system catalog, known by its oid being below 16384 (`FirstNormalObjectId`) or its schema.
        public var isSystem: Bool
        /// `relkind` of `pg_class`: r table, i index, S sequence, t TOAST, p partitioned …
        public var kind: String?
        /// Whether it belongs to a session's temporary schema.
        public var isTemporary: Bool

        public init(oid: UInt32, name: String?, isSystem: Bool = false, kind: String? = "r", isTemporary: Bool = false)
        {
            self.oid = oid
            self.name = name
            self.isSystem = isSystem
            self.kind = kind
            self.isTemporary = isTemporary
        }
    }

    public init(
        pid: Int32, kind: Kind, mode: LockMode, isGranted: Bool, waitStart: Timestamp? = nil, database: String = "",
        relation: Relation? = nil, advisoryKey: AdvisoryKey? = nil
    ) {
        self.pid = pid
        self.kind = kind
        self.mode = mode
        self.isGranted = isGranted
        self.waitStart = waitStart
        self.database = database
        self.relation = relation
        self.advisoryKey = advisoryKey
    }
}

/// The key of an advisory lock as `pg_locks` shows it: `objsubid` 1 is one bigint, 2 is two ints.
public enum AdvisoryKey: Sendable, Hashable, Codable {
    case single(Int64)
    case pair(Int32, Int32)
}
