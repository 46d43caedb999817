import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// What is long, or holds locks, and is healthy: it is not called stuck, and mostly not called a migration.
@Suite(.enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct LookAlikeTests {
    /// Looks three times, as `assess` does.
    private func looks(_ trouble: Trouble) async throws -> [Finding] {
        var findings: [Finding] = []
        for _ in 1...3 { findings = try await trouble.findings(by: DiagnosisThresholds()) }
        return findings
    }

    /// Sleeps for each row, and lets an index be built of it.
    private let slowly = """
        CREATE FUNCTION slowly(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE
            AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN id; END $$;
        CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, 60000) AS i
        """

    @Test(arguments: TestPostgres.majors)
    func `A slow index build that holds up nobody is to be waited for`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run(slowly)
            let migration = try await database.session(as: "drizzle")
            let building = migration.start("CREATE INDEX CONCURRENTLY orders_slowly ON orders (slowly(id))")
            try await eventually("the index is built") {
                try await admin.value("SELECT count(*) FROM pg_stat_progress_create_index WHERE pid = \(migration.pid)")
                    == "1"
            }
            let findings = try await looks(trouble)
            let run = try #require(findings.first { $0.run != nil })
            #expect([.progressing, .working].contains(run.verdict) && run.severity == .info)
            #expect(run.actions.first?.text.contains("wait") == true && run.commands.isEmpty)
            #expect(!findings.contains { $0.severity > .info || $0.verdict == .invalidIndex })
            building.cancel()
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A long report is no migration and not stuck`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let report = try await database.session(as: "report")
            let reporting = report.start("SELECT count(pg_sleep(0.01)) FROM generate_series(1, 100000)")
            let findings = try await looks(trouble)
            #expect(!findings.contains { $0.severity > .info || $0.run != nil })
            var later = DiagnosisThresholds()
            later.longTransaction = .zero
            let long = try #require(try await trouble.findings(by: later).first { $0.verdict == .longTransaction })
            #expect(long.severity == .info && long.actions.first?.text.contains("not stuck") == true)
            reporting.cancel()
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `The leader of a parallel dump, idle while its workers copy, is not taken for a forgotten transaction`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run("CREATE TABLE orders (id int)")
            let leader = try await database.session(as: "pg_dump")
            try await leader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE orders IN ACCESS SHARE MODE")
            let found = try await trouble.findings()
            #expect(found.contains { $0.verdict == .backup })
            #expect(!found.contains { $0.verdict == .idleTransaction }, "\(found.map(\.summary))")
            try await leader.run("ROLLBACK")
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A REFRESH of a materialised view is no migration and not stuck`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let owner = try await database.session(as: "cron")
            try await owner.run(slowly)
            try await owner.run("CREATE MATERIALIZED VIEW v AS SELECT slowly(id) FROM orders WITH NO DATA")
            let refreshing = owner.start("REFRESH MATERIALIZED VIEW v")
            let observer = try await database.session()
            try await eventually("the refresh runs") {
                try await observer.value(
                    "SELECT query FROM pg_stat_activity WHERE pid = \(owner.pid) AND state = 'active'")?
                    .hasPrefix("REFRESH") == true
            }
            let fresh = Trouble(database)
            let findings = try await looks(fresh)
            await fresh.close()
            #expect(!findings.contains { $0.severity > .info || $0.run != nil })
            _ = trouble
            refreshing.cancel()
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `An ordinary vacuum in a migration's way is no vacuum against wraparound`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session()
            try await admin.run(
                "CREATE TABLE orders AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 50000) AS i")
            let vacuum = try await database.session(as: "maintenance")
            try await vacuum.run("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
            let vacuuming = vacuum.start("VACUUM orders")
            try await eventually("the vacuum runs") {
                try await admin.value("SELECT count(*) FROM pg_stat_progress_vacuum WHERE pid = \(vacuum.pid)") == "1"
            }
            let quiet = try await looks(trouble)
            #expect(!quiet.contains { $0.severity > .info || $0.run != nil })
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)
            let blocked = try await trouble.finding(.blockedMigration)
            #expect(blocked.commands.first == "SELECT pg_cancel_backend(\(vacuum.pid))")
            #expect(try await !trouble.findings().contains { $0.verdict == .wraparoundVacuum })
            vacuuming.cancel()
            _ = try await altering.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A quiet server has nothing wrong with it`(major: Int) async throws {
        try await withTrouble(major) { trouble, _ in
            let findings = try await looks(trouble)
            #expect(findings.filter { $0.severity > .info } == [])
        }
    }
}
