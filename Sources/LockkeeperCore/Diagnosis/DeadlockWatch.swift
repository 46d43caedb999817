/// Notices when a database's count of deadlocks rises, which is all that the server tells of them outside of its log.
public struct DeadlockWatch: Sendable, Hashable {
    private var counts: [String: Int64] = [:]
    private var rises: [String: [Rise]] = [:]

    private struct Rise: Sendable, Hashable {
        /// The reading before, and the one that showed it.
        var from: Timestamp
        var at: Timestamp
        var count: Int
    }

    /// How many rises of a database are remembered.
    private static let limit = 100
    private var lastReading: Timestamp?

    public init() {}

    public mutating func advance(_ reading: StatementReading) {
        for database in reading.databases {
            // A count that falls was reset.
            if let before = counts[database.name], let from = lastReading, database.deadlocks > before {
                rises[database.name, default: []].append(
                    Rise(from: from, at: reading.serverTime, count: Int(database.deadlocks - before)))
                if rises[database.name, default: []].count > Self.limit { rises[database.name]?.removeFirst() }
            }
            counts[database.name] = database.deadlocks
        }
        let present = Set(reading.databases.map(\.name))
        counts = counts.filter { present.contains($0.key) }
        rises = rises.filter { present.contains($0.key) }
        lastReading = reading.serverTime
    }

    /// How many there were in the last while, and since when at the earliest, by database.
    func recent(at now: Timestamp, within limit: Duration) -> [String: (count: Int, since: Timestamp)] {
        rises.compactMapValues { rises in
            let recent = rises.filter { now - $0.at < limit }
            guard let first = recent.first else { return nil }
            return (recent.reduce(0) { $0 + $1.count }, first.from)
        }
    }
}
