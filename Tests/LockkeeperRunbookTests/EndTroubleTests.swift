import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

/// Runs that end badly, and what is left of them.
@Suite(.enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct EndTroubleTests {
    @Test(arguments: TestPostgres.majors)
    func `A lock_timeout in the middle of a run: what is applied is to be checked`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders (id int)")
            let reader = try await database.session(as: "notebook")
            try await reader.run("BEGIN; SELECT count(*) FROM orders")
            let migration = try await database.session(as: "drizzle")
            try await migration.run("SET lock_timeout = '4s'")
            let altering = migration.start("BEGIN; CREATE TABLE made (); ALTER TABLE orders ADD note text; COMMIT")
            try await migration.waitUntilBlocked(seenBy: admin)
            _ = try await trouble.finding(.idleBlocker) { $0.run != nil }
            await #expect(throws: (any Error).self) { try await altering.value }
            _ = try? await migration.run("ROLLBACK")

            let finding = try await trouble.finding(.interruptedMigration)
            #expect(finding.severity == .critical && finding.text.contains("lock_timeout"))
            #expect(finding.actions.contains { $0.text.contains("55P03") })
            #expect(finding.actions.contains { $0.text.contains("Check what is applied") })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `An idle_in_transaction_session_timeout ends a run that its client has forgotten`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let migration = try await database.session(as: "drizzle")
            try await migration.run(
                "CREATE TABLE orders (id int); SET idle_in_transaction_session_timeout = '6s'; BEGIN; ALTER TABLE orders ADD note text"
            )
            _ = try await trouble.finding(.idleMigration)
            // The server tells nobody but its log and the client which timeout it was; that nobody terminated the session, it does tell.
            let finding = try await trouble.finding(major >= 14 ? .failedMigration : .interruptedMigration)
            #expect(finding.severity == .critical && finding.actions.contains { $0.text.contains("25P03") })
            #expect(finding.actions.contains { $0.text.contains("Check what is applied") })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A statement_timeout in the middle of a run is told as a failure with what to check`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let migration = try await database.session(as: "drizzle")
            try await migration.run(
                "CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 30000) AS i; SET statement_timeout = '5s'"
            )
            let rewriting = migration.start(
                "ALTER TABLE orders ALTER id TYPE text USING (id::text || pg_sleep(0.01)::text)")
            _ = try await trouble.finding(.tableRewrite)
            await #expect(throws: (any Error).self) { try await rewriting.value }
            try await eventually("the end is told", within: .seconds(40)) {
                try await trouble.findings().contains {
                    ([.interruptedMigration, .failedMigration].contains($0.verdict))
                        && $0.actions.contains { $0.text.lowercased().contains("check what is applied") }
                }
            }
        }
    }

    @Test(arguments: TestPostgres.majors)
    func
        `What a tool itself records as failed or unfinished may be applied in part, and is not to be run again blindly`(
            major: Int
        ) async throws
    {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                """
                CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
                INSERT INTO schema_migrations VALUES (42, true);
                CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,
                    finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
                    started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0);
                INSERT INTO _prisma_migrations (id, checksum, migration_name, rolled_back_at, started_at)
                    VALUES ('a', 'x', '0001_settled', now(), now() - interval '1 hour');
                INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('b', 'x', '0002_half')
                """)
            let prisma = try await trouble.finding(.partialMigration) { $0.text.contains("Prisma") }
            #expect(prisma.severity == .critical && prisma.summary.contains("0002_half"))
            #expect(prisma.commands == ["prisma migrate resolve --rolled-back 0002_half"])
            #expect(prisma.actions.contains { $0.text.contains("Do not simply run it again") })
            let golang = try await trouble.finding(.partialMigration) { $0.text.contains("golang-migrate") }
            #expect(golang.summary.contains("42"))
            #expect(try await !trouble.findings().contains { $0.summary.contains("0001_settled") })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A COMMIT in the middle of a migration that fails after it: what was committed stays, and is said to`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let migration = try await database.session(as: "drizzle")
            _ = try await trouble.findings()
            try await migration.run("BEGIN; CREATE TABLE made ()")
            _ = try await trouble.finding(.idleMigration)
            try await migration.run("COMMIT; BEGIN; CREATE TABLE lost ()")
            _ = try await trouble.findings()
            await #expect(throws: (any Error).self) { try await migration.run("ALTER TABLE missing ADD note text") }
            try await migration.run("ROLLBACK")

            let finding = try await trouble.finding(.partialMigration)
            #expect(finding.severity == .critical && finding.run != nil)
            #expect(finding.text.contains("1 change of the schema before that is committed"))
            #expect(finding.actions.contains { $0.text.contains("Do not simply run it again") })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `Migrations of Drizzle that were rolled back with the one that failed are told by the gap in its history`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let migration = try await database.session(as: "drizzle")
            try await migration.run(
                """
                CREATE SCHEMA drizzle;
                CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
                INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('h1', 1000)
                """)
            // What made the history is a run of its own.
            try await eventually("nothing runs", within: .seconds(40)) {
                try await trouble.findings().allSatisfy { $0.run == nil }
            }
            try await migration.run("BEGIN; CREATE TABLE made ()")
            _ = try await trouble.finding(.idleMigration)
            try await migration.run("INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('h2', 2000)")
            _ = try await trouble.findings()
            await #expect(throws: (any Error).self) { try await migration.run("ALTER TABLE missing ADD note text") }
            try await migration.run("ROLLBACK")

            let finding = try await trouble.finding(.failedMigration)
            #expect(finding.text.contains("1 migration of it was done already and rolled back with it"))
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `Deadlocks are counted, and the order of locks is named as the cure`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let first = try await database.session(as: "drizzle")
            let second = try await database.session(as: "web")
            try await first.run("CREATE TABLE a (id int); CREATE TABLE b (id int)")
            // The statistics are shown a while after the fact, and what was before the first look is history.
            #expect(try await !trouble.findings().contains { $0.verdict == .deadlock })
            try await first.run("BEGIN; LOCK TABLE a")
            try await second.run("BEGIN; LOCK TABLE b")
            let waiting = first.start("LOCK TABLE b")
            try await first.waitUntilBlocked(seenBy: try await database.session())
            let closing = second.start("LOCK TABLE a")
            let results = await [waiting.result, closing.result]
            #expect(results.contains { if case .failure = $0 { true } else { false } })
            for session in [first, second] { _ = try? await session.run("ROLLBACK") }
            let finding = try await trouble.finding(.deadlock)
            #expect(finding.summary.hasPrefix("1 deadlock in \(database.name)"))
            #expect(finding.text.contains("40P01") && finding.actions.contains { $0.text.contains("one order") })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `Migrations that the tool will silently skip are named`(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                """
                CREATE SCHEMA drizzle;
                CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
                INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('h1', 1000), ('h3', 3000)
                """)
            let trouble = Trouble(
                database,
                folder: MigrationFolder(
                    tool: "drizzle", rule: .watermark,
                    entries: [
                        .init(name: "0001_first", hash: "h1", stamp: 1000),
                        .init(name: "0002_late", hash: "h2", stamp: 2000),
                        .init(name: "0003_third", hash: "h3", stamp: 3000),
                    ]))
            let finding = try await trouble.finding(.skippedMigration)
            #expect(finding.severity == .warning && finding.text.contains("0002_late"))
            #expect(finding.actions.first?.text.contains("when") == true)
            await trouble.close()
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `An index that CONCURRENTLY has left invalid is to be dropped by its name and built anew`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(#"CREATE TABLE "Orders" (id int); INSERT INTO "Orders" VALUES (1), (1)"#)
            await #expect(throws: (any Error).self) {
                try await admin.run(#"CREATE UNIQUE INDEX CONCURRENTLY "Orders_id" ON "Orders" (id)"#)
            }
            let finding = try await trouble.finding(.invalidIndex)
            #expect(finding.severity == .warning && finding.text.contains(#"public."Orders""#))
            #expect(
                finding.commands == [
                    #"DROP INDEX CONCURRENTLY public."Orders_id""#, #"REINDEX INDEX CONCURRENTLY public."Orders_id""#,
                ])
            #expect(finding.text.contains("duplicate") && finding.text.contains("IF NOT EXISTS"))
            try await admin.run(finding.commands[0])
            #expect(try await !trouble.findings().contains { $0.verdict == .invalidIndex })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A constraint that was never validated comes with the statement that validates it`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                "CREATE TABLE orders (id int); ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0) NOT VALID")
            let finding = try await trouble.finding(.notValidatedConstraint)
            #expect(finding.severity == .info)
            #expect(finding.commands == ["ALTER TABLE public.orders VALIDATE CONSTRAINT positive"])
            try await admin.run(finding.commands[0])
            #expect(try await !trouble.findings().contains { $0.verdict == .notValidatedConstraint })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `The validation of a domain waits for writers, and is told so`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                "CREATE DOMAIN amount AS int; CREATE TABLE orders (total amount); ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID"
            )
            let finding = try await trouble.finding(.notValidatedConstraint)
            let command = try #require(finding.commands.first)
            #expect(finding.actions.first?.text.contains("not written meanwhile") == true)
            #expect(command.hasPrefix("SET lock_timeout"))
            let writer = try await database.session(as: "web")
            try await writer.run("BEGIN; INSERT INTO orders VALUES (1)")
            let validation = try await database.session(as: "psql")
            let validating = validation.start(command)
            try await validation.waitUntilBlocked(seenBy: admin)
            try await writer.run("COMMIT")
            _ = try await validating.value
            #expect(try await !trouble.findings().contains { $0.verdict == .notValidatedConstraint })
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `An index that a DROP CONCURRENTLY has left is told of as that, and goes by dropping it again`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run("CREATE TABLE orders (id int); CREATE INDEX orders_id ON orders (id)")
            func reader() async throws -> PsqlSession {
                let reader = try await database.session(as: "report")
                try await reader.run("BEGIN; SELECT count(*) FROM orders")
                return reader
            }
            /// Cancels a DROP that waits, once the index is as it then is.
            func cancel(_ dropper: PsqlSession, _ dropping: Task<Rows, any Error>, once condition: String) async throws
            {
                try await eventually("the DROP waits in its step") {
                    try await admin.value(
                        "SELECT \(condition) AND (SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = \(dropper.pid)) FROM pg_index WHERE indexrelid = 'orders_id'::regclass"
                    ) == "t"
                }
                try await admin.run("SELECT pg_cancel_backend(\(dropper.pid))")
                await #expect(throws: (any Error).self) { try await dropping.value }
            }
            let dropper = try await database.session(as: "psql")
            let first = try await reader()
            var dropping = dropper.start("DROP INDEX CONCURRENTLY orders_id")
            try await cancel(dropper, dropping, once: "NOT indisvalid AND indislive")
            let early = try await trouble.finding(.invalidIndex)
            #expect(early.text.contains("DROP INDEX CONCURRENTLY") && early.text.contains("CREATE INDEX CONCURRENTLY"))
            #expect(early.actions.last?.text.contains("unless it was to be dropped") == true)

            dropping = dropper.start("DROP INDEX CONCURRENTLY orders_id")
            try await dropper.waitUntilBlocked(seenBy: admin)
            let second = try await reader()
            try await first.run("COMMIT")
            try await cancel(dropper, dropping, once: "NOT indislive")
            let late = try await trouble.finding(.invalidIndex)
            #expect(late.text.contains("A DROP INDEX CONCURRENTLY has failed") && !late.text.contains("CREATE INDEX"))
            #expect(late.commands == ["DROP INDEX CONCURRENTLY public.orders_id"])
            try await second.run("COMMIT")
            try await admin.run(late.commands[0])
            #expect(try await !trouble.findings().contains { $0.verdict == .invalidIndex })
        }
    }
}
