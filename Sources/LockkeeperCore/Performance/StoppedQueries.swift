/// The queries that were called all the time before a run and have not completed since, though they are still being tried.
///
/// `pg_stat_statements` counts executions that complete: one that is ended by a timeout, or fails since its column is gone, leaves no trace
/// there. It does leave a transaction that is rolled back. A query that is not seen any more while nothing more is rolled back than usual is
/// one that nobody calls: its application was stopped, or has another one in its place, since a new column is enough to give `SELECT *`
/// another `queryid`.
struct StoppedQueries: Sendable {
    /// Each with the sentence that says why it is taken to fail.
    private(set) var queries: [(query: QueryIdentity, before: QuerySummary, evidence: String)] = []

    /// - Parameter isCounted: whether the server still counts a query's calls.
    init(
        before: StatementStretch, after: StatementStretch, database: UInt32, settings: PerformanceSettings,
        isCounted: (QueryIdentity) -> Bool
    ) {
        guard after.parts.count >= settings.minimumParts, before.parts.count >= settings.minimumParts,
            let rollbacks = Self.rollbacks(before: before, after: after, database: database)
        else { return }
        let steady = before.queries.filter { $0.key.databaseOID == database && before.isSteady($0.value) }
        let missing = steady.filter { after.queries[$0.key] == nil }
        let goingOn = steady.keys.count { after.queries[$0].map(after.isSteady) ?? false }
        // Where most are missing, the application is.
        guard missing.count <= goingOn else { return }
        let share = after.length.inSeconds / max(1e-6, before.length.inSeconds)
        for (query, summary) in missing
        where summary.sums.calls * share >= Double(settings.minimumCalls) && isCounted(query) {
            queries.append(
                (
                    query, summary,
                    "It completed \(Int64(summary.sums.calls)) times in \(before.length.readable) before the run and not once in \(after.length.readable) since, in which \(rollbacks.now) transactions of the database were rolled back; usual would be \(QueryCauses.number(rollbacks.usual))."
                ))
        }
        queries.sort {
            ($0.before.sums.time, $1.query.queryID) > ($1.before.sums.time, $0.query.queryID)
        }
    }

    private static let growth = 1.5

    /// The transactions that were rolled back after and those that would be usual, or `nil` if they have not risen beyond chance, or not in
    /// most of the parts: an application that is stopped leaves many behind, once.
    private static func rollbacks(
        before: StatementStretch, after: StatementStretch, database: UInt32
    ) -> (now: Int64, usual: Double)? {
        let rate = Double(before.rollbacks(of: database)) / max(1e-6, before.length.inSeconds)
        let (now, usual) = (after.rollbacks(of: database), rate * after.length.inSeconds)
        // Three standard deviations of what comes by chance at that rate, and never less than three; besides half as many again, since a rate
        // goes with the load, and a pool that rolls back whenever a connection is returned has a high one.
        guard Double(now) > usual * growth + 3 * max(1, usual.squareRoot()) else { return nil }
        let risen = after.parts.count { part in
            let usual = rate * part.length.inSeconds
            return Double(part.rollbacks[database, default: 0]) > usual * growth + usual.squareRoot()
        }
        return risen * 2 >= after.parts.count ? (now, usual) : nil
    }
}
