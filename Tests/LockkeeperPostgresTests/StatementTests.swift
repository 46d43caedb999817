import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

@Suite(
    "The statistics of statements",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct StatementTests {
    @Test(
        "are read with the database's work, tables and indexes, the texts only when asked for",
        arguments: TestPostgres.majors)
    func reading(major: Int) async throws {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { database in
            let client = try await database.session()
            try await client.run(
                """
                CREATE SCHEMA "Odd one"; CREATE EXTENSION pg_stat_statements SCHEMA "Odd one";
                CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE INDEX orders_note ON orders (note);
                INSERT INTO orders SELECT i, 'n' || i FROM generate_series(1, 1000) AS i
                """)
            for id in 1...12 { try await client.run("SELECT note FROM orders WHERE id = \(id)") }
            let sampler = sampler(database.dsn())
            let sample = await sampler.readStatements()
            let reading = try sample.statements()
            #expect(sample.tier == .statements && reading.isComplete && reading.hiddenEntries == 0)
            guard case .statistics(_, let schema, let found) = reading.source else {
                throw TestFailure("\(reading.source)")
            }
            #expect(schema == "\"Odd one\"" && found == database.name)
            let oid = try #require(reading.databases.first { $0.name == database.name }?.oid)
            let mine = reading.entries.filter { $0.key.databaseOID == oid }
            let ids = mine.map(\.key.queryID)
            #expect(reading.server.walPosition ?? 0 > 0 && reading.server.requestedCheckpoints != nil)
            #expect(reading.databases.first { $0.oid == oid }?.size ?? 0 > 1_000_000)
            if major >= 14 { #expect(reading.resetAt != nil && reading.deallocations != nil) }

            let relations = try #require(reading.relations.first)
            let table = try #require(relations.tables.first)
            #expect(relations.databaseOID == oid && relations.tables.count == 1 && table.name == "orders")
            #expect(Set(relations.indexes.map(\.name)) == ["orders_pkey", "orders_note"])
            #expect(relations.indexes.allSatisfy { $0.tableOID == table.oid && $0.isUsable })

            let answer = try #require(await sampler.readStatementTexts(of: ids))
            guard case .statementTexts(let texts) = answer.content else { throw TestFailure("\(answer.content)") }
            let select = try #require(
                texts.texts.first { $0.databaseOID == oid && $0.text == "SELECT note FROM orders WHERE id = $1" })
            let entry = try #require(mine.first { $0.key.queryID == select.queryID })
            #expect(entry.calls == 12 && entry.totalTime > 0 && entry.totalTime < 60_000 && entry.key.isTopLevel)
            #expect(entry.sharedBlocks >= 24)
            await sampler.close()
            await client.close()
        }
    }

    @Test("are found in another configured database", arguments: TestPostgres.majors)
    func elsewhere(major: Int) async throws {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { home in
            try await TestPostgres.withDatabase(major, hasStatistics: true) { other in
                let client = try await other.session()
                try await client.run("CREATE EXTENSION pg_stat_statements; CREATE TABLE t (a int)")
                for _ in 1...12 { try await client.run("SELECT 1, 2") }
                let sampler = sampler(home.dsn()) { $0.databases = .named([home.name, other.name]) }
                let reading = try await sampler.readStatements().statements()
                guard case .statistics(_, "public", let found) = reading.source else {
                    throw TestFailure("\(reading.source)")
                }
                #expect(found == other.name && !reading.entries.isEmpty)
                #expect(reading.relations.map(\.database) == [other.name])
                await sampler.close()
                await client.close()
            }
        }
    }

    @Test(
        "that are missing, or not loaded, cost only themselves, and the reason is told", arguments: TestPostgres.majors)
    func missing(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let sampler = sampler(database.dsn())
            let without = try await sampler.readStatements().statements()
            guard case .missing(let why) = without.source else { throw TestFailure("\(without.source)") }
            #expect(why.contains("CREATE EXTENSION pg_stat_statements") && !without.databases.isEmpty)
            let client = try await database.session()
            try await client.run("CREATE EXTENSION pg_stat_statements")
            let unloaded = try await sampler.readStatements().statements()
            guard case .failed(let failure) = unloaded.source else { throw TestFailure("\(unloaded.source)") }
            #expect(failure.message.contains("shared_preload_libraries"))
            #expect(unloaded.server.walPosition != nil)
            await sampler.close()
            await client.close()
        }
    }

    @Test("of other users are counted as hidden for a role without the privilege", arguments: TestPostgres.majors)
    func hidden(major: Int) async throws {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { database in
            let client = try await database.session()
            let role = "nobody_\(database.name)"
            try await client.run("CREATE EXTENSION pg_stat_statements; CREATE ROLE \(role) LOGIN")
            for _ in 1...12 { try await client.run("SELECT 1, 2, 3") }
            let sampler = sampler(database.dsn(user: role))
            let reading = try await sampler.readStatements().statements()
            #expect(reading.source.isAvailable && reading.hiddenEntries > 0)
            await sampler.close()
            try await client.run("DROP ROLE \(role)")
            await client.close()
        }
    }

    @Test("do not wait for a table that a migration holds or waits for", arguments: TestPostgres.majors)
    func locked(major: Int) async throws {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { database in
            let (holder, migration, observer) = (
                try await database.session(), try await database.session(), try await database.session()
            )
            try await holder.run("CREATE EXTENSION pg_stat_statements; CREATE TABLE orders (id int PRIMARY KEY)")
            try await holder.run("BEGIN; SELECT * FROM orders")
            let waiting = migration.start("ALTER TABLE orders ADD COLUMN a int")
            try await migration.waitUntilBlocked(seenBy: observer)
            let sampler = sampler(database.dsn())
            let reading = try await sampler.readStatements().statements()
            #expect(reading.source.isAvailable)
            #expect(reading.relations.first?.tables.map(\.name) == ["orders"])
            try await holder.run("ROLLBACK")
            _ = try await waiting.value
            await sampler.close()
            for session in [holder, migration, observer] { await session.close() }
        }
    }
}

extension Sample {
    func statements() throws -> StatementReading {
        guard case .statements(let reading) = content else { throw TestFailure("no statements: \(content)") }
        return reading
    }
}
