import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

@Suite("History tables", .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct HistoryTests {
    private func reading(_ sampler: Sampler, _ databases: Set<String> = []) async throws -> HistoryReading {
        let samples = await sampler.readHistory(of: databases)
        #expect(samples.count == 1 && samples[0].tier == .history)
        return try #require(samples.first).history()
    }

    @Test(
        "are told apart by their columns and neighbours, and read in the tool's order", arguments: TestPostgres.majors)
    func shapes(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            let tools: [(schema: String, tool: String, sql: String, keys: [String])] = [
                (
                    "drizzle", "drizzle",
                    """
                    CREATE TABLE __drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
                    INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('a1', 1700000000001), ('b2', 1700000000002)
                    """, ["1", "2"]
                ),
                (
                    "drizzle_one", "drizzle",
                    """
                    CREATE TABLE __drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint,
                        name text, applied_at timestamptz DEFAULT now());
                    INSERT INTO __drizzle_migrations (hash, created_at, name, applied_at)
                        VALUES ('a1', 1700000000001, '20240101000000_init', '2024-01-02T03:04:05.678901Z')
                    """, ["1"]
                ),
                (
                    "go", "golang-migrate",
                    "CREATE TABLE schema_migrations (version bigint, dirty boolean); INSERT INTO schema_migrations VALUES (7, true)",
                    ["7 dirty"]
                ),
                (
                    "ecto", "ecto",
                    """
                    CREATE TABLE schema_migrations (version bigint, inserted_at timestamp);
                    INSERT INTO schema_migrations VALUES (3, '2024-01-02 03:04:05')
                    """, ["3"]
                ),
                (
                    "rails", "rails",
                    """
                    CREATE TABLE schema_migrations (version varchar); CREATE TABLE ar_internal_metadata (key varchar);
                    INSERT INTO schema_migrations VALUES ('20240102'), ('20240101')
                    """, ["20240101", "20240102"]
                ),
                (
                    "dbmate", "dbmate",
                    "CREATE TABLE schema_migrations (version varchar); INSERT INTO schema_migrations VALUES ('1')",
                    ["1"]
                ),
                (
                    "Quoted Schema", "sequelize",
                    "CREATE TABLE \"SequelizeMeta\" (name varchar); INSERT INTO \"SequelizeMeta\" VALUES ('x.js')",
                    ["x.js"]
                ),
                ("alembic", "alembic", "CREATE TABLE alembic_version (version_num varchar)", []),
                ("none", "", "CREATE TABLE schema_migrations (something_else int)", []),
            ]
            for (schema, _, sql, _) in tools {
                try await admin.run("CREATE SCHEMA \"\(schema)\"")
                try await admin.run("SET search_path = \"\(schema)\"")
                try await admin.run(sql)
            }
            let sampler = sampler(database.dsn())
            let seen = try await reading(sampler)
            #expect(seen.database == database.name && seen.serverTime.microseconds > 0)
            let found = Dictionary(uniqueKeysWithValues: seen.tables.map { ($0.relation, $0) })
            #expect(found.count == tools.count - 1)
            func entries(_ relation: String) throws -> [HistoryEntry] {
                guard case .read(let entries) = try #require(found[relation]).entries else {
                    throw TestFailure("\(relation) was not read")
                }
                return entries
            }
            for (schema, tool, _, keys) in tools where !tool.isEmpty {
                let table = try #require(
                    seen.tables.first {
                        $0.relation.hasPrefix("\(schema).") || $0.relation.hasPrefix("\"\(schema)\".")
                    }, "\(schema)")
                #expect(table.tool == tool && table.oid > 0)
                #expect(try entries(table.relation).map(\.key) == keys, "\(schema)")
            }
            let old = try entries("drizzle.__drizzle_migrations")
            #expect(old[0].withoutTransaction == HistoryEntry(key: "1", hash: "a1", stamp: 1_700_000_000_001))
            let new = try entries("drizzle_one.__drizzle_migrations")
            #expect(
                new[0].withoutTransaction
                    == HistoryEntry(
                        key: "1", name: "20240101000000_init", hash: "a1", stamp: 1_700_000_000_001,
                        appliedAt: Timestamp(microseconds: 1_704_164_645_678_901)))
            #expect(try entries("go.schema_migrations").first?.state == .failed)
            #expect(
                try entries("ecto.schema_migrations").first?.appliedAt
                    == Timestamp(microseconds: 1_704_164_645_000_000))
            await sampler.close()
        }
    }

    @Test("that are locked or may not be read fail alone", arguments: TestPostgres.majors)
    func failures(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            let role = "\(database.name)_monitor"
            try await admin.run(
                """
                CREATE ROLE \(role) LOGIN; GRANT pg_monitor TO \(role);
                CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; GRANT USAGE ON SCHEMA a, b, c TO \(role);
                CREATE TABLE a.alembic_version (version_num varchar); CREATE TABLE b.alembic_version (version_num varchar);
                CREATE TABLE c.alembic_version (version_num varchar); INSERT INTO c.alembic_version VALUES ('x');
                GRANT SELECT ON a.alembic_version TO \(role); GRANT SELECT (version_num) ON c.alembic_version TO \(role)
                """)
            try await admin.run("BEGIN; LOCK TABLE a.alembic_version")
            let sampler = sampler(database.dsn(user: role)) { $0.lockTimeout = .milliseconds(50) }
            let tables = try await reading(sampler).tables
            #expect(tables.map(\.relation) == ["a.alembic_version", "b.alembic_version", "c.alembic_version"])
            if case .failed(let failure) = tables[0].entries {
                #expect(failure.reason == .timedOut && failure.sqlstate == "55P03")
            } else {
                Issue.record("a locked table was read")
            }
            if case .failed(let failure) = tables[1].entries {
                #expect(failure.reason == .permissionDenied && failure.sqlstate == "42501")
                #expect(failure.message.contains("b.alembic_version"))
            } else {
                Issue.record("a table was read without privilege")
            }
            // It may read the column, not who wrote the row.
            #expect(tables[2].entries == .read([HistoryEntry(key: "x", name: "x")]))
            await sampler.close()
            try await admin.run("ROLLBACK; DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test("give no more than the newest entries asked for")
    func limit() async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session()
            try await admin.run(
                """
                CREATE TABLE public.goose_db_version (id int, version_id bigint, is_applied bool, tstamp timestamp);
                INSERT INTO public.goose_db_version SELECT i, i, true, now() FROM generate_series(1, 50) i
                """)
            let sampler = sampler(database.dsn()) { $0.historyLimit = 3 }
            guard case .read(let entries) = try #require(try await reading(sampler).tables.first).entries else {
                throw TestFailure("not read")
            }
            #expect(entries.map(\.key) == ["48", "49", "50"])
            await sampler.close()
        }
    }

    @Test("tell which transaction wrote each entry, also of a partitioned table", arguments: TestPostgres.majors)
    func writers(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            try await admin.run(
                """
                CREATE TABLE __drizzle_migrations (id int, hash text, created_at bigint) PARTITION BY RANGE (id);
                CREATE TABLE first_rows PARTITION OF __drizzle_migrations FOR VALUES FROM (1) TO (10)
                """)
            var ids: [UInt32] = []
            for row in 1...2 {
                try await admin.run("BEGIN")
                let id = try #require(try await admin.value("SELECT pg_current_xact_id()").flatMap(UInt64.init))
                ids.append(UInt32(truncatingIfNeeded: id))
                try await admin.run("INSERT INTO __drizzle_migrations VALUES (\(row), 'a', 1); COMMIT")
            }
            let sampler = sampler(database.dsn())
            let table = try #require(try await reading(sampler).tables.first)
            guard case .read(let entries) = table.entries else { throw TestFailure("not read: \(table.entries)") }
            #expect(entries.map(\.transactionID) == ids)
            await sampler.close()
            await admin.close()
        }
    }

    @Test("of other databases are read through a connection that does not stay")
    func otherDatabases() async throws {
        try await TestPostgres.withDatabase { database in
            try await TestPostgres.withDatabase { other in
                let admin = try await other.session()
                try await admin.run("CREATE TABLE public.\"SequelizeMeta\" (name varchar)")
                let own = sampler(database.dsn()) { $0.databases = .named([database.name, other.name, "nowhere"]) }
                let samples = await own.readHistory()
                #expect(samples.count == 3)
                #expect(try samples[0].history().tables.isEmpty)
                #expect(try samples[1].history().database == other.name)
                #expect(try samples[1].history().tables.map(\.tool) == ["sequelize"])
                #expect(samples[2].failure?.reason == .rejected)
                #expect(await own.readHistory().count == 1, "others are read again after their interval only")
                #expect(samples[2].failure?.message.contains("nowhere") == true)
                #expect(
                    await own.readHistory(of: ["nowhere"]).isEmpty,
                    "what cannot be entered is not tried when it is wanted")
                try await eventually("one that is wanted is read again soon") {
                    await own.readHistory(of: [other.name]).count == 1
                }
                let all = sampler(database.dsn()) { $0.databases = .all }
                #expect(
                    try await Set(all.connectableDatabases()).isSuperset(of: [database.name, other.name, "postgres"]))
                let left =
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper' AND datname = '\(other.name)'"
                try await eventually("the connection is gone") { try await admin.value(left) == "0" }
                await own.close()
                await all.close()
            }
        }
    }
}

extension HistoryEntry {
    /// The entry without what is another one in each run of the tests.
    fileprivate var withoutTransaction: HistoryEntry {
        var entry = self
        entry.transactionID = nil
        return entry
    }
}
