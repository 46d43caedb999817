import LockkeeperCore

/// `GET /api/v1/locks`: who waits for whom. Lists are bounded; the counts are of all.
struct LocksAnswer: Encodable {
    let targets: [TargetLocksAnswer]
}

/// The wait graph of a target in the JSON API.
struct TargetLocksAnswer: Encodable {
    let target: String
    /// Whether the target answers; if not, nothing else is here.
    let isKnown: Bool
    /// The server's clock at the look.
    let at: String?
    let waiterCount: Int?
    /// The longest wait first.
    let waiters: [WaiterAnswer]?
    let rootBlockerCount: Int?
    /// Those that hold up the most first.
    let rootBlockers: [RootBlockerAnswer]?
    let queueCount: Int?
    /// The deepest first.
    let queues: [QueueAnswer]?

    struct WaiterAnswer: Encodable {
        let pid: Int32
        let user: String
        let database: String
        let applicationName: String
        let clientAddress: String
        let query: String
        /// `ACCESS EXCLUSIVE`
        let mode: String
        /// `locktype` of `pg_locks`
        let kind: String
        let object: String
        /// Missing for an instant after it began, and before PostgreSQL 14.
        let since: String?
        let waitingSeconds: Double?
        let blockerCount: Int
        /// Not all of many.
        let blockers: [EdgeAnswer]
    }

    struct EdgeAnswer: Encodable {
        /// Missing for a prepared transaction.
        let pid: Int32?
        /// Of a prepared transaction.
        let gid: String?
        /// `hard` if it holds a conflicting lock, `soft` if it has asked for one earlier.
        let block: String
    }

    struct RootBlockerAnswer: Encodable {
        let session: BlockerAnswer
        let victims: Int
        let directVictims: Int
    }

    struct QueueAnswer: Encodable {
        let kind: String
        let database: String
        let object: String
        let depth: Int
        let oldestWaitSeconds: Double?
        let heldModes: [String]
        let wantedModes: [String]
        let holders: Int
    }

    init(_ locks: TargetLocks) {
        target = locks.target
        let overview = locks.overview
        isKnown = overview != nil
        at = overview?.serverTime.rfc3339
        waiterCount = overview?.waiterCount
        waiters = overview.map { overview in
            overview.waiters.map { waiter in
                WaiterAnswer(
                    pid: waiter.pid, user: waiter.user, database: waiter.database,
                    applicationName: waiter.applicationName, clientAddress: waiter.clientAddress,
                    query: waiter.query, mode: waiter.mode.sqlName, kind: waiter.kind.rawValue,
                    object: waiter.object, since: waiter.since?.rfc3339,
                    waitingSeconds: waiter.since.map { age(of: $0, at: overview.serverTime) },
                    blockerCount: waiter.blockerCount, blockers: waiter.blockers.map(EdgeAnswer.init))
            }
        }
        rootBlockerCount = overview?.rootBlockerCount
        rootBlockers = overview.map { overview in
            overview.rootBlockers.map { root in
                RootBlockerAnswer(
                    session: BlockerAnswer(root.blocker, at: overview.serverTime), victims: root.victims,
                    directVictims: root.directVictims)
            }
        }
        queueCount = overview?.queueCount
        queues = overview.map { overview in
            overview.queues.map { queue in
                QueueAnswer(
                    kind: queue.kind.rawValue, database: queue.database, object: queue.object, depth: queue.depth,
                    oldestWaitSeconds: queue.oldestSince.map { age(of: $0, at: overview.serverTime) },
                    heldModes: queue.heldModes.map(\.sqlName), wantedModes: queue.wantedModes.map(\.sqlName),
                    holders: queue.holders)
            }
        }
    }
}

extension TargetLocksAnswer.EdgeAnswer {
    init(_ edge: LockOverview.Edge) {
        block = edge.isHard ? "hard" : "soft"
        switch edge.owner {
        case .session(let pid):
            self.pid = pid
            gid = nil
        case .preparedTransaction(let gid):
            pid = nil
            self.gid = gid
        }
    }
}
