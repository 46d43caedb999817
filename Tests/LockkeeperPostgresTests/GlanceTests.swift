import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

@Suite("A glance", .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct GlanceTests {
    @Test("sees nothing where nothing is, and never itself", arguments: TestPostgres.majors)
    func nothing(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let busy = try await database.session()
            let sampler = sampler(database.dsn())
            for _ in 1...3 {
                let sample = await sampler.glance()
                #expect(sample.tier == .glance && sample.target == "tested")
                let suspects = try sample.glance().suspects.map(\.pid)
                #expect(!suspects.contains(busy.pid))
                try await busy.run("SELECT 'create table' AS alter, 1 AS drop -- alter table")
            }
            await sampler.close()
        }
    }

    static let telling = [
        "CREATE TABLE public.t ()", "  alter table public.t add c int", "DROP TABLE public.t",
        "-- a comment\n/* another * one */ CREATE INDEX CONCURRENTLY i ON public.t (c)",
        "BEGIN; ALTER TABLE public.t ADD c int",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "REINDEX TABLE public.t", "VACUUM (FULL, VERBOSE) public.t", "COMMENT ON TABLE public.t IS 'x'",
        "DO $$ BEGIN ALTER TABLE public.t ADD c int; END $$",
        "insert into \"drizzle\".\"__drizzle_migrations\" (\"hash\", \"created_at\") values ('a', 1)",
        "UPDATE \"_prisma_migrations\" SET finished_at = now()", "INSERT INTO public.\"SequelizeMeta\" VALUES ('x')",
    ]
    static let harmless = [
        "SELECT 1", "CREATE TEMP TABLE x ()", "create temporary table x ()", "CREATE LOCAL TEMP TABLE x ()",
        "INSERT INTO public.t VALUES ('CREATE TABLE')", "SELECT * FROM public.alterations", "VACUUM public.t",
        "UPDATE public.orders SET note = 'please alter'", "SELECT * FROM \"_prisma_migrations\"", "BEGIN",
    ]

    @Test("sees schema changes and history writes that ended since the last one, once; and nothing else")
    func statements() async throws {
        try await TestPostgres.withDatabase { database in
            let sampler = sampler(database.dsn())
            for (statements, isTelling) in [(Self.telling, true), (Self.harmless, false)] {
                for statement in statements {
                    let client = try await database.session()
                    _ = await sampler.glance()
                    // Most fail, having no such table: what was tried is seen all the same.
                    _ = try? await client.run(statement)
                    _ = try? await client.run("ROLLBACK; \(statement)")
                    let seen = try await sampler.glance().glance().suspects.contains { $0.pid == client.pid }
                    #expect(seen == isTelling, "\(statement)")
                    _ = try? await client.run("ROLLBACK")
                    _ = await sampler.glance()
                    let later = try await sampler.glance().glance().suspects.contains { $0.pid == client.pid }
                    #expect(!later, "\(statement)")
                    await client.close()
                }
            }
            await sampler.close()
        }
    }

    @Test(
        "sees no suspects in databases that are not watched, but those it was asked about",
        arguments: TestPostgres.majors)
    func otherDatabases(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            try await TestPostgres.withDatabase(major) { other in
                let client = try await other.session()
                try await client.run("BEGIN; CREATE TABLE public.t ()")
                func isSuspect(_ databases: DatabaseSelection, _ inquiry: Inquiry = Inquiry()) async throws -> Bool {
                    let sampler = sampler(database.dsn()) { $0.databases = databases }
                    let glance = try await sampler.glance(inquiry).glance()
                    await sampler.close()
                    return glance.suspects.contains { $0.pid == client.pid }
                }
                #expect(try await !isSuspect(.connected))
                #expect(try await !isSuspect(.named([database.name, #"a "quoted" \ name"#])))
                #expect(try await isSuspect(.named([database.name, other.name])))
                #expect(try await isSuspect(.all))
                #expect(try await isSuspect(.connected, Inquiry(trackedPIDs: [client.pid])))
                await client.close()
            }
        }
    }

    @Test(
        "sees an open transaction that changed the schema, and changes when it goes on", arguments: TestPostgres.majors)
    func openTransaction(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            let sampler = sampler(database.dsn())
            try await client.run("BEGIN")
            try await client.run("CREATE TABLE public.t ()")
            let first = try await sampler.glance().glance()
            let suspect = try #require(first.suspects.first { $0.pid == client.pid })
            #expect(suspect.state == .idleInTransaction && !suspect.isWaitingForLock)
            let start = try await client.value(
                "SELECT (extract(epoch FROM query_start) * 1000000)::bigint FROM pg_stat_activity WHERE pid = \(client.pid)"
            )
            #expect(start != nil)
            let tracked = Inquiry(trackedPIDs: [client.pid])
            let second = try await sampler.glance(tracked).glance()
            #expect(second.differs(from: first))
            #expect(second.suspects.contains { $0.pid == client.pid })
            let third = try await sampler.glance(tracked).glance()
            #expect(third.suspects.first { $0.pid == client.pid } == second.suspects.first { $0.pid == client.pid })
            #expect(third.serverTime > second.serverTime)
            try await client.run("ROLLBACK")
            #expect(
                try await sampler.glance(tracked).glance().suspects.contains {
                    $0.pid == client.pid && $0.state == .idle
                })
            await sampler.close()
        }
    }

    @Test("tells a tool's advisory lock from an application's", arguments: TestPostgres.majors)
    func advisoryLocks(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let tool = try await database.session()
            let application = try await database.session()
            let sampler = sampler(database.dsn())
            _ = await sampler.glance()
            try await tool.run("SELECT pg_advisory_lock(72707369)")
            try await application.run("SELECT pg_advisory_lock(42), pg_advisory_lock(72, 707369)")
            let suspects = try await sampler.glance().glance().suspects.map(\.pid)
            #expect(suspects.contains(tool.pid))
            #expect(!suspects.contains(application.pid))
            await sampler.close()
        }
    }

    @Test(
        "counts who waits for a lock, with and without the privilege to see wait events",
        arguments: TestPostgres.majors)
    func waiters(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let holder = try await database.session()
            let role = "\(database.name)_plain"
            try await holder.run("CREATE ROLE \(role) LOGIN; CREATE TABLE public.t ()")
            try await holder.run("BEGIN; LOCK TABLE public.t IN ACCESS SHARE MODE")
            let privileged = sampler(database.dsn())
            let plain = sampler(database.dsn(user: role))
            let waiter = try await database.session()
            let waiting = waiter.start("ALTER TABLE public.t ADD c int")
            try await waiter.waitUntilBlocked(seenBy: holder)
            let glance = try await privileged.glance().glance()
            #expect(glance.lockWaiters >= 1)
            #expect(glance.suspects.contains { $0.pid == waiter.pid && $0.isWaitingForLock && $0.state == .active })
            #expect(try await plain.glance().glance().lockWaiters >= 1)
            try await holder.run("ROLLBACK")
            _ = try await waiting.value
            await privileged.close()
            await plain.close()
            try await holder.run("DROP ROLE \(role)")
        }
    }
}
