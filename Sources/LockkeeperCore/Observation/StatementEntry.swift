/// A row of `pg_stat_statements`: what a statement has cost since its entry was made.
public struct StatementEntry: Sendable, Hashable {
    public var key: Key
    public var calls: Int64
    /// Time of all executions in milliseconds (`total_exec_time`).
    public var totalTime: Double
    /// Population standard deviation of the time of one execution in milliseconds (`stddev_exec_time`).
    public var deviation: Double
    /// Blocks of tables and indexes found in the server's cache.
    public var sharedBlocksHit: Int64
    /// Blocks of tables and indexes that were not in the server's cache.
    public var sharedBlocksRead: Int64

    /// What tells entries apart.
    public struct Key: Sendable, Hashable {
        public var databaseOID: UInt32
        public var userOID: UInt32
        public var queryID: Int64
        /// Whether it was not run by a function; always `true` before PostgreSQL 14.
        public var isTopLevel: Bool

        public init(databaseOID: UInt32, userOID: UInt32, queryID: Int64, isTopLevel: Bool = true) {
            self.databaseOID = databaseOID
            self.userOID = userOID
            self.queryID = queryID
            self.isTopLevel = isTopLevel
        }
    }

    public init(
        key: Key, calls: Int64, totalTime: Double, deviation: Double = 0, sharedBlocksHit: Int64 = 0,
        sharedBlocksRead: Int64 = 0
    ) {
        self.key = key
        self.calls = calls
        self.totalTime = totalTime
        self.deviation = deviation
        self.sharedBlocksHit = sharedBlocksHit
        self.sharedBlocksRead = sharedBlocksRead
    }

    /// Mean time of one execution in milliseconds; 0 without executions.
    public var mean: Double { calls > 0 ? totalTime / Double(calls) : 0 }

    /// The sum of the squares of all executions' times, in square milliseconds.
    public var sumOfSquares: Double { (deviation * deviation + mean * mean) * Double(calls) }

    public var sharedBlocks: Int64 { sharedBlocksHit + sharedBlocksRead }
}

/// As an array of numbers, since there are thousands of them in a reading.
extension StatementEntry: Codable {
    public init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        key = Key(
            databaseOID: try values.decode(UInt32.self), userOID: try values.decode(UInt32.self),
            queryID: try values.decode(Int64.self), isTopLevel: try values.decode(Bool.self))
        calls = try values.decode(Int64.self)
        totalTime = try values.decode(Double.self)
        deviation = try values.decode(Double.self)
        sharedBlocksHit = try values.decode(Int64.self)
        sharedBlocksRead = try values.decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        try values.encode(key.databaseOID)
        try values.encode(key.userOID)
        try values.encode(key.queryID)
        try values.encode(key.isTopLevel)
        try values.encode(calls)
        try values.encode(totalTime)
        try values.encode(deviation)
        try values.encode(sharedBlocksHit)
        try values.encode(sharedBlocksRead)
    }
}
