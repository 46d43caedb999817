/// What the queries did in a stretch of time, such as the minutes before a run.
struct StatementStretch: Sendable {
    private(set) var queries: [QueryIdentity: QuerySummary] = [:]
    /// The parts that it is made of.
    private(set) var parts: [Part] = []

    struct Part: Sendable {
        var length: Duration
        /// How many transactions of each database were rolled back.
        var rollbacks: [UInt32: Int64]
    }

    init() {}

    init(_ buckets: some Sequence<StatementBucket>) {
        for bucket in buckets {
            parts.append(Part(length: bucket.length, rollbacks: bucket.rollbacks))
            for item in bucket.items { queries[item.query, default: QuerySummary()].add(item) }
        }
    }

    var length: Duration { parts.reduce(.zero) { $0 + $1.length } }

    /// Without the queries that were called too seldom to be compared.
    func worthComparing(_ settings: PerformanceSettings) -> Self {
        keeping { $1.parts >= settings.minimumParts && $1.sums.calls >= Double(settings.minimumCalls) }
    }

    func keeping(_ isKept: (QueryIdentity, QuerySummary) -> Bool) -> Self {
        var kept = self
        kept.queries = queries.filter { isKept($0.key, $0.value) }
        return kept
    }

    /// Whether a query was called all the time, give or take a part.
    func isSteady(_ query: QuerySummary) -> Bool { query.parts * 10 >= parts.count * 9 }

    func rollbacks(of database: UInt32) -> Int64 {
        parts.reduce(0) { $0 + $1.rollbacks[database, default: 0] }
    }
}
