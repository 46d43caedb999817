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

    static let limit = 20
    private static let interval = Duration.seconds(600)

    mutating func advance(_ reading: StatementReading, bucket: StatementBucket?) {
        let names = Dictionary(reading.databases.map { ($0.oid, $0.name) }, uniquingKeysWith: { first, _ in first })
        if chosen.count < Self.limit || (chosenAt.map { reading.serverTime - $0 >= Self.interval } ?? true) {
            choose(among: reading, names: names)
        }
        var next: [QueryIdentity: Figures] = [:]
        for entry in reading.entries {
            let query = QueryIdentity(databaseOID: entry.key.databaseOID, queryID: entry.key.queryID)
            guard chosen.contains(query), let name = names[query.databaseOID] else { continue }
            next[query, default: Figures(database: name, recentMean: figures[query]?.recentMean)].calls += entry.calls
            next[query]?.totalTime += entry.totalTime
        }
        for item in bucket?.items ?? [] where chosen.contains(item.query) {
            next[item.query]?.recentMean = Double(item.mean)
        }
        figures = next
    }

    /// Those that are still among the first twice as many stay.
    private mutating func choose(among reading: StatementReading, names: [UInt32: String]) {
        var times: [QueryIdentity: Double] = [:]
        for entry in reading.entries where names[entry.key.databaseOID] != nil {
            times[.init(databaseOID: entry.key.databaseOID, queryID: entry.key.queryID), default: 0] += entry.totalTime
        }
        let ranking = times.sorted { $0.value == $1.value ? $0.key.queryID < $1.key.queryID : $0.value > $1.value }
            .prefix(Self.limit * 2).map(\.key)
        var next = chosen.intersection(ranking)
        for query in ranking where next.count < Self.limit { next.insert(query) }
        chosen = next
        chosenAt = reading.serverTime
    }
}
