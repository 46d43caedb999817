#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Compares how queries fared before and after.
struct QueryComparison: Sendable {
    /// A query whose time has changed beyond chance, or that no longer completes.
    struct Difference: Sendable {
        var query: QueryIdentity
        var before: QuerySummary
        var after: QuerySummary
        var probability: Double
        var effect: Double
        /// What says that it no longer completes.
        var stopped: String?

        /// `nil` of one that no longer completes.
        var ratio: Double? { stopped == nil ? after.sums.mean / max(before.sums.mean, 1e-6) : nil }

        var isSlower: Bool { ratio.map { $0 > 1 } ?? true }

        /// Blocks touched a call, after ÷ before. It does not depend on how busy the machine is.
        var workRatio: Double { QueryComparison.workRatio(before: before, after: after) }
    }

    /// How many queries were compared.
    private(set) var compared = 0
    /// Those that no longer complete, then those that changed, the greatest gain or loss of time first.
    private(set) var differences: [Difference] = []

    /// - Parameters:
    ///   - before: what is worth comparing, of all databases: what slows down everywhere is the machine's doing.
    ///   - database: the one whose queries may have been changed.
    ///   - isCounted: whether the server still counts a query's calls.
    init(
        before: StatementStretch, after: StatementStretch, database: UInt32, settings: PerformanceSettings,
        isCounted: (QueryIdentity) -> Bool
    ) {
        var shifts: [Double] = []
        var tests: [(query: QueryIdentity, before: QuerySummary, after: QuerySummary, test: WelchTest)] = []
        for (query, after) in after.worthComparing(settings).queries {
            guard let before = before.queries[query], let test = WelchTest(before.group, after.group) else { continue }
            shifts.append(after.meanLogarithm - before.meanLogarithm)
            if query.databaseOID == database { tests.append((query, before, after, test)) }
        }
        compared = tests.count
        // The median is what most queries share. Among a few, the changed ones may be the most.
        let common = shifts.count >= 5 ? shifts.sorted()[shifts.count / 2] : 0
        let probabilities = FalseDiscoveryRate.adjusted(tests.map(\.test.probability))
        for (entry, probability) in zip(tests, probabilities) {
            guard probability <= settings.significance,
                Self.isChange(before: entry.before, after: entry.after, common: common, settings: settings)
            else { continue }
            differences.append(
                Difference(
                    query: entry.query, before: entry.before, after: entry.after, probability: probability,
                    effect: entry.test.effect))
        }
        differences.sort { Self.weight($0) > Self.weight($1) }
        let stopped = StoppedQueries(
            before: before, after: after, database: database, settings: settings, isCounted: isCounted)
        differences =
            stopped.queries.map { query, before, evidence in
                Difference(
                    query: query, before: before, after: QuerySummary(), probability: 0, effect: 0, stopped: evidence)
            } + differences
    }

    /// Whether the difference is great enough, by the mean of all calls as well as by the typical bucket: a single call of a minute
    /// changes the one, a quiet minute the other.
    private static func isChange(
        before: QuerySummary, after: QuerySummary, common: Double, settings: PerformanceSettings
    ) -> Bool {
        guard abs(after.sums.mean - before.sums.mean) >= settings.minimumDifference else { return false }
        let typical = after.meanLogarithm - before.meanLogarithm
        let mean = log(max(after.sums.mean, 1e-6) / max(before.sums.mean, 1e-6))
        let work = log(workRatio(before: before, after: after))
        for sign in [1.0, -1.0] {
            let (typical, mean, work) = (sign * typical, sign * mean, sign * work)
            let least = log(settings.minimumRatio)
            if typical >= least, mean >= least, work >= least { return true }
            // What all queries share is not this one's.
            let shared = max(0, sign * common)
            let strict = log(settings.minimumUnexplainedRatio)
            if typical - shared >= strict, mean - shared >= strict { return true }
        }
        return false
    }

    /// One block is added on both sides, so that a query of two blocks that now touches three has not changed much.
    static func workRatio(before: QuerySummary, after: QuerySummary) -> Double {
        (after.blocksPerCall + 1) / (before.blocksPerCall + 1)
    }

    /// The time gained or lost since, in milliseconds.
    private static func weight(_ difference: Difference) -> Double {
        abs(difference.after.sums.mean - difference.before.sums.mean) * difference.after.sums.calls
    }
}
