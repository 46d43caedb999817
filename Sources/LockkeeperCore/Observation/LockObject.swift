/// What a lock is about: the tag that tells PostgreSQL's lockable objects apart.
///
/// Two rows of `pg_locks` are about the same object when all of these columns agree. Source: the manual, "pg_locks", and `LOCKTAG` in
/// lock.h.
public struct LockObject: Sendable, Hashable, Codable {
    public var kind: HeldLock.Kind
    /// The oid of the database; 0 for shared objects, `nil` for objects without a database.
    public var database: UInt32?
    public var relation: UInt32?
    public var page: UInt32?
    public var tuple: UInt16?
    /// A virtual transaction id, such as `3/1042`.
    public var virtualTransaction: String?
    /// The low 32 bits, as the lock table has them.
    public var transaction: UInt32?
    /// The catalog of a `kind` `object`, or the first half of an advisory lock's key.
    public var classID: UInt32?
    public var objectID: UInt32?
    public var objectSubID: UInt16?

    public init(
        kind: HeldLock.Kind, database: UInt32? = nil, relation: UInt32? = nil, page: UInt32? = nil,
        tuple: UInt16? = nil, virtualTransaction: String? = nil, transaction: UInt32? = nil, classID: UInt32? = nil,
        objectID: UInt32? = nil, objectSubID: UInt16? = nil
    ) {
        self.kind = kind
        self.database = database
        self.relation = relation
        self.page = page
        self.tuple = tuple
        self.virtualTransaction = virtualTransaction
        self.transaction = transaction
        self.classID = classID
        self.objectID = objectID
        self.objectSubID = objectSubID
    }

    /// The columns in which objects mostly differ: thousands are hashed at each look.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(relation ?? transaction ?? objectID ?? 0)
        hasher.combine(tuple ?? 0)
        if let virtualTransaction { hasher.combine(virtualTransaction) }
    }

    /// The key of an advisory lock.
    public var advisoryKey: AdvisoryKey? {
        guard kind == .advisory, let high = classID, let low = objectID else { return nil }
        switch objectSubID {
        case 1: return .single(Int64(bitPattern: UInt64(high) << 32 | UInt64(low)))
        case 2: return .pair(Int32(bitPattern: high), Int32(bitPattern: low))
        default: return nil
        }
    }

    /// An advisory lock of a database.
    public static func advisory(_ key: AdvisoryKey, database: UInt32? = nil) -> LockObject {
        switch key {
        case .single(let value):
            let bits = UInt64(bitPattern: value)
            return LockObject(
                kind: .advisory, database: database, classID: UInt32(truncatingIfNeeded: bits >> 32),
                objectID: UInt32(truncatingIfNeeded: bits), objectSubID: 1)
        case .pair(let first, let second):
            return LockObject(
                kind: .advisory, database: database, classID: UInt32(bitPattern: first),
                objectID: UInt32(bitPattern: second), objectSubID: 2)
        }
    }
}

/// The key of an advisory lock as `pg_locks` shows it: `objsubid` 1 is one bigint in halves, 2 is two ints.
public enum AdvisoryKey: Sendable, Hashable, Codable {
    case single(Int64)
    case pair(Int32, Int32)
}
