import Foundation
import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

// Not that of Foundation.
import struct LockkeeperCore.Progress

@Suite(
    "The progress of commands",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)")
)
struct ProgressTests {
    /// A table of some blocks, and a function that holds the building of an index on it up at a row for as long as another session has the
    /// gate's lock.
    private func prepare(_ session: PsqlSession) async throws {
        try await session.run(
            """
            CREATE SCHEMA shop; CREATE TABLE shop."Orders" (id int PRIMARY KEY, note text);
            INSERT INTO shop."Orders" SELECT n, repeat('x', 100) FROM generate_series(1, 10000) AS n;
            CREATE FUNCTION shop.gated(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
                IF id = 5000 THEN PERFORM pg_catalog.pg_advisory_xact_lock_shared(4711); END IF;
                RETURN id;
            END $$;
            """)
    }

    private func close(gate: PsqlSession) async throws { try await gate.run("SELECT pg_advisory_lock(4711)") }
    private func open(gate: PsqlSession) async throws { try await gate.run("SELECT pg_advisory_unlock(4711)") }

    private func progress(of session: PsqlSession, _ sampler: Sampler) async throws -> Progress? {
        let rows = try await sampler.look(tier: .active).observation().progress.filter { $0.pid == session.pid }
        #expect(rows.count <= 1)
        return rows.first
    }

    @Test("of an index's build: the blocks scanned of those that there are", arguments: TestPostgres.majors)
    func createIndex(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (gate, migration) = (try await database.session(), try await database.session())
            let sampler = sampler(database.dsn())
            try await prepare(gate)
            #expect(try await progress(of: migration, sampler) == nil)
            try await close(gate: gate)
            let building = migration.start("CREATE INDEX slow ON shop.\"Orders\" (shop.gated(id))")
            try await migration.waitUntilBlocked(seenBy: gate)
            let seen = try #require(try await progress(of: migration, sampler))
            #expect(seen.command == .createIndex && seen.operation == "CREATE INDEX")
            #expect(seen.database == database.name)
            #expect(seen.relation?.name == "shop.\"Orders\"")
            #expect(seen.phase == "building index: scanning table")
            let current = try #require(seen.current)
            #expect(current.unit == .blocks)
            let ratio = try #require(current.counter.ratio)
            #expect(ratio > 0.4 && ratio < 0.6, "row 5000 of 10000")
            #expect(seen.followingPhases.count == 2)

            // It shows to nobody before it commits; its text names it.
            #expect(seen.index == nil)
            let session = try #require(
                try await sampler.look(tier: .active).observation().sessions.first { $0.pid == migration.pid })
            var estimate = ProgressEstimate()
            let told = estimate.advance([seen], at: session.backendStart, queries: [session.pid: session.query])
            #expect(told?.text?.hasPrefix("creating index shop.slow: ") == true, "\(told?.text ?? "")")

            // Another database's oids are not ours.
            let elsewhere = LockkeeperPostgresTests.sampler(
                database.server.dsn(database: "postgres", user: "postgres"))
            let foreign = try #require(try await progress(of: migration, elsewhere))
            #expect(foreign.relation == .init(oid: try #require(seen.relation).oid, name: nil))
            await elsewhere.close()

            try await open(gate: gate)
            _ = try await building.value
            #expect(try await progress(of: migration, sampler) == nil)
            await sampler.close()
        }
    }

    @Test("of CREATE INDEX CONCURRENTLY: for whose snapshot it waits", arguments: TestPostgres.majors)
    func concurrently(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (holder, migration) = (try await database.session(), try await database.session())
            let observer = try await database.session()
            let sampler = sampler(database.dsn())
            try await prepare(observer)
            try await holder.run("CREATE TABLE elsewhere ()")
            try await holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try await holder.run("SELECT count(*) FROM elsewhere")
            let building = migration.start("CREATE INDEX CONCURRENTLY orders_note ON shop.\"Orders\" (note)")
            try await eventually("it waits for the old snapshot") {
                try await progress(of: migration, sampler)?.currentLockerPID == holder.pid
            }
            let seen = try #require(try await progress(of: migration, sampler))
            #expect(seen.operation == "CREATE INDEX CONCURRENTLY" && seen.phase == "waiting for old snapshots")
            #expect(seen.index?.name == "shop.orders_note")
            #expect(seen.isWaitingForOthers && seen.current?.unit == .transactions)
            // There may have been others with it, such as a passing look of ours.
            let lockers = try #require(seen.lockers)
            #expect(lockers.done < lockers.total ?? 0)
            #expect(seen.followingPhases.isEmpty)
            try await holder.run("COMMIT")
            _ = try await building.value
            await sampler.close()
        }
    }

    @Test(
        "of VACUUM FULL, CLUSTER and ANALYZE: their phases and counters",
        arguments: TestPostgres.majors,
        [
            ("VACUUM FULL shop.\"Orders\"", "VACUUM FULL", Progress.Command.cluster, "rebuilding index"),
            ("CLUSTER shop.\"Orders\" USING \"Orders_pkey\"", "CLUSTER", .cluster, "rebuilding index"),
            ("ANALYZE shop.\"Orders\"", "ANALYZE", .analyze, "computing statistics"),
        ])
    func rewrites(major: Int, example: (sql: String, operation: String, command: Progress.Command, phase: String))
        async throws
    {
        try await TestPostgres.withDatabase(major) { database in
            let (gate, migration) = (try await database.session(), try await database.session())
            let sampler = sampler(database.dsn())
            try await prepare(gate)
            try await gate.run("CREATE INDEX slow ON shop.\"Orders\" (shop.gated(id))")
            try await close(gate: gate)
            // All rows are sampled: 300 for each point of the target.
            try await migration.run("SET default_statistics_target = 1000")
            let rewriting = migration.start(example.sql)
            try await migration.waitUntilBlocked(seenBy: gate)
            let seen = try #require(try await progress(of: migration, sampler))
            #expect(seen.command == example.command && seen.operation == example.operation)
            #expect(seen.phase == example.phase)
            #expect(seen.relation?.name == "shop.\"Orders\"")
            let blocks = try #require(seen.blocks)
            #expect(blocks.done > 0 && blocks.done == blocks.total || example.operation == "CLUSTER")
            if example.command == .cluster {
                #expect(seen.tuples?.done == 10_000 && seen.current?.unit == .indexes)
            }
            try await open(gate: gate)
            _ = try await rewriting.value
            await sampler.close()
        }
    }

    @Test(
        "of a COPY from a program that goes on: rows, and no total", arguments: TestPostgres.majors.filter { $0 >= 14 })
    func copy(major: Int) async throws {
        let flag = FileManager.default.temporaryDirectory.appending(path: "lockkeeper-copy-\(UUID().uuidString)")
        try Data().write(to: flag)
        defer { try? FileManager.default.removeItem(at: flag) }
        try await TestPostgres.withDatabase(major) { database in
            let migration = try await database.session()
            let sampler = sampler(database.dsn())
            try await migration.run("CREATE TABLE numbers (n int)")
            let copying = migration.start(
                "COPY numbers FROM PROGRAM 'seq 100000; while test -e \(flag.path); do sleep 0.05; done'")
            try await eventually("the rows of the first part are counted") {
                (try await progress(of: migration, sampler)?.tuples?.done ?? 0) > 1000
            }
            let seen = try #require(try await progress(of: migration, sampler))
            #expect(seen.command == .copy && seen.operation == "COPY FROM" && seen.phase == "")
            #expect(seen.relation?.name == "public.numbers")
            #expect(seen.current?.unit == .tuples && seen.current?.counter.total == nil)
            #expect((seen.bytes?.done ?? 0) > 0)
            try FileManager.default.removeItem(at: flag)
            _ = try await copying.value
            #expect(try await migration.value("SELECT count(*) FROM numbers") == "100000")
            await sampler.close()
        }
    }

    @Test("is hidden from a role without the privilege, which hides nothing else", arguments: TestPostgres.majors)
    func unprivileged(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (gate, migration) = (try await database.session(), try await database.session())
            try await prepare(gate)
            let role = "plain_\(database.name)"
            try await gate.run("CREATE ROLE \(role) LOGIN")
            try await close(gate: gate)
            let building = migration.start("CREATE INDEX slow ON shop.\"Orders\" (shop.gated(id))")
            try await migration.waitUntilBlocked(seenBy: gate)
            let sampler = sampler(database.dsn(user: role))
            let seen = try await sampler.look(tier: .active).observation()
            #expect(seen.progress.isEmpty)
            #expect(seen.sessions.contains { $0.pid == migration.pid })
            await sampler.close()
            try await open(gate: gate)
            _ = try await building.value
            try await gate.run("DROP ROLE \(role)")
        }
    }
}
