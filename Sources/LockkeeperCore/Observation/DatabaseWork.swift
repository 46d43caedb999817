/// A row of `pg_stat_database`: the work of a database since its statistics were reset.
public struct DatabaseWork: Sendable, Hashable, Codable {
    public var oid: UInt32
    public var name: String
    public var commits: Int64
    public var rollbacks: Int64
    /// Blocks found in the server's cache.
    public var blocksHit: Int64
    /// Blocks that were not in the server's cache.
    public var blocksRead: Int64
    public var temporaryFiles: Int64
    public var temporaryBytes: Int64
    public var deadlocks: Int64
    /// Sessions that an operator terminated; from PostgreSQL 14 on.
    public var sessionsKilled: Int64?
    public var resetAt: Timestamp?
    /// `pg_database_size`, which walks through all files: in few readings only.
    public var size: Int64?

    public init(
        oid: UInt32, name: String, commits: Int64 = 0, rollbacks: Int64 = 0, blocksHit: Int64 = 0,
        blocksRead: Int64 = 0, temporaryFiles: Int64 = 0, temporaryBytes: Int64 = 0, deadlocks: Int64 = 0,
        sessionsKilled: Int64? = nil, resetAt: Timestamp? = nil, size: Int64? = nil
    ) {
        self.oid = oid
        self.name = name
        self.commits = commits
        self.rollbacks = rollbacks
        self.blocksHit = blocksHit
        self.blocksRead = blocksRead
        self.temporaryFiles = temporaryFiles
        self.temporaryBytes = temporaryBytes
        self.deadlocks = deadlocks
        self.sessionsKilled = sessionsKilled
        self.resetAt = resetAt
        self.size = size
    }
}

/// The work of a whole server.
public struct ServerWork: Sendable, Hashable, Codable {
    /// The position in the WAL, in bytes from its beginning: what is written (or, on a standby, replayed) so far. `nil` where it may
    /// not be asked.
    public var walPosition: Int64?
    /// Checkpoints because it was time for one.
    public var timedCheckpoints: Int64?
    /// Checkpoints because somebody asked, or so much WAL was written.
    public var requestedCheckpoints: Int64?

    public init(walPosition: Int64? = nil, timedCheckpoints: Int64? = nil, requestedCheckpoints: Int64? = nil) {
        self.walPosition = walPosition
        self.timedCheckpoints = timedCheckpoints
        self.requestedCheckpoints = requestedCheckpoints
    }
}
