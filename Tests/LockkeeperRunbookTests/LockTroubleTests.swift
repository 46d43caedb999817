import LockkeeperCore
import LockkeeperRunbook
import LockkeeperTestSupport
import Testing

/// Who waits for whom, made to happen on real servers, and what is said to do about it.
@Suite(.enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct LockTroubleTests {
    @Test(arguments: TestPostgres.majors)
    func `A lock queue: the waiting migration is to be cancelled first, then the forgotten transaction ended`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders (id int)")
            let reader = try await database.session(as: "notebook")
            try await reader.run("BEGIN; SELECT count(*) FROM orders")
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)
            let victims = [try await database.session(as: "web"), try await database.session(as: "web")]
            let selecting = victims.map { $0.start("SELECT * FROM orders WHERE id = 4711") }
            for victim in victims { try await victim.waitUntilBlocked(seenBy: admin) }

            let queue = try await trouble.finding(.lockQueue) { $0.text.contains("2 sessions wait in the queue") }
            #expect(queue.severity >= .warning && queue.run != nil)
            #expect(
                queue.commands.prefix(2) == [
                    "SELECT pg_cancel_backend(\(migration.pid))", "SELECT pg_terminate_backend(\(reader.pid))",
                ])
            #expect(queue.actions.contains { $0.text.contains("lock_timeout") })
            #expect(queue.text.contains("ACCESS EXCLUSIVE on public.orders") && queue.text.contains("notebook"))
            #expect(queue.statements.contains { $0.pid == migration.pid && $0.isRunning })

            let root = try await trouble.finding(.idleBlocker)
            #expect(root.run == queue.run && root.commands == ["SELECT pg_terminate_backend(\(reader.pid))"])

            // What is said to do does it.
            try await admin.run(try #require(queue.commands.first))
            for selecting in selecting { _ = try await selecting.value }
            await #expect(throws: (any Error).self) { try await altering.value }
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A queue behind a query that works: that query is to be cancelled, and the migration run again`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders AS SELECT 1 AS id")
            let report = try await database.session(as: "report")
            let reporting = report.start("SELECT pg_sleep(600) FROM orders")
            try await eventually("the report runs") {
                try await admin.value("SELECT wait_event FROM pg_stat_activity WHERE pid = \(report.pid)") == "PgSleep"
            }
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)

            let finding = try await trouble.finding(.blockedMigration)
            #expect(finding.commands.first == "SELECT pg_cancel_backend(\(report.pid))")
            #expect(finding.commands.last == "SELECT pg_cancel_backend(\(migration.pid))")
            reporting.cancel()
            _ = try await altering.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A forgotten transaction in a migration's way is to be terminated: cancelling does nothing to it`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders (id int)")
            let forgotten = try await database.session(as: "psql")
            try await forgotten.run("BEGIN; SELECT count(*) FROM orders")
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)

            let finding = try await trouble.finding(.idleBlocker)
            #expect(finding.run != nil && finding.commands.first == "SELECT pg_terminate_backend(\(forgotten.pid))")
            #expect(finding.text.contains("pid \(forgotten.pid) (idle in transaction)"))
            try await admin.run(finding.commands[0])
            _ = try await altering.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A queue that no migration has made names its root, and the waiting lock that makes the others queue`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders (id int)")
            let forgotten = try await database.session(as: "notebook")
            try await forgotten.run("BEGIN; SELECT count(*) FROM orders")
            let locker = try await database.session(as: "maintenance")
            let locking = locker.start("BEGIN; LOCK TABLE orders; COMMIT")
            try await locker.waitUntilBlocked(seenBy: admin)
            let victim = try await database.session(as: "web")
            let selecting = victim.start("SELECT * FROM orders")
            try await victim.waitUntilBlocked(seenBy: admin)

            let finding = try await trouble.finding(.idleBlocker) { $0.summary.hasPrefix("2 sessions") }
            #expect(finding.run == nil)
            #expect(
                finding.commands == [
                    "SELECT pg_cancel_backend(\(locker.pid))", "SELECT pg_terminate_backend(\(forgotten.pid))",
                ])
            try await admin.run(finding.commands[1])
            _ = try await (locking.value, selecting.value)
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A migration that is idle in its own transaction is to be looked after, then terminated`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders (id int)")
            let migration = try await database.session(as: "drizzle")
            try await migration.run("BEGIN; ALTER TABLE orders ADD note text")
            let victim = try await database.session(as: "web")
            let selecting = victim.start("SELECT * FROM orders")
            try await victim.waitUntilBlocked(seenBy: admin)

            let finding = try await trouble.finding(.idleMigration) { $0.text.contains("1 session waits") }
            #expect(finding.severity >= .warning && finding.run != nil)
            #expect(finding.text.contains("ACCESS EXCLUSIVE on public.orders"))
            #expect(finding.actions.first?.text.contains("client") == true)
            #expect(finding.commands == ["SELECT pg_terminate_backend(\(migration.pid))"])
            try await admin.run(finding.commands[0])
            _ = try await selecting.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func
        `CREATE INDEX CONCURRENTLY that waits for a snapshot: who holds it is named, and the build is not to be killed`(
            major: Int
        ) async throws
    {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders (id int); CREATE TABLE other (id int)")
            let holder = try await database.session(as: "notebook")
            try await holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM other")
            let migration = try await database.session(as: "drizzle")
            let building = migration.start("CREATE INDEX CONCURRENTLY orders_id ON orders (id)")
            try await migration.waitUntilBlocked(seenBy: admin)

            let finding = try await trouble.finding(.snapshotWait)
            #expect(finding.commands == ["SELECT pg_terminate_backend(\(holder.pid))"])
            #expect(finding.actions.contains { $0.text.contains("Do not cancel the index build") })
            #expect(finding.text.contains("notebook") && finding.text.contains("tables it has nothing to do with"))
            let other = try await trouble.findings()
            #expect(!other.contains { $0.verdict == .invalidIndex })
            try await admin.run(finding.commands[0])
            _ = try await building.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A prepared transaction in the way is to be committed or rolled back by its name`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            let gid = "\(database.name)'s"
            let quoted = gid.replacing("'", with: "''")
            try await admin.run("CREATE TABLE orders (id int)")
            try await admin.run("BEGIN; INSERT INTO orders VALUES (1); PREPARE TRANSACTION '\(quoted)'")
            let forgotten = try await trouble.finding(.preparedTransaction)
            #expect(forgotten.summary.contains(gid) && forgotten.run == nil)

            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)
            let finding = try await trouble.finding(.preparedTransaction) { $0.run != nil }
            #expect(
                finding.commands.prefix(2) == ["ROLLBACK PREPARED '\(quoted)'", "COMMIT PREPARED '\(quoted)'"])
            try await admin.run(finding.commands[0])
            _ = try await altering.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `Adding a foreign key is told to lock both tables, with NOT VALID and VALIDATE as the way for next time`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (parent int)")
            let migration = try await database.session(as: "drizzle")
            let adding = migration.start(
                "ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parent; SELECT pg_sleep(600)"
            )
            let writer = try await database.session(as: "web")
            try await eventually("the key is added") {
                try await admin.value(
                    "SELECT count(*) FROM pg_locks WHERE pid = \(migration.pid) AND mode = 'ShareRowExclusiveLock'")
                    == "2"
            }
            let writing = writer.start("INSERT INTO parent VALUES (1)")
            try await writer.waitUntilBlocked(seenBy: admin)

            let finding = try await trouble.finding(.foreignKey) { $0.text.contains("holds up 1 session") }
            #expect(
                finding.severity >= .warning
                    && finding.text.contains(
                        "SHARE ROW EXCLUSIVE on public.child, SHARE ROW EXCLUSIVE on public.parent")
            )
            #expect(finding.commands.first == "SELECT pg_cancel_backend(\(migration.pid))")
            #expect(finding.actions.contains { $0.text.contains("NOT VALID") && $0.text.contains("VALIDATE") })
            adding.cancel()
            _ = try await writing.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A table that is being rewritten is said to be, and that nobody can read it meanwhile`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run("CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 30000) AS i")
            let migration = try await database.session(as: "drizzle")
            let rewriting = migration.start(
                "ALTER TABLE orders ALTER id TYPE text USING (id::text || pg_sleep(0.01)::text)")
            let finding = try await trouble.finding(.tableRewrite)
            #expect(finding.severity == .info && finding.text.contains("public.orders anew"))
            #expect(finding.actions.first?.text.contains("wait") == true)
            let victim = try await database.session(as: "web")
            let selecting = victim.start("SELECT * FROM orders")
            try await victim.waitUntilBlocked(seenBy: admin)
            let blocking = try await trouble.finding(.tableRewrite) { $0.severity >= .warning }
            #expect(blocking.commands.first == "SELECT pg_cancel_backend(\(migration.pid))")
            rewriting.cancel()
            _ = try await selecting.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A tool's advisory lock that an idle session has kept is to be given back by ending that session`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            // Prisma's key, taken through a pooler by a client that is gone: the connection serves others now.
            let pooled = try await database.session(as: "web")
            try await pooled.run("SELECT pg_advisory_lock(72707369)")
            try await pooled.run("SELECT 1")
            let finding = try await trouble.finding(.orphanedAdvisoryLock)
            #expect(finding.commands == ["SELECT pg_terminate_backend(\(pooled.pid))"])
            #expect(finding.text.contains("Prisma") && finding.actions.contains { $0.text.contains("pooler") })

            let next = try await database.session(as: "prisma")
            let waiting = next.start("SELECT pg_advisory_lock(72707369)")
            try await next.waitUntilBlocked(seenBy: admin)
            let urgent = try await trouble.finding(.orphanedAdvisoryLock) { $0.text.contains("1 session waits") }
            try await admin.run(urgent.commands[0])
            _ = try await waiting.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A lock that a tool's other connection works under is no orphan`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let holder = try await database.session(as: "flyway")
            try await holder.run("SELECT pg_advisory_lock(77431708279161)")
            try await holder.run("CREATE TABLE orders (id int)")
            let worker = try await database.session(as: "flyway")
            try await worker.run("BEGIN; ALTER TABLE orders ADD note text")
            for _ in 1...3 {
                #expect(try await !trouble.findings().contains { $0.verdict == .orphanedAdvisoryLock })
            }
            try await worker.run("COMMIT")
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `An idle transaction and an old prepared one are told of before a migration runs into them`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let idle = try await database.session(as: "notebook")
            try await idle.run("CREATE TABLE orders (id int)")
            try await idle.run("BEGIN; INSERT INTO orders VALUES (4711)")
            let finding = try await trouble.finding(.idleTransaction)
            #expect(finding.commands.first == "SELECT pg_terminate_backend(\(idle.pid))")
            #expect(finding.commands.last?.contains("idle_in_transaction_session_timeout") == true)
            #expect(!finding.statements.contains { $0.text.contains("4711") }, "literals are taken out")
            let calm = try await trouble.findings(by: DiagnosisThresholds())
            #expect(!calm.contains { $0.verdict == .idleTransaction }, "a minute is not over yet")
            try await idle.run("COMMIT")
        }
    }
}
