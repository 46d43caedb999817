import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperPostgres

@Suite(
    "The sequence of a history",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct SequenceTests {
    private static let setting = """
        CREATE SCHEMA drizzle;
        CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)
        """
    private static let insertion = "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('h', 1)"

    private func oid(_ session: PsqlSession) async throws -> UInt32 {
        let text = try await session.value("SELECT 'drizzle.__drizzle_migrations'::regclass::oid")
        return try #require(text.flatMap { UInt32($0) })
    }

    @Test("tells of steps that are not committed, and of none where it was never used", arguments: TestPostgres.majors)
    func steps(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let migration = try await database.session()
            try await migration.run(Self.setting)
            let table = try await oid(migration)
            var inquiry = Inquiry()
            inquiry.historyTables = [database.name: [table], "another": [1]]
            let sampler = sampler(database.dsn())
            #expect(try await sampler.look(inquiry, tier: .idle).observation().sequenceValues == [table: 0])
            try await migration.run("BEGIN")
            for step in 1...3 as ClosedRange<Int64> {
                try await migration.run(Self.insertion)
                let seen = try await sampler.look(inquiry, tier: .active).observation()
                #expect(seen.sequenceValues == [table: step])
                #expect(seen.sessions.contains { $0.pid == migration.pid }, "the other answers keep their places")
            }
            try await migration.run("ROLLBACK")
            inquiry.transactionIDs = [3]
            #expect(try await sampler.look(inquiry, tier: .idle).observation().sequenceValues == [table: 3])
            #expect(try await sampler.look(tier: .idle).observation().sequenceValues == [:])
            await sampler.close()
        }
    }

    @Test(
        "and the folder tell how far Drizzle is in its one transaction, the first run of all included",
        arguments: TestPostgres.majors)
    func drizzle(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (migration, gate) = (try await database.session(), try await database.session())
            let files = [
                ["CREATE TABLE orders (id int);"],
                ["ALTER TABLE orders ADD COLUMN a int;", "CREATE INDEX orders_a ON orders (a);"],
                ["UPDATE orders SET a = 1;"],
            ]
            let folder = MigrationFolder(
                tool: "drizzle", rule: .watermark,
                entries: files.enumerated().map { number, statements in
                    .init(
                        name: "000\(number)", hash: "h", stamp: Int64(number + 1),
                        statements: statements.map(StatementFingerprint.init))
                })
            let sampler = sampler(database.dsn())
            var tracker = MigrationTracker(target: "tested", folder: folder)
            func look() async throws -> RunProgress? {
                let observation = try await sampler.look(tracker.inquiry, tier: .active).observation()
                _ = tracker.observe(observation)
                return tracker.open.first?.run.standing.progress
            }
            func readHistory() async throws {
                for sample in await sampler.readHistory() { _ = tracker.observe(try sample.history()) }
            }
            func apply(_ number: Int) async throws {
                for statement in files[number] { try await migration.run(statement) }
                try await migration.run(
                    "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('h', \(number + 1))")
            }
            try await readHistory()
            _ = try await look()
            try await migration.run("CREATE SCHEMA IF NOT EXISTS drizzle")
            _ = try await look()
            try await migration.run(
                """
                CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations
                    (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)
                """)
            _ = try await look()
            try await migration.run("BEGIN")
            try await migration.run(files[0][0])
            _ = try await look()
            try await readHistory()
            #expect(try await look()?.step == .init(migrationsDone: 0, migrationsTotal: 3))
            try await migration.run(
                "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('h', 1)")
            #expect(try await look()?.step == .init(migrationsDone: 1, migrationsTotal: 3))
            // Nothing of it can be seen in the history itself.
            #expect(try await gate.value("SELECT count(*) FROM drizzle.__drizzle_migrations") == "0")
            try await apply(1)
            // The third one is held up by somebody with a lock on rows that do not exist yet for others: an advisory lock does it.
            try await gate.run("SELECT pg_advisory_lock(4711)")
            try await migration.run(
                """
                CREATE FUNCTION gated() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END';
                CREATE TRIGGER gated BEFORE UPDATE ON orders EXECUTE FUNCTION gated()
                """)
            let updating = migration.start(files[2][0])
            try await migration.waitUntilBlocked(seenBy: gate)
            #expect(
                try await look()?.step
                    == .init(
                        migrationsDone: 2, migrationsTotal: 3, migration: "0002", statement: 1, statementsTotal: 1))
            try await gate.run("SELECT pg_advisory_unlock(4711)")
            _ = try await updating.value
            try await migration.run("COMMIT")
            await sampler.close()
        }
    }

    @Test("is left alone by a role that may not read it", arguments: TestPostgres.majors)
    func privilege(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            try await admin.run(Self.setting)
            let table = try await oid(admin)
            let role = "\(database.name)_plain"
            try await admin.run("CREATE ROLE \(role) LOGIN")
            let session = try await PostgresSession.connect(
                to: DSN(database.dsn(user: role)), as: .observer(), within: .seconds(20))
            func read() async throws -> [UInt32: Int64] {
                let results = try await session.run([SequenceQuery.query(of: [table])], within: .seconds(20))
                return SequenceQuery.read(try #require(results.first).get())
            }
            #expect(try await read() == [:])
            try await admin.run(
                """
                GRANT USAGE ON SCHEMA drizzle TO \(role);
                GRANT SELECT ON SEQUENCE drizzle.__drizzle_migrations_id_seq TO \(role)
                """)
            #expect(try await read() == [table: 0])
            await session.close()
            try await admin.run("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test("is not waited for when somebody alters it, or waits to", arguments: TestPostgres.majors)
    func locked(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let migration = try await database.session()
            try await migration.run(Self.setting)
            let table = try await oid(migration)
            let observer = try await database.session()
            // Whoever had to wait would run into this limit, and the query would fail.
            let session = try await PostgresSession.connect(
                to: DSN(database.dsn()), as: .observer(lockTimeout: .milliseconds(20)), within: .seconds(20))
            func read() async throws -> [UInt32: Int64] {
                let results = try await session.run([SequenceQuery.query(of: [table])], within: .seconds(20))
                return SequenceQuery.read(try #require(results.first).get())
            }
            try await migration.run("BEGIN")
            try await migration.run(Self.insertion)
            let altering = try await database.session()
            let waiting = altering.start("BEGIN; ALTER SEQUENCE drizzle.__drizzle_migrations_id_seq CACHE 2")
            try await altering.waitUntilBlocked(seenBy: observer)
            #expect(try await read() == [:])
            try await migration.run("COMMIT")
            _ = try await waiting.value
            #expect(try await read() == [:])
            try await altering.run("COMMIT")
            #expect(try await read() == [table: 1])
            let dropping = try await database.session()
            try await dropping.run("BEGIN; DROP TABLE drizzle.__drizzle_migrations")
            #expect(try await read() == [:])
            try await dropping.run("ROLLBACK")
            await session.close()
        }
    }
}
