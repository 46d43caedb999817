/// What the cheap look answers: is anything there that deserves a full one?
public struct Glance: Sendable, Hashable, Codable {
    public var serverTime: Timestamp
    /// How many sessions wait for a lock.
    public var lockWaiters: Int
    /// The sessions that run, or since the last glance ran, a statement that changes the schema or writes a migration tool's history, hold a
    /// tool's advisory lock, or were asked about because a run goes on in them.
    public var suspects: [Suspect]

    /// A session worth a full look, with what changes when it does something new.
    public struct Suspect: Sendable, Hashable, Codable {
        public var pid: Int32
        public var state: Session.State
        public var queryStart: Timestamp?
        public var isWaitingForLock: Bool

        public init(pid: Int32, state: Session.State, queryStart: Timestamp?, isWaitingForLock: Bool) {
            self.pid = pid
            self.state = state
            self.queryStart = queryStart
            self.isWaitingForLock = isWaitingForLock
        }
    }

    public init(serverTime: Timestamp, lockWaiters: Int, suspects: [Suspect]) {
        self.serverTime = serverTime
        self.lockWaiters = lockWaiters
        self.suspects = suspects
    }

    /// Whether a full look is wanted at once: something new is there, or something that was there has moved on.
    public func differs(from previous: Glance?) -> Bool {
        guard let previous else { return lockWaiters > 0 || !suspects.isEmpty }
        return suspects != previous.suspects || (lockWaiters > 0) != (previous.lockWaiters > 0)
    }
}

/// What a look should find out besides the usual, known only to the state that the looks feed.
public struct Inquiry: Sendable, Hashable, Codable {
    /// The sessions in which a run goes on: the glance reports them whatever they do.
    public var trackedPIDs: [Int32]
    /// Full ids of transactions whose fate is wanted.
    public var transactionIDs: [UInt64]
    /// Whether the active pace is wanted: a run is open, or a lock queue stands.
    public var isActive: Bool
    /// Databases whose history tables should be read now (a run has ended there, or was seen for the first time).
    public var historyWanted: Set<String>
    /// How many runs have begun or ended so far: when it changes, statements and catalogs are read at once.
    public var milestones: Int
    /// The sessions whose processes are to be looked for on the agent's machine.
    public var processQuestions: [ProcessQuestion] = []
    /// The statements whose texts are wanted: reading texts is dear, so it is done for those only.
    public var statementTextsWanted: [Int64]
    /// The oids of the history tables whose sequences a full look is to read, by database.
    public var historyTables: [String: [UInt32]] = [:]

    public init(
        trackedPIDs: [Int32] = [], transactionIDs: [UInt64] = [], isActive: Bool = false,
        historyWanted: Set<String> = [], milestones: Int = 0, statementTextsWanted: [Int64] = []
    ) {
        self.trackedPIDs = trackedPIDs
        self.transactionIDs = transactionIDs
        self.isActive = isActive
        self.historyWanted = historyWanted
        self.milestones = milestones
        self.statementTextsWanted = statementTextsWanted
    }
}
