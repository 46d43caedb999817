/// Makes of cumulative readings what happened between each two of them.
///
/// The counts of an entry are running sums: calls, the sum of times, and by (deviation² + mean²) · calls the sum of their squares. The
/// differences of two readings are the sums of the time between, and give its own mean and variance.
struct StatementDeltas: Sendable {
    private var previous: [StatementEntry.Key: Counts] = [:]
    private var previousReading: (time: Timestamp, resetAt: Timestamp?)?
    private var previousRollbacks: [UInt32: Int64] = [:]
    /// How often statistics were found to have begun anew.
    private(set) var resets = 0
    /// How many entries were found to have begun anew by themselves: dropped to make room, and made again.
    private(set) var evictions = 0

    /// Whether the newest reading has an entry of a query: of one that was dropped nobody knows whether it was called.
    func holds(_ query: QueryIdentity) -> Bool {
        previous.keys.contains { $0.queryID == query.queryID && $0.databaseOID == query.databaseOID }
    }

    private struct Counts: Sendable {
        var calls: Int64
        var time: Double
        var squares: Double
        var blocks: Int64
        var reads: Int64

        init(_ entry: StatementEntry) {
            calls = entry.calls
            time = entry.totalTime
            squares = entry.sumOfSquares
            blocks = entry.sharedBlocks
            reads = entry.sharedBlocksRead
        }
    }

    /// Takes a reading.
    ///
    /// - Returns: what the queries did since the reading before; `nil` where there is none to compare it with, or everything was reset in
    ///   between. An entry that is seen for the first time, or that has begun anew, is left out: when it began is not known.
    mutating func advance(_ reading: StatementReading) -> StatementBucket? {
        var next: [StatementEntry.Key: Counts] = [:]
        next.reserveCapacity(reading.entries.count)
        var sums: [QueryIdentity: StatementBucket.Sums] = [:]
        let before = previousReading
        let isReset = before.map { $0.resetAt != reading.resetAt || $0.time >= reading.serverTime } ?? false
        if isReset { resets += 1 }
        for entry in reading.entries {
            let counts = Counts(entry)
            next[entry.key] = counts
            guard !isReset, let old = previous[entry.key] else { continue }
            guard counts.calls >= old.calls, counts.time >= old.time, counts.blocks >= old.blocks else {
                evictions += 1
                continue
            }
            guard counts.calls > old.calls else { continue }
            var difference = StatementBucket.Sums()
            difference.calls = Double(counts.calls - old.calls)
            difference.time = counts.time - old.time
            difference.squares = max(0, counts.squares - old.squares)
            difference.blocks = Double(counts.blocks - old.blocks)
            difference.reads = Double(max(0, counts.reads - old.reads))
            let query = QueryIdentity(databaseOID: entry.key.databaseOID, queryID: entry.key.queryID)
            sums[query, default: StatementBucket.Sums()] += difference
        }
        previous = next
        previousReading = (reading.serverTime, reading.resetAt)
        let rollbacks = advanceRollbacks(reading)
        guard let before, !isReset else { return nil }
        return StatementBucket(begin: before.time, end: reading.serverTime, sums: sums, rollbacks: rollbacks)
    }

    /// A count that has become smaller has begun anew, by itself.
    private mutating func advanceRollbacks(_ reading: StatementReading) -> [UInt32: Int64] {
        var rollbacks: [UInt32: Int64] = [:]
        for database in reading.databases {
            let old = previousRollbacks.updateValue(database.rollbacks, forKey: database.oid)
            if let old { rollbacks[database.oid] = max(0, database.rollbacks - old) }
        }
        let present = Set(reading.databases.map(\.oid))
        previousRollbacks = previousRollbacks.filter { present.contains($0.key) }
        return rollbacks
    }
}
