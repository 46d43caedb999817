import LockkeeperCore

/// Reads the statistics of statements and databases, and remembers where the server keeps them and what need not be read each time.
actor StatementReader {
    typealias Results = [Result<Rows, PostgresError>]
    /// Asks on the long-lived connection.
    typealias Ask =
        @Sendable (@Sendable (ServerFacts) -> [Query]) async throws(PostgresError) -> (
            facts: ServerFacts, results: Results
        )
    /// Asks another database, through a connection for that only.
    typealias AskBriefly = @Sendable (String, [Query]) async throws(PostgresError) -> Results

    private let databases: DatabaseSelection
    private let otherDatabasesInterval: Duration
    private let ask: Ask
    private let askBriefly: AskBriefly
    /// Where the extension was found last.
    private var location: StatementQueries.Location?
    private var searchedAt: ContinuousClock.Instant?
    private var sizedAt: ContinuousClock.Instant?
    /// When other databases' tables were last read.
    private var lastBriefReadings: [String: ContinuousClock.Instant] = [:]

    /// How often other databases are searched for the extension: each costs a connection.
    private static let searchInterval = Duration.seconds(600)
    /// How often the databases' sizes are asked for.
    private static let sizeInterval = Duration.seconds(600)
    /// How many other databases are searched, or read in one reading.
    private static let databaseLimit = 20

    init(
        databases: DatabaseSelection, otherDatabasesInterval: Duration, ask: @escaping Ask,
        askBriefly: @escaping AskBriefly
    ) {
        self.databases = databases
        self.otherDatabasesInterval = otherDatabasesInterval
        self.ask = ask
        self.askBriefly = askBriefly
    }

    func read() async throws(PostgresError) -> StatementReading {
        let (facts, results) = try await ask { [databases] facts in
            [
                HistoryQueries.clock, StatementQueries.location,
                StatementQueries.databases(
                    facts.server, watched: databases.names(connected: facts.database) ?? []),
                StatementQueries.walPosition, StatementQueries.checkpoints(facts.server), StatementQueries.tables(),
                StatementQueries.indexes(), HistoryQueries.databases,
            ]
        }
        guard results.count == 8, let clock: Int64 = try results[0].get().first?.integer(0) else {
            throw PostgresError(
                kind: .protocolViolation, stage: .query("lockkeeper_clock"), message: "the answer could not be read",
                hint: "check what answers at this address")
        }
        var reading = StatementReading(serverTime: Timestamp(microseconds: clock))
        // What the role may not see, or what is locked, costs its own figures and no others.
        if case .success(let rows) = results[2] { reading.databases = StatementQueries.readDatabases(rows) }
        if case .success(let rows) = results[3] { reading.server.walPosition = rows.first?.integer(0) }
        if case .success(let rows) = results[4] {
            reading.server.timedCheckpoints = rows.first?.integer(0)
            reading.server.requestedCheckpoints = rows.first?.integer(1)
        }
        if case .success(let tables) = results[5], case .success(let indexes) = results[6],
            let relations = StatementQueries.readRelations(tables: tables, indexes: indexes, database: facts.database)
        {
            reading.relations.append(relations)
        }
        let connectable = (try? results[7].get().compactMap { $0.text(0) }) ?? []
        let others = otherDatabases(own: facts.database, connectable: connectable)
        await readEntries(
            into: &reading, here: try StatementQueries.Location(results[1].get()), others: others)
        await readOtherRelations(of: others, into: &reading)
        await readSizes(of: [facts.database] + others, into: &reading)
        return reading
    }

    /// - Returns: the texts that are there; `nil` where the statistics are not.
    func readTexts(of queryIDs: [Int64]) async throws(PostgresError) -> StatementTexts? {
        guard let location else { return nil }
        let queries = [HistoryQueries.clock, StatementQueries.texts(location, of: queryIDs)]
        let results = try await asking(location, queries)
        guard results.count == 2, let clock: Int64 = try results[0].get().first?.integer(0) else { return nil }
        return StatementTexts(
            serverTime: Timestamp(microseconds: clock), texts: StatementQueries.readTexts(try results[1].get()))
    }

    // MARK: Statements

    private func readEntries(
        into reading: inout StatementReading, here: StatementQueries.Location?, others: [String]
    ) async {
        if let here {
            location = here
        } else if location.map({ !others.contains($0.database) }) ?? true {
            location = await search(others)
        }
        guard let location else {
            reading.source = .missing(
                "pg_stat_statements is not installed in any watched database: add it to shared_preload_libraries, restart the server and run CREATE EXTENSION pg_stat_statements"
            )
            return
        }
        var queries = [HistoryQueries.clock, StatementQueries.entries(location)]
        if location.isAtLeast(9) { queries.append(StatementQueries.info(location)) }
        do throws(PostgresError) {
            let results = try await asking(location, queries)
            let rows = try results[1].get()
            // The entries are of that moment, not of the earlier one.
            if let clock: Int64 = try results[0].get().first?.integer(0) {
                reading.serverTime = Timestamp(microseconds: clock)
            }
            StatementQueries.readEntries(rows, into: &reading)
            if results.count > 2, case .success(let info) = results[2] {
                reading.deallocations = info.first?.integer(0)
                reading.resetAt = info.first?.integer(1).map(Timestamp.init(microseconds:))
            }
            reading.source = location.source
        } catch {
            reading.source = .failed(error.sampleFailure)
            // Dropped, or moved: it is searched anew. One that does not answer in time is still there.
            if here == nil, [.serverError, .rejected].contains(error.sampleFailure.reason) { forget() }
        }
    }

    private func forget() {
        location = nil
        searchedAt = nil
    }

    /// - Parameter location: where what is asked for lies: its own database, or another one.
    private func asking(
        _ location: StatementQueries.Location, _ queries: [Query]
    ) async throws(PostgresError) -> Results {
        // The connection's own database is known by what it says itself, so that a reconnection elsewhere does no harm.
        let (facts, results) = try await ask { facts in facts.database == location.database ? queries : [] }
        return facts.database == location.database ? results : try await askBriefly(location.database, queries)
    }

    private func search(_ databases: [String]) async -> StatementQueries.Location? {
        if let searchedAt, .now - searchedAt < Self.searchInterval { return nil }
        searchedAt = .now
        for database in databases.prefix(Self.databaseLimit) {
            if Task.isCancelled { return nil }
            // One that refuses us is as good as one that has no extension.
            guard let results = try? await askBriefly(database, [StatementQueries.location]),
                let rows = try? results.first?.get(), let found = StatementQueries.Location(rows)
            else { continue }
            return found
        }
        return nil
    }

    // MARK: Databases

    private func otherDatabases(own: String, connectable: [String]) -> [String] {
        switch databases {
        case .connected: []
        case .named(let names): names.filter { $0 != own && connectable.contains($0) }
        case .all: connectable.filter { $0 != own }
        }
    }

    private func readOtherRelations(of databases: [String], into reading: inout StatementReading) async {
        lastBriefReadings = lastBriefReadings.filter { databases.contains($0.key) }
        let due = databases.filter { database in
            lastBriefReadings[database].map { .now - $0 >= otherDatabasesInterval } ?? true
        }
        for database in due.prefix(Self.databaseLimit) {
            if Task.isCancelled { return }
            lastBriefReadings[database] = .now
            guard
                let results = try? await askBriefly(database, [StatementQueries.tables(), StatementQueries.indexes()]),
                results.count == 2, case .success(let tables) = results[0], case .success(let indexes) = results[1],
                let relations = StatementQueries.readRelations(tables: tables, indexes: indexes, database: database)
            else { continue }
            reading.relations.append(relations)
        }
    }

    private func readSizes(of databases: [String], into reading: inout StatementReading) async {
        if let sizedAt, .now - sizedAt < Self.sizeInterval { return }
        sizedAt = .now
        guard let (_, results) = try? await ask({ _ in [StatementQueries.sizes(of: databases)] }),
            let rows = try? results.first?.get()
        else { return }
        for row in rows {
            guard let oid: UInt32 = row.integer(0), let size: Int64 = row.integer(1),
                let index = reading.databases.firstIndex(where: { $0.oid == oid })
            else { continue }
            reading.databases[index].size = size
        }
    }
}
