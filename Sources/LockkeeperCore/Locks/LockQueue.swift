/// An object that somebody waits for: who holds it, and who waits for it in which order.
public struct LockQueue: Sendable, Hashable {
    /// The row of the first waiter, which names the object.
    public internal(set) var lock: HeldLock
    public internal(set) var holders: [Holder] = []
    /// In the order in which they are served.
    public internal(set) var waiters: [LockWait] = []

    public struct Holder: Sendable, Hashable {
        public var owner: LockOwner
        /// The modes that it has been granted.
        public var modes: LockModeSet
        var node: Int
    }

    public var object: LockObject { lock.object }

    /// How many wait.
    public var depth: Int { waiters.count }
}

/// A wait for a lock.
public struct LockWait: Sendable, Hashable {
    /// The process that waits; of a parallel query, not always the leader.
    public var pid: Int32
    public var owner: LockOwner
    /// What it waits for.
    public var lock: HeldLock
    /// The table whose row it waits for, where it waits for the transaction that has changed the row: it shows by
    /// the lock on the row's place that such a waiter holds (`heap_acquire_tuplock` in heapam.c).
    public var rowOf: HeldLock.Relation?
    var node: Int

    public var mode: LockMode { lock.mode }

    /// When it began; `nil` for an instant after it did, and before PostgreSQL 14.
    public var since: Timestamp? { lock.waitStart }

    /// What it waits for, for people: `ACCESS EXCLUSIVE on public.orders`, `a row of public.orders`.
    public var readable: String {
        guard let rowOf else { return lock.readable }
        return "a row of \(rowOf.readable) that another transaction has changed"
    }
}
