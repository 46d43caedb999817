import LockkeeperCore

/// A pretended server whose queries take as long as they are told to, read in virtual time.
struct QueryStage {
    static let origin = Timestamp(seconds: 1_764_000_000)
    static let database = DatabaseWork(oid: 5, name: "shop")

    private(set) var now = QueryStage.origin
    var performance: Performance
    var queries: [Int64: Query] = [:]
    var texts: [Int64: String] = [:]
    /// Factor of all queries' times: how busy the machine is.
    var slowness = 1.0
    var relations = RelationStatistics(database: "shop", databaseOID: 5, serverTime: QueryStage.origin)
    var work = QueryStage.database
    var resetAt: Timestamp? = QueryStage.origin - .seconds(60)
    var random = Generator(state: 1)
    /// Everything that was told about runs.
    private(set) var reviewed: [MigrationRun] = []
    private(set) var textRequests: [[Int64]] = []
    /// Why the statistics of statements cannot be read, or where they are.
    var source = StatementReading.Source.statistics(version: "1.10", schema: "public", database: "shop")
    /// Transactions a second that are rolled back.
    var rollbacks = 0.0
    private var entries: [Int64: Moments] = [:]

    struct Query {
        /// Milliseconds.
        var mean: Double
        var callsPerSecond = 10.0
        var blocks = 4.0
        /// Standard deviation of a call's time, as a share of the mean.
        var spread = 0.3
        /// Standard deviation of what a whole reading's calls have in common, as a share of the mean.
        var drift = 0.0
        var sequentialTable: UInt32?
    }

    private struct Moments {
        var calls = 0.0
        var time = 0.0
        var squares = 0.0
        var blocks = 0.0
    }

    /// A small generator with a seed, so that every test run is the same (G. Steele et al., "SplitMix64").
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }

        /// About normally distributed, with mean 0 and variance 1.
        mutating func normal() -> Double {
            (0..<12).map { _ in Double.random(in: 0..<1, using: &self) }.reduce(-6, +)
        }
    }

    init(privacy: QueryTextPrivacy = .normalized, settings: PerformanceSettings = PerformanceSettings()) {
        performance = Performance(target: "app", privacy: privacy, settings: settings)
    }

    /// Lets the queries run, and reads every half minute.
    mutating func run(for duration: Duration, every interval: Duration = .seconds(30)) {
        let end = now + duration
        while now < end { step(min(interval, end - now)) }
    }

    mutating func step(_ length: Duration) {
        now = now + length
        work.rollbacks += Int64((rollbacks * length.inSeconds).rounded())
        for (id, query) in queries.sorted(by: { $0.key < $1.key }) {
            let calls = (query.callsPerSecond * length.inSeconds).rounded()
            guard calls > 0 else { continue }
            let mean = max(
                query.mean * 0.05,
                query.mean * slowness * (1 + query.drift * random.normal())
                    * (1 + query.spread / calls.squareRoot() * random.normal()))
            let deviation = mean * query.spread
            entries[id, default: Moments()].calls += calls
            entries[id]?.time += calls * mean
            entries[id]?.squares += calls * (mean * mean + deviation * deviation)
            entries[id]?.blocks += calls * query.blocks
            if let table = query.sequentialTable, let index = relations.tables.firstIndex(where: { $0.oid == table }) {
                relations.tables[index].sequentialScans += Int64(calls)
            }
        }
        read()
    }

    mutating func read() {
        relations.serverTime = now
        performance.advance(
            StatementReading(
                serverTime: now, source: source,
                entries: (source.isAvailable ? entries : [:]).map { id, moments in
                    let mean = moments.time / moments.calls
                    return StatementEntry(
                        key: .init(databaseOID: 5, userOID: 10, queryID: id), calls: Int64(moments.calls),
                        totalTime: moments.time,
                        deviation: max(0, moments.squares / moments.calls - mean * mean).squareRoot(),
                        sharedBlocksHit: Int64(moments.blocks))
                }, resetAt: resetAt, databases: [work], relations: [relations]))
        let wanted = performance.textsWanted
        if !wanted.isEmpty {
            textRequests.append(wanted)
            performance.advance(
                StatementTexts(
                    serverTime: now,
                    texts: wanted.compactMap { id in texts[id].map { .init(databaseOID: 5, queryID: id, text: $0) } }))
        }
        reviewed += performance.takeReviewed()
    }

    /// Runs a migration that takes as long.
    @discardableResult
    mutating func migrate(
        _ id: String = "run", for duration: Duration = .seconds(20), change: (inout Self) -> Void = { _ in }
    ) -> MigrationRun {
        var run = MigrationRun(
            id: id, target: "app", database: "shop", tool: "drizzle",
            sessions: [SessionIdentity(pid: 7, backendStart: now)], begin: now)
        performance.advance([.started(run)], at: now)
        step(.milliseconds(500))
        change(&self)
        step(duration - .milliseconds(500))
        run.end = now
        run.outcome = .committed(versions: [])
        performance.advance([.ended(run)], at: now)
        read()
        return run
    }

    mutating func begin(_ id: String) -> MigrationRun {
        let run = MigrationRun(
            id: id, target: "app", database: "shop", tool: "drizzle",
            sessions: [SessionIdentity(pid: 7, backendStart: now)], begin: now)
        performance.advance([.started(run)], at: now)
        read()
        return run
    }

    mutating func end(_ run: MigrationRun) {
        var run = run
        run.end = now
        run.outcome = .committed(versions: [])
        performance.advance([.ended(run)], at: now)
        read()
    }

    /// Has the server drop what it counted of a query.
    mutating func evict(_ id: Int64) { entries[id] = nil }

    /// The newest that was told of a run.
    func review(_ id: String = "run") -> RunReview? { reviewed.last { $0.id == id }?.review }

    var slowdowns: [MetricSample] {
        var metrics = MetricsBuilder()
        performance.recordSlowdowns(into: &metrics)
        return metrics.snapshot().families.first { $0.name == "lockkeeper_statement_slowdown_ratio" }?.samples ?? []
    }
}
