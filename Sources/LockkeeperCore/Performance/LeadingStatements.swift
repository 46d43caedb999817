/// The few queries whose figures are exported as metrics: those that take the most time. The choice changes seldom, so that series do
/// not come and go.
struct LeadingStatements: Sendable {
    struct Figures: Sendable {
        var database: String
        var calls: Int64 = 0
        /// Milliseconds.
        var totalTime = 0.0
        /// Between the newest two readings that have calls of it between them; milliseconds.
        var recentMean: Double?
    }

    private(set) var figures: [QueryIdentity: Figures] = [:]
    private var chosen: Set<QueryIdentity> = []
    private var chosenAt: Timestamp?
    /// The counts of the chosen queries' entries, one for each user, when they were last seen.
    private var counts: [StatementEntry.Key: (calls: Int64, totalTime: Double)] = [:]

    static let limit = 20
    private static let interval = Duration.seconds(600)

    /// - Parameter isWatched: whether a database, by its name, is the target's to tell of.
    mutating func advance(
        _ reading: StatementReading, bucket: StatementBucket?, isWatched: (String) -> Bool = { _ in true }
    ) {
        let names = Dictionary(
            reading.databases.filter { isWatched($0.name) }.map { ($0.oid, $0.name) },
            uniquingKeysWith: { first, _ in first })
        // Which ones are watched is not known before the first full look.
        chosen = chosen.filter { names[$0.databaseOID] != nil }
        if chosen.count < Self.limit || (chosenAt.map { reading.serverTime - $0 >= Self.interval } ?? true) {
            choose(among: reading, names: names)
        }
        figures = figures.filter { chosen.contains($0.key) }
        counts = counts.filter { chosen.contains(QueryIdentity($0.key)) }
        for entry in reading.entries {
            let query = QueryIdentity(entry.key)
            guard chosen.contains(query), let name = names[query.databaseOID] else { continue }
            // The server drops an entry that is seldom used, and makes it anew: what it counts from then on is added to what it had counted.
            let old = counts.updateValue((entry.calls, entry.totalTime), forKey: entry.key) ?? (0, 0)
            let hasBegunAnew = entry.calls < old.calls || entry.totalTime < old.totalTime
            figures[query, default: Figures(database: name)].calls += entry.calls - (hasBegunAnew ? 0 : old.calls)
            figures[query]?.totalTime += entry.totalTime - (hasBegunAnew ? 0 : old.totalTime)
        }
        for item in bucket?.items ?? [] where chosen.contains(item.query) {
            figures[item.query]?.recentMean = Double(item.mean)
        }
    }

    /// Those that are still among the first twice as many stay.
    private mutating func choose(among reading: StatementReading, names: [UInt32: String]) {
        var times: [QueryIdentity: Double] = [:]
        for entry in reading.entries where names[entry.key.databaseOID] != nil {
            times[QueryIdentity(entry.key), default: 0] += entry.totalTime
        }
        let ranking = times.sorted { $0.value == $1.value ? $0.key.queryID < $1.key.queryID : $0.value > $1.value }
            .prefix(Self.limit * 2).map(\.key)
        var next = chosen.intersection(ranking)
        for query in ranking where next.count < Self.limit { next.insert(query) }
        chosen = next
        chosenAt = reading.serverTime
    }
}
