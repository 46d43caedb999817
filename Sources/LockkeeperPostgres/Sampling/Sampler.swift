import Glibc
public import LockkeeperCore

/// Looks at one target. A look that fails is a sample like any other: nothing is thrown. Holds at most two long-lived connections: one
/// for glances and full looks, one for what may be slow; another database's histories are read through a short-lived one.
public actor Sampler {
    /// What to look at, and within which limits.
    public struct Configuration: Sendable {
        /// The target's configured name.
        public var target: String
        /// Asked anew for each connection, so that a changed secret file is heeded.
        public var dsn: @Sendable () throws(PostgresError) -> DSN
        /// The databases that are watched: whose histories are read, and in which a glance looks for suspects.
        public var databases: DatabaseSelection
        public var lockTimeout: Duration
        public var statementTimeout: Duration
        public var connectTimeout: Duration
        /// How many of a history's newest entries are read.
        public var historyLimit: Int
        /// How often databases other than the connection's own are read without being asked for: each time costs a connection.
        public var otherDatabasesInterval: Duration
        /// From which age on, in transactions or multixacts, a database's oldest tables are read.
        public var oldDatabaseAge = CatalogReading.oldDatabase

        public init(
            target: String, dsn: @escaping @Sendable () throws(PostgresError) -> DSN,
            databases: DatabaseSelection = .connected, lockTimeout: Duration = .milliseconds(200),
            statementTimeout: Duration = .seconds(5),
            connectTimeout: Duration = .seconds(5), historyLimit: Int = 1000,
            otherDatabasesInterval: Duration = .seconds(60)
        ) {
            self.target = target
            self.dsn = dsn
            self.databases = databases
            self.lockTimeout = lockTimeout
            self.statementTimeout = statementTimeout
            self.connectTimeout = connectTimeout
            self.historyLimit = historyLimit
            self.otherDatabasesInterval = otherDatabasesInterval
        }
    }

    private let configuration: Configuration
    private let fast: TargetConnection
    private let slow: TargetConnection
    private let statements: StatementReader
    private let now: @Sendable () -> Timestamp
    /// Begin of the last glance by the server's clock, in microseconds.
    private var lastGlance: Int64?
    /// When databases other than our own were last read.
    private var lastBriefReadings: [String: ContinuousClock.Instant] = [:]
    /// When the catalogs of databases other than our own were last read.
    private var lastBriefCatalogs: [String: ContinuousClock.Instant] = [:]

    /// - Parameters:
    ///   - backoff: the delays between attempts to connect.
    ///   - random: from 0 up to 1, by chance; spreads the attempts.
    ///   - now: the agent's wall clock.
    public init(
        _ configuration: Configuration, backoff: Backoff = Backoff(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        now: @escaping @Sendable () -> Timestamp = { Sampler.wallClock() }
    ) {
        self.configuration = configuration
        self.now = now
        let connect: TargetConnection.Connect = { () throws(PostgresError) in
            try await Self.connect(configuration, database: nil)
        }
        fast = TargetConnection(backoff: backoff, random: random, connect: connect)
        slow = TargetConnection(backoff: backoff, random: random, connect: connect)
        let deadline = configuration.statementTimeout + .milliseconds(500)
        statements = StatementReader(
            databases: configuration.databases, otherDatabasesInterval: configuration.otherDatabasesInterval,
            ask: { [slow] (queries) throws(PostgresError) in try await slow.run(within: deadline, queries) },
            askBriefly: { (database, queries) throws(PostgresError) in
                let session = try await Self.connect(configuration, database: database)
                let result: Result<[Result<Rows, PostgresError>], PostgresError>
                do throws(PostgresError) {
                    result = .success(try await session.run(queries, within: deadline))
                } catch {
                    result = .failure(error)
                }
                await session.close()
                return try result.get()
            })
    }

    /// The system's wall clock.
    public static func wallClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    private static func connect(
        _ configuration: Configuration, database: String?
    ) async throws(PostgresError) -> PostgresSession {
        var dsn = try configuration.dsn()
        if let database { dsn = dsn.with(database: database) }
        return try await PostgresSession.connect(
            to: dsn,
            as: .observer(lockTimeout: configuration.lockTimeout, statementTimeout: configuration.statementTimeout),
            within: configuration.connectTimeout)
    }

    /// The server's own limit strikes first where the server lives; ours is for the line.
    private var deadline: Duration { configuration.statementTimeout + .milliseconds(500) }

    // MARK: Looks

    /// The cheap look: is anything there? While the target is down, it returns after the next attempt to connect.
    public func glance(_ inquiry: Inquiry = Inquiry()) async -> Sample {
        let since = lastGlance
        let databases = configuration.databases
        return await sample(.glance) { () throws(PostgresError) in
            let (_, results) = try await fast.run(within: deadline) { facts in
                [
                    GlanceQuery.query(
                        since: since, tracked: inquiry.trackedPIDs,
                        databases: databases.names(connected: facts.database),
                        canReadAllStats: facts.server.canReadAllStats)
                ]
            }
            guard let rows = try results.first?.get(), let (glance, began) = GlanceQuery.read(rows) else {
                throw PostgresError(
                    kind: .protocolViolation, stage: .query("lockkeeper_glance"),
                    message: "the answer could not be read", hint: "check what answers at this address")
            }
            lastGlance = began
            return .glanced(glance)
        }
    }

    /// The full look: sessions, locks, who blocks whom, prepared transactions and the fate of the transactions asked about, in one round
    /// trip. While the target is down, it returns after the next attempt to connect.
    public func look(_ inquiry: Inquiry = Inquiry(), tier: SamplingTier) async -> Sample {
        await sample(tier) { () throws(PostgresError) in
            let (facts, results) = try await fast.run(within: deadline) { facts in
                LookQueries.queries(
                    facts.server, transactionIDs: inquiry.transactionIDs, trackedPIDs: inquiry.trackedPIDs,
                    historyTables: inquiry.historyTables[facts.database] ?? [])
            }
            let hasSequences = inquiry.historyTables[facts.database]?.isEmpty == false
            return .seen(try LookQueries.read(results, server: facts.server, hasSequences: hasSequences))
        }
    }

    /// Reads the migration tools' history tables, one sample for each database.
    ///
    /// - Parameter databases: those wanted; empty = all configured ones that are due.
    public func readHistory(of databases: Set<String> = []) async -> [Sample] {
        let names: [String]
        let own: String
        do throws(PostgresError) {
            (names, own) = try await historyDatabases(wanted: databases)
        } catch {
            return [await sample(.history) { () throws(PostgresError) in throw error }]
        }
        var samples: [Sample] = []
        for name in names where name == own || isDue(name, isWanted: !databases.isEmpty) {
            if Task.isCancelled { break }
            if name != own { lastBriefReadings[name] = .now }
            samples.append(
                await sample(.history) { () throws(PostgresError) in
                    .history(
                        name == own
                            ? try await readHistory(database: name, run: runOnSlow)
                            : try await readHistoryBriefly(database: name))
                })
        }
        return samples
    }

    /// Reads the statistics of statements and databases.
    public func readStatements() async -> Sample {
        await sample(.statements) { () throws(PostgresError) in
            .statements(try await statements.read())
        }
    }

    /// Reads the texts of statements; `nil` where the server keeps none.
    public func readStatementTexts(of queryIDs: [Int64]) async -> Sample? {
        do throws(PostgresError) {
            guard let texts = try await statements.readTexts(of: queryIDs) else { return nil }
            return await sample(.statements) { () throws(PostgresError) in .statementTexts(texts) }
        } catch {
            return await sample(.statements) { () throws(PostgresError) in throw error }
        }
    }

    /// Reads the catalogs of the configured databases and the health of the server, one sample for each database. Databases other than
    /// our own only when they are due.
    public func readCatalogs() async -> [Sample] {
        let names: [String]
        let own: String
        do throws(PostgresError) {
            (names, own) = try await historyDatabases(wanted: [])
        } catch {
            return [await sample(.catalog) { () throws(PostgresError) in throw error }]
        }
        lastBriefCatalogs = lastBriefCatalogs.filter { names.contains($0.key) }
        let oldDatabaseAge = configuration.oldDatabaseAge
        // The server is looked at whichever databases are watched.
        var samples = [
            await sample(.catalog) { () throws(PostgresError) in
                let (facts, results) = try await slow.run(within: deadline) { facts in
                    CatalogReader(facts, includesServer: true, oldDatabaseAge: oldDatabaseAge).queries
                }
                let reader = CatalogReader(facts, includesServer: true, oldDatabaseAge: oldDatabaseAge)
                return .catalog(try reader.read(results))
            }
        ]
        for name in names where name != own {
            if Task.isCancelled { break }
            if let last = lastBriefCatalogs[name], .now - last < configuration.otherDatabasesInterval { continue }
            lastBriefCatalogs[name] = .now
            samples.append(
                await sample(.catalog) { () throws(PostgresError) in
                    .catalog(try await readCatalogBriefly(database: name))
                })
        }
        return samples
    }

    /// The databases that the role may connect to, templates excluded.
    ///
    /// - Throws: `PostgresError` when the target cannot be asked.
    public func connectableDatabases() async throws(PostgresError) -> [String] {
        let results = try await runOnSlow([HistoryQueries.databases])
        return try results.first?.get().compactMap { $0.text(0) } ?? []
    }

    /// Closes the connections for good; looks under way and later ones fail.
    public func close() async {
        await fast.close()
        await slow.close()
    }

    // MARK: Histories

    private typealias Run = ([Query]) async throws(PostgresError) -> [Result<Rows, PostgresError>]

    private func runOnSlow(_ queries: [Query]) async throws(PostgresError) -> [Result<Rows, PostgresError>] {
        try await slow.run(within: deadline) { _ in queries }.results
    }

    private func historyDatabases(
        wanted: Set<String>
    ) async throws(PostgresError) -> (names: [String], own: String) {
        let (facts, results) = try await slow.run(within: deadline) { _ in [HistoryQueries.databases] }
        guard wanted.isEmpty else {
            // The role may not be let into each database in which it sees runs.
            let connectable = try results.first?.get().compactMap { $0.text(0) } ?? []
            return (wanted.intersection(connectable + [facts.database]).sorted(), facts.database)
        }
        if let names = configuration.databases.names(connected: facts.database) { return (names, facts.database) }
        return (try results.first?.get().compactMap { $0.text(0) } ?? [], facts.database)
    }

    /// Even one that a run's end waits for is not read at each glance: it may refuse us each time.
    private func isDue(_ database: String, isWanted: Bool) -> Bool {
        let interval = isWanted ? .seconds(1) : configuration.otherDatabasesInterval
        return lastBriefReadings[database].map { .now - $0 >= interval } ?? true
    }

    private func readHistoryBriefly(database: String) async throws(PostgresError) -> HistoryReading {
        let session = try await Self.connect(configuration, database: database)
        let deadline = deadline
        let result: Result<HistoryReading, PostgresError>
        do throws(PostgresError) {
            result = .success(
                try await readHistory(database: database) { (queries) throws(PostgresError) in
                    try await session.run(queries, within: deadline)
                })
        } catch {
            result = .failure(error)
        }
        await session.close()
        return try result.get()
    }

    private func readHistory(database: String, run: Run) async throws(PostgresError) -> HistoryReading {
        let first = try await run([HistoryQueries.clock, HistoryQueries.candidates])
        let time: Int64 = try first[0].get().first?.integer(0) ?? 0
        let found = HistoryQueries.identify(try first[1].get())
        guard !found.isEmpty else {
            return HistoryReading(database: database, serverTime: Timestamp(microseconds: time), tables: [])
        }
        let entries = try await run(found.map { HistoryQueries.entries($0, limit: configuration.historyLimit) })
        let tables = zip(found, entries).map { found, result in
            let entries: HistoryTable.Entries =
                switch result {
                case .success(let rows): .read(HistoryQueries.read(rows))
                case .failure(var error):
                    .failed(
                        {
                            error.stage = .query("history of \(found.relation)"); return error.sampleFailure
                        }())
                }
            return HistoryTable(tool: found.tool, relation: found.relation, oid: found.oid, entries: entries)
        }
        return HistoryReading(database: database, serverTime: Timestamp(microseconds: time), tables: tables)
    }

    // MARK: Catalogs

    private func readCatalogBriefly(database: String) async throws(PostgresError) -> CatalogReading {
        let session = try await Self.connect(configuration, database: database)
        let deadline = deadline
        let result: Result<CatalogReading, PostgresError>
        do throws(PostgresError) {
            let reader = CatalogReader(
                try await session.facts, includesServer: false, oldDatabaseAge: configuration.oldDatabaseAge)
            result = .success(try reader.read(try await session.run(reader.queries, within: deadline)))
        } catch {
            result = .failure(error)
        }
        await session.close()
        return try result.get()
    }

    // MARK: Samples

    private func sample(
        _ tier: SamplingTier, _ look: () async throws(PostgresError) -> Sample.Content
    ) async -> Sample {
        let begin = ContinuousClock.now
        let content: Sample.Content
        do throws(PostgresError) {
            content = try await look()
        } catch {
            content = .failed(error.sampleFailure)
        }
        return Sample(
            target: configuration.target, tier: tier, takenAt: now(), duration: ContinuousClock.now - begin,
            content: content)
    }
}
