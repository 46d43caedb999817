/// A row of `pg_locks`: a lock that is held or waited for.
public struct HeldLock: Sendable, Hashable, Codable {
    /// The holder or waiter; 0 for a prepared transaction.
    public var pid: Int32
    /// What it is about.
    public var object: LockObject
    public var mode: LockMode
    public var isGranted: Bool
    /// Whether it was taken by the fast path: nobody waits for one that was.
    public var isFastPath: Bool
    /// When the wait began, from PostgreSQL 14 on; may be unknown for an instant after it began.
    public var waitStart: Timestamp?
    /// What a prepared transaction's locks have in common; `nil` for those of sessions.
    public var virtualTransaction: String?
    /// The name of the database of the object; "" for shared objects and for objects without a database.
    public var database: String
    public var relation: Relation?

    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
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
        pid: Int32, object: LockObject, mode: LockMode, isGranted: Bool, isFastPath: Bool = false,
        waitStart: Timestamp? = nil, virtualTransaction: String? = nil, database: String = "",
        relation: Relation? = nil
    ) {
        self.pid = pid
        self.object = object
        self.mode = mode
        self.isGranted = isGranted
        self.isFastPath = isFastPath
        self.waitStart = waitStart
        self.virtualTransaction = virtualTransaction
        self.database = database
        self.relation = relation
    }

    /// A lock on the relation or the advisory key that is given.
    public init(
        pid: Int32, kind: Kind, mode: LockMode, isGranted: Bool, waitStart: Timestamp? = nil, database: String = "",
        relation: Relation? = nil, advisoryKey: AdvisoryKey? = nil
    ) {
        let object =
            advisoryKey.map { LockObject.advisory($0) } ?? LockObject(kind: kind, relation: relation?.oid)
        self.init(
            pid: pid, object: object, mode: mode, isGranted: isGranted, waitStart: waitStart, database: database,
            relation: relation)
    }

    public var kind: Kind { object.kind }

    /// The key of an advisory lock.
    public var advisoryKey: AdvisoryKey? { object.advisoryKey }
}
