#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a query fared in several buckets: all its calls together, and how much the buckets differ from each other.
struct QuerySummary: Sendable {
    private(set) var sums = StatementBucket.Sums()
    private(set) var parts = 0
    private var logarithms = 0.0
    private var squaredLogarithms = 0.0
    /// Sum of what the buckets' logarithms vary by for the spread of the single calls alone.
    private var callNoise = 0.0

    /// Times are multiplied by what slows them down, and their spread grows with them: logarithms make the spread even.
    mutating func add(_ item: StatementBucket.Item) {
        sums += StatementBucket.Sums(item)
        parts += 1
        // A time of 0 is one below the clock's resolution.
        let mean = max(Double(item.mean), 1e-6)
        let logarithm = log(mean)
        logarithms += logarithm
        squaredLogarithms += logarithm * logarithm
        callNoise += min(1, Double(item.variance) / (mean * mean) / max(1, Double(item.calls)))
    }

    var meanLogarithm: Double { logarithms / Double(max(1, parts)) }

    /// The buckets' means as observations. Their variance is what they show, but no less than the calls' own spread and a machine's usual
    /// unsteadiness (5 %) have it: three buckets may agree by chance.
    var group: WelchTest.Group {
        let count = Double(parts)
        let shown = parts > 1 ? max(0, (squaredLogarithms - logarithms * meanLogarithm) / (count - 1)) : 0
        return WelchTest.Group(
            mean: meanLogarithm, variance: max(shown, callNoise / max(1, count), 0.05 * 0.05), count: count)
    }

    var blocksPerCall: Double { sums.calls > 0 ? sums.blocks / sums.calls : 0 }
    var readsPerCall: Double { sums.calls > 0 ? sums.reads / sums.calls : 0 }

    var window: QueryWindow {
        QueryWindow(
            calls: Int64(sums.calls), mean: sums.mean, deviation: sums.variance.squareRoot(),
            blocksPerCall: blocksPerCall, readsPerCall: readsPerCall, parts: parts)
    }
}
