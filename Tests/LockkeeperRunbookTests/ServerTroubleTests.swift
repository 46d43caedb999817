import Foundation
import LockkeeperCore
import LockkeeperRunbook
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// What needs a server of its own, or programs besides it.
@Suite(
    .serialized, .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct ServerTroubleTests {
    private func withServer(
        _ major: Int, _ settings: [String: String], _ body: (Trouble, TestDatabase) async throws -> Void
    ) async throws {
        let server = try await ThrowawayPostgres.start(
            .init(installation: try await TestPostgres.installation(major), settings: settings))
        let database = TestDatabase(server: server, name: "postgres")
        let trouble = Trouble(database)
        let result: Result<Void, any Error>
        do { result = .success(try await body(trouble, database)) } catch { result = .failure(error) }
        await trouble.close()
        await server.stop()
        try result.get()
    }

    @Test(arguments: TestPostgres.majors)
    func `A vacuum against wraparound in a migration's way: the migration is to be cancelled, not the vacuum`(
        major: Int
    ) async throws {
        // The least that the server allows.
        let settings = ["autovacuum_freeze_max_age": "100000", "autovacuum_naptime": "1s"]
        try await withServer(major, settings) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                """
                CREATE TABLE orders AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 50000) AS i;
                -- A page at a time, and few a second: the vacuum lasts for minutes.
                ALTER TABLE orders SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
                CREATE PROCEDURE burn(n int) LANGUAGE plpgsql
                    AS $$ BEGIN FOR i IN 1..n LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$
                """)
            try await admin.run("CALL burn(101000)")
            try await eventually("the server begins to freeze the table", within: .seconds(180)) {
                try await admin.value(
                    """
                    SELECT count(*) FROM pg_stat_activity AS a JOIN pg_stat_progress_vacuum AS v ON v.pid = a.pid
                    WHERE a.query LIKE '%(to prevent wraparound)' AND v.relid = 'orders'::regclass
                    """) == "1"
            }
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)
            let finding = try await trouble.finding(.wraparoundVacuum)
            #expect(finding.run != nil && finding.commands.first == "SELECT pg_cancel_backend(\(migration.pid))")
            #expect(finding.text.contains("does not yield"))
            #expect(finding.actions.contains { $0.text.contains("Let the vacuum") })
            // Behind it a queue forms: then the queue is the trouble, and the vacuum at its root is still named.
            let victim = try await database.session(as: "web")
            let selecting = victim.start("SELECT count(*) FROM orders")
            try await victim.waitUntilBlocked(seenBy: admin)
            let queue = try await trouble.finding(.lockQueue)
            #expect(queue.commands.first == "SELECT pg_cancel_backend(\(migration.pid))")
            #expect(try await trouble.finding(.wraparoundVacuum).run == queue.run)
            try await admin.run(try #require(queue.commands.first))
            _ = try await selecting.value
            _ = await altering.result
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `An ordinary autovacuum is no migration, and yields to one`(major: Int) async throws {
        let settings = ["autovacuum_naptime": "1s"]
        try await withServer(major, settings) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                """
                CREATE TABLE orders WITH (
                    autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
                    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1
                ) AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 50000) AS i;
                DELETE FROM orders WHERE id % 2 = 0
                """)
            try await eventually("autovacuum is at the table", within: .seconds(60)) {
                try await admin.value(
                    """
                    SELECT count(*) FROM pg_stat_activity AS a JOIN pg_stat_progress_vacuum AS v ON v.pid = a.pid
                    WHERE a.backend_type = 'autovacuum worker' AND v.relid = 'orders'::regclass
                    """) == "1"
            }
            for _ in 1...3 {
                let findings = try await trouble.findings(by: DiagnosisThresholds())
                #expect(
                    !findings.contains { $0.run != nil || $0.verdict == .wraparoundVacuum || $0.verdict == .lockQueue })
            }
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            let findings = try await trouble.findings()
            #expect(!findings.contains { $0.verdict == .wraparoundVacuum })
            // The server cancels the vacuum, after deadlock_timeout.
            _ = try await altering.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `Slots, the archiver, old snapshots and transaction ids are told of with what to do`(
        major: Int
    ) async throws {
        let settings = ["wal_level": "logical", "archive_mode": "on", "archive_command": "false"]
        try await withServer(major, settings) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run("SELECT pg_create_physical_replication_slot('dead', true)")
            try await admin.run("CREATE TABLE orders AS SELECT generate_series(1, 10000) AS id; SELECT pg_switch_wal()")
            let slot = try await trouble.finding(.replicationSlot) { $0.summary.contains("dead") }
            #expect(slot.severity >= .warning && slot.summary.contains("which nobody uses"))
            #expect(slot.commands == ["SELECT pg_drop_replication_slot('dead')"])

            let archiver = try await trouble.finding(.archiver)
            #expect(archiver.severity >= .warning && archiver.text.contains("failed"))
            #expect(archiver.actions.contains { $0.text.contains("archive_command") })

            let age = try await trouble.finding(.transactionIDAge)
            #expect(age.commands.first?.hasPrefix("VACUUM (FREEZE") == true)

            let holder = try await database.session(as: "notebook")
            try await holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders")
            try await admin.run("CREATE TABLE more (); CREATE TABLE evenmore ()")
            let snapshot = try await trouble.finding(.oldSnapshot)
            #expect(snapshot.commands == ["SELECT pg_terminate_backend(\(holder.pid))"])
            try await holder.run("ROLLBACK")

            try await admin.run("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')")
            for number in 1...20 { try await admin.run("CREATE TABLE made\(number) ()") }
            var thresholds = DiagnosisThresholds()
            thresholds.oldSnapshotTransactions = 10
            let catalogs = try #require(
                try await trouble.findings(by: thresholds).first { $0.verdict == .oldSnapshot })
            #expect(catalogs.summary.contains("feed") && catalogs.text.contains("the system's catalogs"))
            #expect(!catalogs.text.contains("any table"))
            #expect(catalogs.commands == ["SELECT pg_drop_replication_slot('feed')"])
            try await admin.run(catalogs.commands[0])
            #expect(try await !trouble.findings(by: thresholds).contains { $0.verdict == .oldSnapshot })

            let calm = try await trouble.findings(by: DiagnosisThresholds())
            let wrong: Set<Verdict> = [.replicationSlot, .transactionIDAge, .oldSnapshot]
            #expect(!calm.contains { wrong.contains($0.verdict) }, "a few kilobytes are no trouble")
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `WAL that an open transaction keeps for a logical slot is not blamed on the consumer`(
        major: Int
    ) async throws {
        try await withServer(major, ["wal_level": "logical"]) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run("CREATE TABLE orders (id int, filler text)")
            try await admin.run("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')")
            let consumer = try Program(
                "pg_recvlogical",
                [
                    "--dbname", database.dsn(), "--slot=feed", "--start", "--file=/dev/null", "--status-interval=1",
                    "--fsync-interval=1",
                ], of: database)
            try await eventually("the consumer is there") {
                try await admin.value("SELECT active FROM pg_replication_slots") == "t"
            }
            let forgotten = try await database.session(as: "notebook")
            try await forgotten.run("BEGIN; INSERT INTO orders VALUES (0)")
            try await admin.run("INSERT INTO orders SELECT i, repeat('x', 200) FROM generate_series(1, 30000) AS i")
            var thresholds = Trouble.eager
            thresholds.replicationLag = 4 << 20
            var told: Finding?
            func look() async throws {
                // The slot learns which transactions are open from what a checkpoint writes.
                try await admin.run("CHECKPOINT")
                told = try await trouble.findings(by: thresholds).first { $0.verdict == .replicationSlot }
            }
            try await eventually("the consumer has caught up, and WAL is kept", within: .seconds(60)) {
                try await look()
                return told.map { !$0.summary.contains("lags") } ?? false
            }
            let finding = try #require(told)
            #expect(finding.summary.contains("feed") && finding.summary.contains("consumer has caught up"))
            #expect(finding.text.contains("pid \(forgotten.pid) "))
            #expect(finding.commands == ["SELECT pg_terminate_backend(\(forgotten.pid))"])
            await #expect(throws: (any Error).self, "why it is not offered") {
                try await admin.run("SELECT pg_drop_replication_slot('feed')")
            }
            try await admin.run(finding.commands[0])
            try await eventually("nothing is kept any more", within: .seconds(60)) {
                try await look()
                return told == nil
            }
            consumer.kill()
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A standby that is connected holds nothing back; a long query on it does`(major: Int) async throws {
        let standby = try await ThrowawayPostgres.start(
            .init(installation: try await TestPostgres.installation(major)))
        await standby.shutDown()
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await withServer(major, [:]) { trouble, database in
                    try await follow(trouble, database, standby)
                })
        } catch { result = .failure(error) }
        await standby.stop()
        try result.get()
    }

    private func follow(_ trouble: Trouble, _ database: TestDatabase, _ standby: ThrowawayPostgres) async throws {
        let admin = try await database.session(as: "setup")
        // By the server itself, whose user the files must belong to.
        let program = "\(database.server.installation.binFolder)/pg_basebackup"
        let copy =
            "rm -rf \(standby.dataFolder) && \(program) -D \(standby.dataFolder) -h \(database.server.folder) -p \(database.server.port) -U postgres --checkpoint=fast --write-recovery-conf"
        let settings = [
            "primary_conninfo":
                "host=\(database.server.folder) port=\(database.server.port) user=postgres application_name=replica1",
            "unix_socket_directories": standby.folder, "port": "\(standby.port)", "hot_standby_feedback": "on",
            "wal_receiver_status_interval": "1s", "max_standby_streaming_delay": "-1",
        ]
        let configuration = settings.map { "\($0) = ''\($1)''" }.sorted().joined(separator: "\\n")
        try await admin.run(
            "COPY (SELECT) TO PROGRAM '\(copy) && printf \"\(configuration)\\n\" >> \(standby.dataFolder)/postgresql.auto.conf'"
        )
        try await standby.bringUp()
        let horizon =
            "SELECT age(backend_xmin) FROM pg_stat_activity WHERE backend_type = 'walsender' AND backend_xmin IS NOT NULL"
        try await eventually("the standby reports what it needs", within: .seconds(60)) {
            try await admin.value(horizon) != nil
        }
        #expect(try await !trouble.findings().contains { $0.verdict == .oldSnapshot }, "however long it is connected")

        let reader = try await PsqlSession.connect(standby.dsn(), applicationName: "report")
        try await reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
        for number in 1...20 { try await admin.run("CREATE TABLE made\(number) ()") }
        try await eventually("the standby reports the long query", within: .seconds(60)) {
            try await admin.value(horizon).flatMap { Int($0) } ?? 0 >= 15
        }
        var thresholds = DiagnosisThresholds()
        thresholds.oldSnapshotTransactions = 15
        let finding = try #require(try await trouble.findings(by: thresholds).first { $0.verdict == .oldSnapshot })
        #expect(finding.summary.contains("A query on replica replica1"))
        #expect(finding.commands.isEmpty && finding.actions.first?.text.contains("on the replica") == true)
        await reader.close()
    }

    @Test(arguments: TestPostgres.majors)
    func `A pg_dump in the way is to be waited for, or stopped`(major: Int) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            try await admin.run(
                "CREATE TABLE orders AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 20000) AS i")
            let dump = try Program("pg_dump", ["--dbname", database.dsn()], of: database)
            // Nobody takes what it writes: it stands still in the middle.
            try await eventually("the dump has begun") {
                try await admin.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = '\(database.name)' AND query LIKE 'COPY%'"
                ) == "1"
            }
            let running = try await trouble.finding(.backup)
            #expect(running.severity == .info && running.actions.first?.text.contains("Start no migration") == true)
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text")
            try await migration.waitUntilBlocked(seenBy: admin)
            let finding = try await trouble.finding(.backup) { $0.run != nil }
            #expect(finding.actions.first?.text.contains("Wait until the dump is through") == true)
            #expect(finding.commands.first?.hasPrefix("SELECT pg_") == true)
            dump.kill()
            _ = try await altering.value
        }
    }

    @Test(arguments: TestPostgres.majors)
    func `A migration whose client was killed works on as an orphan, and is to be terminated`(
        major: Int
    ) async throws {
        try await withTrouble(major) { trouble, database in
            let admin = try await database.session(as: "setup")
            let sql = "DO $$ BEGIN EXECUTE 'CREATE TABLE made ()'; PERFORM pg_sleep(600); END $$"
            let client = try Program("psql", ["--no-psqlrc", "--command", sql, database.dsn()], of: database)
            try await eventually("the migration runs") {
                try await admin.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND datname = '\(database.name)' AND wait_event = 'PgSleep'"
                ) == "1"
            }
            let healthy = try await trouble.finding(.working)
            #expect(healthy.severity == .info)
            client.kill()
            let finding = try await trouble.finding(.orphan)
            #expect(finding.severity >= .warning && finding.run == healthy.run)
            #expect(finding.commands.first?.hasPrefix("SELECT pg_terminate_backend(") == true)
            #expect(finding.commands.contains("ALTER SYSTEM SET client_connection_check_interval = '10s'"))
            try await admin.run(finding.commands[0])
        }
    }

    @Test func `Who may not see the others' sessions is told so, rather than that nothing is wrong`() async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session(as: "setup")
            let role = "\(database.name)_plain"
            try await admin.run("CREATE ROLE \(role) LOGIN")
            let trouble = Trouble(database, user: role)
            let finding = try await trouble.finding(.blindSpot) { $0.severity == .warning }
            #expect(finding.commands == ["GRANT pg_monitor TO \"\(role)\""])
            await trouble.close()
            try await admin.run("DROP ROLE \(role)")
        }
    }

    @Test func `No text of a query is shown where the privacy setting forbids it`() async throws {
        try await TestPostgres.withDatabase { database in
            let trouble = Trouble(database, privacy: .none)
            let admin = try await database.session(as: "setup")
            try await admin.run("CREATE TABLE orders (secret_column int)")
            let reader = try await database.session()
            try await reader.run("BEGIN; SELECT secret_column FROM orders")
            let migration = try await database.session()
            let altering = migration.start("ALTER TABLE orders DROP secret_column")
            try await migration.waitUntilBlocked(seenBy: admin)
            let finding = try await trouble.finding(.idleBlocker)
            #expect(finding.statements.isEmpty)
            let all = try await trouble.findings().map { "\($0)" }.joined()
            #expect(!all.contains("secret_column"))
            await trouble.close()
            try await reader.run("COMMIT")
            _ = try await altering.value
        }
    }
}

/// A program of PostgreSQL's whose output nobody reads.
private final class Program: Sendable {
    private let process = Process()
    private let output = Pipe()

    init(_ name: String, _ arguments: [String], of database: TestDatabase) throws {
        let own = "\(database.server.installation.binFolder)/\(name)"
        // The wheel of PostgreSQL 18 may bring none; psql speaks to any server, pg_dump to none that is newer.
        if FileManager.default.isExecutableFile(atPath: own) {
            process.executableURL = URL(filePath: own)
            process.arguments = arguments
        } else {
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [name] + arguments
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
    }

    deinit { if process.isRunning { kill() } }
}
