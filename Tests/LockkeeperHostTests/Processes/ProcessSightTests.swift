import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@testable import LockkeeperHost

@Suite(
    "A look at processes", .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)")
)
struct ProcessSightTests {
    /// What is asked about the session that calls itself `client`, once it is there and waits as it should.
    private func question(
        _ admin: PsqlSession, tool: String? = "manual", waitEvent: String?
    ) async throws -> ProcessQuestion {
        var row: [String] = []
        try await eventually("the client's session waits: \(waitEvent ?? "for nothing")", within: .seconds(60)) {
            let text = try await admin.value(
                """
                SELECT concat_ws(' ', pid, (extract(epoch FROM backend_start) * 1000000)::int8, client_port,
                    current_setting('port'), host(client_addr))
                FROM pg_stat_activity WHERE application_name = 'client' AND datname = current_database()
                    AND state = 'active' AND wait_event IS NOT DISTINCT FROM \(waitEvent.map { "'\($0)'" } ?? "NULL")
                """)
            row = text?.split(separator: " ").map(String.init) ?? []
            return !row.isEmpty
        }
        return ProcessQuestion(
            session: SessionIdentity(
                pid: try #require(Int32(row[0])), backendStart: Timestamp(microseconds: try #require(Int64(row[1])))),
            tool: tool, clientAddress: row.count > 4 ? row[4] : "", clientPort: try #require(Int32(row[2])),
            serverPort: Int32(row[3]))
    }

    private func look(_ sight: inout ProcessSight, _ question: ProcessQuestion) throws -> BackendReading {
        let reading = sight.read([question], of: "app", at: Timestamp(seconds: Date().timeIntervalSince1970))
        return try #require(reading.backends.first)
    }

    private static let cases = ClientProgram.Kind.allCases.flatMap { kind in TestPostgres.majors.map { (kind, $0) } }

    @Test(
        "Finds the process at each end of a session, and whether the client is gone or merely stopped", arguments: cases
    )
    func ends(kind: ClientProgram.Kind, major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session(as: "admin")
            let client = try ClientProgram(kind, database, sql: "SELECT pg_sleep(1000)")
            let question = try await question(admin, waitEvent: "PgSleep")
            var sight = ProcessSight()
            let seen = try look(&sight, question)
            let server = try #require(seen.server.process, "\(seen.server)")
            #expect(server.pid == question.session.pid && server.name == "postgres" && server.state == .sleeping)
            #expect(server.residentBytes > 1 << 20)
            let process = try #require(seen.client.process, "\(seen.client)")
            #expect(process.pid == client.pid)
            #expect(process.name.hasPrefix(kind.isPsql ? "psql" : "python"), "\(process)")
            #expect(process.state == .sleeping && process.threads >= 1 && process.residentBytes > 1 << 20)
            #expect(process.disk != nil)
            #expect(process.startedAt <= Timestamp(seconds: Date().timeIntervalSince1970))
            #expect(!process.command.contains(database.server.password))

            client.send(SIGSTOP)
            try await eventually("the client is seen stopped", within: .seconds(60)) {
                try look(&sight, question).client.process?.state == .stopped
            }
            client.send(SIGKILL)
            try await eventually("the client is seen gone", within: .seconds(60)) {
                try look(&sight, question).client.goneEvidence?.contains("\(question.session.pid)") == true
            }
            #expect(try look(&sight, question).server.process?.identity == server.identity)
            try await admin.run("SELECT pg_terminate_backend(\(question.session.pid))")
            try await eventually("of a session that has ended nothing is known", within: .seconds(60)) {
                let after = try look(&sight, question)
                if case .unknown = after.server, case .unknown = after.client { return true } else { return false }
            }
            await admin.close()
        }
    }

    @Test("A client that dies while its session waits for a lock is gone", arguments: ClientProgram.Kind.allCases)
    func lockWait(kind: ClientProgram.Kind) async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session(as: "admin")
            try await admin.run("CREATE TABLE orders (id int)")
            try await admin.run("BEGIN; SELECT * FROM orders")
            let client = try ClientProgram(kind, database, sql: "ALTER TABLE orders ADD COLUMN note text")
            let observer = try await database.session(as: "observer")
            let question = try await question(observer, waitEvent: "relation")
            var sight = ProcessSight()
            #expect(try look(&sight, question).client.process?.pid == client.pid)
            client.send(SIGKILL)
            try await eventually("the client is seen gone", within: .seconds(60)) {
                try look(&sight, question).client.goneEvidence != nil
            }
            try await observer.run("SELECT pg_terminate_backend(\(question.session.pid))")
            for session in [admin, observer] { await session.close() }
        }
    }

    @Test(
        "A client that dies with an answer unread, so that its connection is reset, is gone", arguments: [true, false])
    func reset(usesTCP: Bool) async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session(as: "admin")
            let client = try ClientProgram(
                [
                    ClientProgram.python, "-c",
                    """
                    import sys, time, psycopg2, select
                    connection = psycopg2.connect(sys.argv[1], async_=1)
                    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
                        select.select([connection], [], [], 1) if state == 1 else select.select([], [connection], [], 1)
                    connection.cursor().execute(sys.argv[2])
                    time.sleep(1000)
                    """,
                    (usesTCP ? database.loopbackDSN : database.dsn()) + " application_name=client",
                    "SELECT repeat('x', 100000) UNION ALL SELECT pg_sleep(1000)::text",
                ])
            let question = try await question(admin, waitEvent: "PgSleep")
            var sight = ProcessSight()
            #expect(try look(&sight, question).client.process?.pid == client.pid)
            client.send(SIGKILL)
            try await eventually("the client is seen gone", within: .seconds(60)) {
                try look(&sight, question).client.goneEvidence != nil
            }
            try await admin.run("SELECT pg_terminate_backend(\(question.session.pid))")
            await admin.close()
        }
    }

    @Test("A pid that is no process of the session is taken for none, and the reason is said")
    func elsewhere() async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session(as: "admin")
            let client = try ClientProgram(.psqlOverUnixSocket, database, sql: "SELECT pg_sleep(1000)")
            let question = try await question(admin, waitEvent: "PgSleep")
            var sight = ProcessSight()
            var (older, other) = (question, question)
            older.session.backendStart = question.session.backendStart - .seconds(60)
            other.session.pid = client.pid
            for wrong in [older, other] {
                let seen = try look(&sight, wrong)
                guard case .unknown(let reason) = seen.server, case .unknown = seen.client else {
                    Issue.record("\(seen)")
                    continue
                }
                #expect(reason.contains("runs elsewhere"))
            }
            var hidden = question
            hidden.clientPort = 0
            #expect(
                try look(&sight, hidden).client
                    == .unknown(reason: "the agent's role may not see the client's address: it needs pg_read_all_stats")
            )
            await admin.close()
        }
    }

    @Test("A tool at work that has not connected is found by its command line, without its secrets")
    func unconnected() async throws {
        let folder = try TemporaryFolder()
        try folder.write("import time; time.sleep(1000)", to: "node_modules/.bin/drizzle-kit.py")
        let script = "\(folder.path)/node_modules/.bin/drizzle-kit.py"
        let secret = "hunter2" + "Zwei"
        let client = try ClientProgram(
            [
                ClientProgram.python, script, "migrate", "--url", "postgres://deploy:\(secret)@db.example.org/shop",
                "--password=\(secret)", "--token", secret, "PGPASSWORD=\(secret)", "host=db password=\(secret)",
            ], environment: ["PGPASSWORD": secret])
        var sight = ProcessSight()
        sight.scanInterval = .zero
        sight.watched = [.init(target: "app")]
        var seen: ToolProcess?
        var reading = ProcessReading(takenAt: Timestamp(microseconds: 0))
        try await eventually("the tool is found", within: .seconds(60)) {
            reading = sight.read([], of: "app", at: Timestamp(seconds: Date().timeIntervalSince1970))
            seen = reading.unconnected.first { $0.process.pid == client.pid }
            return seen != nil
        }
        #expect(seen?.tool == "drizzle")
        #expect(
            seen?.process.command.contains("drizzle-kit.py migrate --url postgres://***@db.example.org/shop") == true)
        let json = String(decoding: try JSONEncoder().encode(reading), as: UTF8.self)
        #expect(!json.contains(secret))
        #expect(
            sight.read([], of: "other", at: reading.takenAt).unconnected.isEmpty,
            "it belongs to the one that is watched")
        client.send(SIGKILL)
        try await eventually("it is gone", within: .seconds(60)) {
            reading = sight.read([], of: "app", at: reading.takenAt)
            return !reading.unconnected.contains { $0.process.pid == client.pid }
        }
    }

    @Test("A session that computes is told from one that waits for its client")
    func activity() async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session(as: "admin")
            let client = try ClientProgram(
                .psqlOverTCP, database,
                sql: "DO $$ DECLARE i bigint := 0; BEGIN LOOP i := i + 1; END LOOP; END $$")
            let question = try await question(admin, waitEvent: nil)
            var sight = ProcessSight()
            var processes = Processes(target: "app")
            let session = Session(
                pid: question.session.pid, backendStart: question.session.backendStart, state: .active)
            try await eventually("it is seen computing", within: .seconds(60)) {
                processes.advance(
                    sight.read([question], of: "app", at: Timestamp(seconds: Date().timeIntervalSince1970)))
                guard case .computing(let cores) = processes.activity(of: session) else { return false }
                return cores > 0
            }
            client.send(SIGKILL)
            try await admin.run("SELECT pg_terminate_backend(\(question.session.pid))")
            await admin.close()
        }
    }
}
