import LockkeeperCore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@testable import LockkeeperPostgres

@Suite("A session", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct SessionTests {
    private func observer(_ dsn: String) async throws -> PostgresSession {
        try await PostgresSession.connect(to: DSN(dsn), as: .observer())
    }

    @Test("answers several queries in one round trip, and one that fails leaves the others alone")
    func isolation() async throws {
        let session = try await observer(TestPostgres.shared().server.dsn())
        let queries = [
            Query(name: "first", sql: "SELECT $1::int4 + 1, NULL, ''", parameters: ["41"]),
            Query(name: "broken", sql: "SELECT 1 / $1::int4", parameters: ["0"]),
            Query(name: "unknown", sql: "SELECT * FROM nowhere"),
            Query(name: "last", sql: "SELECT 'ünïcode', true, ARRAY[1, 2]"),
        ]
        // The second time the statements are prepared already, but for the one that cannot be.
        for _ in 1...2 {
            let results = try await session.run(queries, within: .seconds(5))
            let first = try results[0].get()
            #expect(first.count == 1 && first[0].integer(0) == 42 && first[0].text(1) == nil && first[0].text(2) == "")
            #expect(throws: PostgresError.self) { try results[1].get() }
            if case .failure(let error) = results[1] {
                #expect(error.sqlstate == "22012" && error.stage == .query("broken") && error.kind == .server)
            }
            if case .failure(let error) = results[2] { #expect(error.sqlstate == "42P01") } else { Issue.record("?") }
            let last = try results[3].get()
            #expect(last[0].text(0) == "ünïcode" && last[0].boolean(1) == true && last[0].integers(2) == [1, 2])
        }
        let prepared = try await session.run(
            [Query(name: "list", sql: "SELECT name FROM pg_catalog.pg_prepared_statements ORDER BY 1")],
            within: .seconds(5))
        #expect(try prepared[0].get().compactMap { $0.text(0) } == ["broken", "first", "last", "list"])
    }

    @Test("cannot write, and waits for no lock")
    func harmless() async throws {
        try await TestPostgres.withDatabase { database in
            let owner = try await database.session()
            try await owner.run("CREATE TABLE public.t ()")
            try await owner.run("BEGIN; LOCK TABLE public.t")
            let session = try await observer(database.dsn())
            let results = try await session.run(
                [
                    Query(name: "write", sql: "CREATE TABLE public.other ()"),
                    Query(name: "read", sql: "SELECT * FROM public.t"),
                ], within: .seconds(5))
            if case .failure(let error) = results[0] { #expect(error.sqlstate == "25006") } else { Issue.record("?") }
            if case .failure(let error) = results[1] {
                #expect(error.sqlstate == "55P03" && error.kind == .timedOut, "\(error)")
            } else {
                Issue.record("a locked table was read")
            }
            #expect(await session.isOpen)
        }
    }

    @Test("of a stopped server gives up at the deadline and lets its thread go")
    func stopped() async throws {
        let server = try await ThrowawayPostgres.start()
        var session: PostgresSession? = try await observer(server.dsn())
        weak let thread = session?.thread
        await server.suspend()
        var error: PostgresError?
        let taken = await ContinuousClock().measure {
            error = await #expect(throws: PostgresError.self) {
                _ = try await session?.run([Query(name: "one", sql: "SELECT 1")], within: .milliseconds(200))
            }
        }
        #expect(error?.kind == .timedOut)
        #expect(taken < .seconds(30))
        #expect(await session?.isOpen == false)
        session = nil
        try await eventually("the thread has ended") { thread == nil }

        let unanswered = await #expect(throws: PostgresError.self) {
            try await PostgresSession.connect(to: DSN(server.dsn()), as: .observer(), within: .milliseconds(200))
        }
        #expect(unanswered?.kind == .timedOut)
        await server.resume()
        #expect(try await observer(server.dsn()).facts.database == "postgres")
        await server.stop()
    }

    enum End: CaseIterable {
        case deadline, cancellation
    }

    @Test("cancels on the server what it gives up here", arguments: End.allCases)
    func cancels(end: End) async throws {
        try await TestPostgres.withDatabase { database in
            for dsn in [database.dsn(), database.loopbackDSN] {
                let watcher = try await database.session()
                // Without a statement_timeout: nothing else may end the query.
                let session = try await PostgresSession.connect(to: DSN(dsn), as: .client(applicationName: "victim"))
                let pid = try await session.facts.backendPID
                let isRunning = "SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active'"
                let limit: Duration = end == .deadline ? .milliseconds(300) : .seconds(60)
                let task = Task {
                    try await session.run([Query(name: "sleep", sql: "SELECT pg_sleep(60)")], within: limit)
                }
                try await eventually("it runs") { try await watcher.value(isRunning) == "1" }
                if end == .cancellation { task.cancel() }
                let error = await #expect(throws: PostgresError.self) { try await task.value }
                #expect(error?.kind == (end == .deadline ? .timedOut : .cancelled))
                try await eventually("it is gone from the server") { try await watcher.value(isRunning) == "0" }
                #expect(await !session.isOpen)
            }
        }
    }

    @Test("that the server ends says so, and is closed")
    func terminated() async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session()
            let session = try await observer(database.dsn())
            try await admin.run("SELECT pg_terminate_backend(\(session.facts.backendPID), 5000)")
            let error = await #expect(throws: PostgresError.self) {
                try await session.run([Query(name: "one", sql: "SELECT 1")], within: .seconds(5))
            }
            let notices = await session.notices
            #expect(error?.kind == .serverShutdown, "\(String(describing: error)) \(notices)")
            #expect(error?.sqlstate == "57P01")
            #expect(error?.sampleFailure.reason == .disconnected)
            #expect(await !session.isOpen)
        }
    }

    @Test("survives neither a restart of the server, but the next one sees that it was restarted")
    func restarted() async throws {
        let server = try await ThrowawayPostgres.start()
        let session = try await observer(server.dsn())
        let before = try await session.facts.server.startedAt
        try await server.restart(.immediate)
        await #expect(throws: PostgresError.self) {
            try await session.run([Query(name: "one", sql: "SELECT 1")], within: .seconds(5))
        }
        let after = try await observer(server.dsn()).facts.server.startedAt
        #expect(after > before)
        await server.shutDown()
        let down = await #expect(throws: PostgresError.self) { try await observer(server.dsn()) }
        #expect(down?.kind == .unreachable)
        await server.stop()
    }

    @Test("keeps the server's notices instead of printing them")
    func notices() async throws {
        try await TestPostgres.withDatabase { database in
            let session = try await PostgresSession.connect(
                to: DSN(database.dsn()), as: .client(applicationName: "test"))
            try await session.execute("DROP TABLE IF EXISTS nowhere")
            #expect(await session.notices.last?.contains("does not exist") == true)
        }
    }

    @Test("copies large results whole")
    func large() async throws {
        // Under a sanitizer on a busy machine, reading takes longer than an observer has patience.
        let session = try await PostgresSession.connect(
            to: DSN(TestPostgres.shared().server.dsn()), as: .observer(statementTimeout: .seconds(60)))
        let query = Query(
            name: "large", sql: "SELECT i, repeat(chr(65 + i % 26), i % 300) FROM generate_series(1, 20000) i")
        let rows = try await session.run([query, query], within: .seconds(60))[1].get()
        #expect(rows.count == 20_000)
        #expect(
            rows.enumerated().allSatisfy { index, row in
                row.integer(0) == index + 1 && row.text(1)?.utf8.count == (index + 1) % 300
            })
    }
}
