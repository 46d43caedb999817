import Foundation
import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// Migrations by hand and by other tools on real servers, and the ways in which they end.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct OtherRunTests {
    /// An agent over an empty database with a table of orders.
    private func watching(
        _ major: Int = 15, _ body: (RunningAgent, TestDatabase) async throws -> Void
    ) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let setup = try await database.session(as: "setup")
            try await setup.run("CREATE TABLE orders (id bigint); INSERT INTO orders VALUES (1)")
            await setup.close()
            var fixture = try AgentFixture()
            fixture.watch(database.dsn())
            try await RunningAgent.with(fixture) { agent in
                try await agent.waitUntilWatching(databases: [database.name])
                try await body(agent, database)
            }
        }
    }

    @Test("A migration typed into psql that fails is a failed run of a person", arguments: TestPostgres.majors)
    func psql(major: Int) async throws {
        try await watching(major) { agent, database in
            let psql = try PsqlProgram(database)
            try psql.type("BEGIN;\nALTER TABLE orders ADD COLUMN note text;\n")
            let started = try await agent.waitForRun(in: database.name, "psql's run has started") {
                $0.applicationName == "psql"
            }
            #expect(started.tool == "manual" && started.user == "postgres")
            try psql.type("ALTER TABLE no_such_table ADD COLUMN note text;\n")
            try await agent.waitForRun(in: database.name, "the failing statement was seen") {
                $0.statements.last?.text.contains("no_such_table") == true
            }
            try psql.type("ROLLBACK;\n")
            let ended = try await agent.waitForRun(in: database.name, "psql's run has ended") {
                $0.id == started.id && $0.end != nil
            }
            guard case .failed(let evidence) = ended.outcome else {
                Issue.record("\(String(describing: ended.outcome))")
                return
            }
            #expect(evidence.contains("failed"))
            psql.end()
        }
    }

    @Test("A change by hand that is over at once is told without alarm, whether or not it was seen to succeed")
    func quick() async throws {
        try await TestPostgres.withDatabase { database in
            try await StubWebhook.serving(secret: "shared") { webhook in
                var fixture = try AgentFixture()
                fixture.watch(database.dsn())
                fixture.tell("people", #"webhook: { url: "\#(webhook.url)", secret: shared }"#, of: database.name)
                try await RunningAgent.with(fixture) { agent in
                    try await agent.waitUntilWatching(databases: [database.name])
                    let psql = try PsqlProgram(database)
                    try psql.type("CREATE TABLE orders (id bigint);\n")
                    let ended = try await agent.waitForRun(in: database.name, "psql's run has ended") { $0.end != nil }
                    // A look may meet it in the instant in which it has a transaction id.
                    #expect(["unseen", "committed"].contains(ended.outcome?.label))
                    try await eventually("its end has been told") {
                        try await agent.deliveries(of: ended, to: "people").count == 2
                    }
                    #expect(
                        try await agent.deliveries(of: ended, to: "people").map(\.severity) == ["info", "info"])
                    psql.end()
                }
            }
        }
    }

    @Test(
        "A queue that is no migration's is told once, by the one of two targets in the server whose database it is in")
    func twoTargets() async throws {
        try await TestPostgres.withDatabase { first in
            try await TestPostgres.withDatabase { second in
                var fixture = try AgentFixture()
                fixture.edits = [("for: 30s", "for: 1s")]
                fixture.watch(first.dsn(), as: "first")
                fixture.watch(second.dsn(), as: "second")
                try await RunningAgent.with(fixture) { agent in
                    try await agent.waitUntilWatching("first", databases: [first.name])
                    try await agent.waitUntilWatching("second", databases: [second.name])
                    let holder = try await first.session(as: "nightly")
                    try await holder.run("SELECT pg_advisory_lock(4711)")
                    var waiting: [(session: PsqlSession, task: Task<Rows, any Error>)] = []
                    for number in 1...5 {
                        let session = try await first.session(as: "worker \(number)")
                        waiting.append((session, session.start("SELECT pg_advisory_xact_lock(4711)")))
                    }
                    let firing = ["alertname": "LockQueueGrowing", "alertstate": "firing"]
                    try await eventually("the queue is told") {
                        try await agent.api.metric("lockkeeper_alerts", firing) != nil
                    }
                    let looks = try await agent.glances(at: "second")
                    try await eventually("the other target has been looked at as well, and its rules evaluated") {
                        try await agent.glances(at: "second") > looks + 10
                    }
                    #expect(try await agent.api.metric("lockkeeper_alerts", firing) == 1)
                    #expect(
                        try await agent.api.metric(
                            "lockkeeper_alerts", ["alertname": "LockQueueGrowing", "alertstate": "pending"]) == nil)
                    #expect(try await agent.api.metric("lockkeeper_lock_waiters", ["database": first.name]) == 5)
                    #expect(
                        try await agent.api.metric(
                            "lockkeeper_lock_waiters", ["target": "second", "database": first.name]) == nil)
                    try await holder.run("SELECT pg_advisory_unlock(4711)")
                    for (session, task) in waiting {
                        _ = try await task.value
                        await session.close()
                    }
                    await holder.close()
                }
            }
        }
    }

    @Test("A script whose psql stops at its error and is gone at once has not been applied")
    func script() async throws {
        try await watching { agent, database in
            let folder = try TemporaryFolder()
            let script = try folder.write(
                "BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nALTER TABLE customers ADD COLUMN note text;\nCOMMIT;\n",
                to: "migration.sql")
            // The second statement waits until the run has been seen, and then fails.
            let owner = try await database.session(as: "owner")
            try await owner.run("CREATE TABLE customers (id bigint)")
            try await owner.run("BEGIN; DROP TABLE customers")
            let psql = try PsqlProgram(database, script: script)
            let run = try await agent.waitForRun(in: database.name, "psql's run waits for the owner") {
                $0.applicationName == "psql" && $0.standing.state == .blocked
            }
            try await owner.run("COMMIT")
            #expect(try await psql.status() == 3)
            let ended = try await agent.waitForRun(in: database.name, "psql's run has ended") {
                $0.id == run.id && $0.end != nil
            }
            #expect(ended.outcome?.label == "failed", "\(String(describing: ended.outcome))")
            await owner.close()
        }
    }

    @Test(
        "An index built concurrently waits for older transactions, and says for whose", arguments: TestPostgres.majors)
    func concurrently(major: Int) async throws {
        try await watching(major) { agent, database in
            let writer = try await database.session(as: "importer")
            try await writer.run("BEGIN; INSERT INTO orders VALUES (2)")
            let dba = try await database.session(as: "nightly")
            let build = dba.start("CREATE INDEX CONCURRENTLY orders_id ON orders (id)")
            let run = try await agent.waitForRun(in: database.name, "the index build waits for the importer") {
                $0.applicationName == "nightly" && $0.standing.rootBlockers.map(\.pid) == [writer.pid]
            }
            #expect(run.standing.waitingFor?.contains("older transactions") == true)
            try await writer.run("COMMIT")
            _ = try await build.value
            let ended = try await agent.waitForRun(in: database.name, "the index build has ended") {
                $0.id == run.id && $0.end != nil
            }
            #expect(ended.outcome == .committed(versions: []))
            for session in [writer, dba] { await session.close() }
        }
    }

    @Test("A run that is cancelled while it waits is told as cancelled, and behind whom it waited")
    func cancelled() async throws {
        try await watching { agent, database in
            let reader = try await database.session(as: "reports")
            try await reader.run("BEGIN; SELECT * FROM orders")
            let deploy = try await database.session(as: "deploy")
            let migration = deploy.start("ALTER TABLE orders ADD COLUMN note text")
            let run = try await agent.waitForRun(in: database.name, "the run waits") {
                $0.applicationName == "deploy" && $0.standing.state == .blocked
            }
            try await reader.run("SELECT pg_cancel_backend(\(deploy.pid))")
            await #expect(throws: (any Error).self) { try await migration.value }
            let ended = try await agent.waitForRun(in: database.name, "the run has ended") {
                $0.id == run.id && $0.end != nil
            }
            #expect(ended.outcome?.label == "cancelled")
            #expect(ended.outcome?.evidence?.contains("pid \(reader.pid)") == true)
            for session in [reader, deploy] { await session.close() }
        }
    }

    @Test("A run whose session is terminated is told as cancelled")
    func terminated() async throws {
        try await watching { agent, database in
            let deploy = try await database.session(as: "deploy")
            try await deploy.run("BEGIN; ALTER TABLE orders ADD COLUMN note text")
            let run = try await agent.waitForRun(in: database.name, "the run has been seen in its transaction") {
                $0.applicationName == "deploy"
            }
            let admin = try await database.session(as: "admin")
            try await admin.run("SELECT pg_terminate_backend(\(deploy.pid))")
            let ended = try await agent.waitForRun(in: database.name, "the run has ended") {
                $0.id == run.id && $0.end != nil
            }
            #expect(ended.outcome?.label == "cancelled")
            #expect(ended.outcome?.evidence?.contains("session was terminated") == true)
            for session in [admin, deploy] { await session.close() }
        }
    }

    @Test("A run in the middle of which the server is restarted is lost, and says why", arguments: TestPostgres.majors)
    func restarted(major: Int) async throws {
        let server = try await ThrowawayPostgres.start(.init(installation: TestPostgres.installation(major)))
        var fixture = try AgentFixture()
        fixture.watch(server.dsn())
        try await RunningAgent.with(fixture) { agent in
            try await agent.waitUntilWatching(databases: ["postgres"])
            let deploy = try await PsqlSession.connect(server.dsn(), applicationName: "deploy")
            try await deploy.run("BEGIN; CREATE TABLE orders (id bigint)")
            let run = try await agent.waitForStart(in: "postgres")
            try await server.restart()
            let ended = try await agent.waitForEnd(in: "postgres")
            #expect(ended.id == run.id)
            #expect(ended.outcome?.label == "lost")
            #expect(ended.outcome?.evidence?.contains("restarted") == true)
            try await eventually("the target is up again") { try await agent.target("app")?.state == "up" }
            await deploy.close()
        }
        await server.stop()
    }

    @Test("Runs by Alembic and yoyo are theirs, with the versions that they applied", arguments: PythonTool.allCases)
    func tools(tool: PythonTool) async throws {
        try await watching { agent, database in
            let folder = try TemporaryFolder()
            // The first migration makes the tool's history: the second is then news in a known one.
            try await tool.migrate(database, in: folder, upTo: 1)
            try await agent.waitForRun(in: database.name, "the first migration is known") {
                $0.tool == tool.rawValue && $0.outcome != nil
            }
            let reader = try await database.session(as: "reports")
            try await reader.run("BEGIN; SELECT * FROM orders")
            let migration = Task { try await tool.migrate(database, in: folder, upTo: 2) }
            let run = try await agent.waitForRun(in: database.name, "\(tool.rawValue)'s run waits") {
                $0.tool == tool.rawValue && $0.standing.state == .blocked
                    && $0.standing.rootBlockers.map(\.pid) == [reader.pid]
            }
            try await reader.run("COMMIT")
            try await migration.value
            let ended = try await agent.waitForRun(in: database.name, "\(tool.rawValue)'s run has ended") {
                $0.id == run.id && $0.end != nil
            }
            #expect(ended.outcome == .committed(versions: [tool.versions[1]]))
            await reader.close()
        }
    }
}
