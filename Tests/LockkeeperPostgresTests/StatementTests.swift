import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperPostgres

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

    @Test(
        "tell of a partition to which partitioned table it belongs, though a migration waits for that one",
        arguments: TestPostgres.majors)
    func partitions(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (holder, migration, observer) = (
                try await database.session(), try await database.session(), try await database.session()
            )
            try await holder.run(
                """
                CREATE TABLE events (id int, day int) PARTITION BY RANGE (day);
                CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (day);
                CREATE TABLE events_1a PARTITION OF events_1 FOR VALUES FROM (0) TO (50);
                CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (100) TO (200);
                CREATE INDEX events_day ON events (day);
                CREATE TABLE plain (id int); CREATE TABLE child () INHERITS (plain);
                INSERT INTO events SELECT i, 100 + i % 100 FROM generate_series(1, 5000) AS i; ANALYZE
                """)
            try await holder.run("BEGIN; SELECT * FROM events")
            let waiting = migration.start("ALTER TABLE events ADD COLUMN note text")
            try await migration.waitUntilBlocked(seenBy: observer)
            let locks = try await observer.value(
                "SELECT count(*) FROM pg_locks WHERE relation = 'events'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted"
            )
            #expect(locks == "1")
            let sampler = sampler(database.dsn())
            let relations = try #require(try await sampler.readStatements().statements().relations.first)
            #expect(relations.isComplete)
            #expect(relations.tables.map(\.name) == ["events", "events_2", "events_1a", "plain", "child"])
            let root = try #require(relations.tables.first)
            #expect(root.isPartitioned && root.rootOID == nil && root.schema == "public")
            #expect(
                relations.tables.dropFirst().map(\.rootOID) == [root.oid, root.oid, nil, nil],
                "inheritance alone makes no partition")
            let names = relations.indexes.map(\.name)
            #expect(names == ["events_day", "events_2_day_idx", "events_1a_day_idx"], "\(names)")
            #expect(relations.indexes[1].parentOID == relations.indexes[0].oid)
            try await holder.run("ROLLBACK")
            _ = try await waiting.value
            await sampler.close()
            for session in [holder, migration, observer] { await session.close() }
        }
    }

    @Test("list indexes in the order of their tables, so that a list that is cut off is the same each time")
    func order() async throws {
        for major in TestPostgres.majors {
            try await TestPostgres.withDatabase(major) { database in
                let client = try await database.session()
                try await client.run(
                    """
                    CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE TABLE large (i int);
                    INSERT INTO large SELECT generate_series(1, 5000); ANALYZE;
                    CREATE INDEX b1 ON b (i); CREATE INDEX a1 ON a (i); CREATE INDEX b2 ON b (i); CREATE INDEX a2 ON a (i);
                    CREATE INDEX large1 ON large (i)
                    """)
                func read(tables: Int, indexes: Int) async throws -> RelationStatistics? {
                    func rows(_ query: Query) async throws -> Rows {
                        var sql = query.sql
                        for (number, value) in query.parameters.enumerated() {
                            sql = sql.replacing("$\(number + 1)", with: value ?? "NULL")
                        }
                        return try await client.run(sql)
                    }
                    return StatementQueries.readRelations(
                        tables: try await rows(StatementQueries.tables(limit: tables)),
                        indexes: try await rows(StatementQueries.indexes(tableLimit: tables, limit: indexes)),
                        database: database.name, tableLimit: tables, indexLimit: indexes)
                }
                let all = try #require(try await read(tables: 3, indexes: 5))
                #expect(all.isComplete && all.tables.map(\.name) == ["large", "a", "b"])
                #expect(all.indexes.map(\.name) == ["large1", "a1", "a2", "b1", "b2"])
                let cut = try #require(try await read(tables: 3, indexes: 4))
                #expect(!cut.isComplete && cut.indexes.map(\.name) == ["large1", "a1", "a2", "b1"])
                let few = try #require(try await read(tables: 2, indexes: 5))
                #expect(!few.isComplete && few.tables.map(\.name) == ["large", "a"])
                #expect(few.indexes.map(\.name) == ["large1", "a1", "a2"])
                await client.close()
            }
        }
    }

    @Test(
        "tell of the watched databases first, where a server has more than there is room for",
        arguments: TestPostgres.majors)
    func manyDatabases(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { other in
            try await TestPostgres.withDatabase(major) { home in
                let client = try await home.session()
                let query = StatementQueries.databases(
                    Server(versionNumber: major * 10_000, startedAt: Timestamp(seconds: 0), database: home.name),
                    watched: [home.name, other.name], limit: 2)
                let rows = try await client.run(
                    query.sql.replacing("$1", with: "E'\(home.name)\\n\(other.name)'").replacing("$2", with: "2"))
                #expect(StatementQueries.readDatabases(rows).map(\.name) == [home.name, other.name])
                await client.close()
            }
        }
    }

    @Test(
        "that cannot be read in another database for a while are not taken for missing", arguments: TestPostgres.majors)
    func elsewhereFailing(major: Int) async throws {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { home in
            try await TestPostgres.withDatabase(major, hasStatistics: true) { other in
                let client = try await other.session()
                let role = "watcher_\(home.name)"
                try await client.run(
                    "CREATE EXTENSION pg_stat_statements; CREATE ROLE \(role) LOGIN; GRANT pg_monitor TO \(role)")
                let sampler = sampler(home.dsn(user: role)) { $0.databases = .named([home.name, other.name]) }
                #expect(try await sampler.readStatements().statements().source.isAvailable)
                try await client.run("ALTER DATABASE \(other.name) CONNECTION LIMIT 0")
                for _ in 1...2 {
                    let reading = try await sampler.readStatements().statements()
                    guard case .failed = reading.source else { throw TestFailure("\(reading.source)") }
                }
                try await client.run("ALTER DATABASE \(other.name) CONNECTION LIMIT -1")
                #expect(try await sampler.readStatements().statements().source.isAvailable)
                await sampler.close()
                try await client.run("DROP ROLE \(role)")
                await client.close()
            }
        }
    }
}

extension Sample {
    func statements() throws -> StatementReading {
        guard case .statements(let reading) = content else { throw TestFailure("no statements: \(content)") }
        return reading
    }
}
