import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// Drizzle's migrator on real servers, watched by a whole agent.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct DrizzleRunTests {
    /// A shop with one migration applied and one to come, and what watches it.
    private func shop(_ database: TestDatabase) async throws -> (fixture: AgentFixture, project: DrizzleProject) {
        var fixture = try AgentFixture()
        let project = try DrizzleProject(
            at: "\(fixture.folder.path)/drizzle",
            [
                "0000_orders": "CREATE TABLE orders (id bigint);",
                "0001_order_note":
                    "ALTER TABLE orders ADD COLUMN note text;--> statement-breakpoint\nCREATE INDEX ON orders (note);",
            ])
        try await project.migrate(database.dsn(), upTo: 1)
        fixture.watch(database.dsn(), "migrations: { tool: drizzle, folder: \(project.path) }")
        return (fixture, project)
    }

    @Test(
        "A stuck run is seen at once, its blocker named, its length told twice, and what it applied at its end",
        arguments: TestPostgres.majors)
    func stuck(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (shop, project) = try await shop(database)
            var fixture = shop
            fixture.edits = AgentFixture.lowered
            try await StubWebhook.serving(secret: "shared") { webhook in
                fixture.tell("people", #"webhook: { url: "\#(webhook.url)", secret: shared }"#, of: database.name)
                try await RunningAgent.with(fixture) { agent in
                    try await agent.waitUntilWatching(databases: [database.name])
                    let forgotten = try await database.session(as: "notebook of ana")
                    try await forgotten.run("BEGIN; SELECT count(*) FROM orders")

                    let sent = ContinuousClock.now
                    let migration = Task { try await project.migrate(database.dsn()) }
                    let started = try await agent.waitForStart(in: database.name)
                    let seen = agent.events.all.first { $0.event.run.id == started.id }?.at
                    // The plays hold it to two glances; this machine may be busy. The benchmark has the figure.
                    #expect(try #require(seen) - sent < .seconds(5))
                    #expect(started.tool == "drizzle")
                    #expect(started.migrations == ["0001_order_note"])
                    #expect(!started.wasUnderwayAtFirstLook)

                    let blocked = try await agent.waitForRun(in: database.name, "the run is blocked by the notebook") {
                        $0.standing.state == .blocked && $0.standing.rootBlockers.map(\.pid) == [forgotten.pid]
                    }
                    #expect(blocked.standing.waitingFor == "ACCESS EXCLUSIVE on public.orders")
                    #expect(blocked.standing.rootBlockers.first?.applicationName == "notebook of ana")
                    let shown = try await agent.api.get(APIDocument.Migrations.self, "/api/v1/migrations").migrations
                        .first { $0.database == database.name }
                    #expect(shown?.run == started.id && shown?.standing?.rootBlockers.map(\.pid) == [forgotten.pid])

                    try await eventually("the run is critical") {
                        try await agent.deliveries(of: started, to: "people").map(\.severity).last == "critical"
                    }
                    try await forgotten.run("ROLLBACK")
                    try await migration.value
                    let ended = try await agent.waitForEnd(in: database.name)
                    #expect(ended.id == started.id)
                    #expect(ended.outcome == .committed(versions: ["0001_order_note"]))
                    #expect(ended.begin == started.begin)
                    #expect(ended.statements.contains { $0.text.hasPrefix("ALTER TABLE orders") })

                    try await eventually("all of it has been told") {
                        try await agent.deliveries(of: started, to: "people").filter { $0.status == "delivered" }
                            .map { "\($0.reason) \($0.severity)" }
                            == ["opened info", "escalated warning", "escalated critical", "resolved critical"]
                    }
                    let requests = webhook.server.requests.count
                    #expect(requests == 4 && webhook.deliveriesByKey.values.allSatisfy { $0 == 1 })
                    #expect(webhook.violations == [])
                    #expect(agent.runs(in: database.name).count == 1)
                    await forgotten.close()
                }
            }
        }
    }

    @Test(
        "A run that is too quick for any look is known by its row in the history", arguments: TestPostgres.majors)
    func quick(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let (shop, project) = try await shop(database)
            var fixture = shop
            fixture.sampling = "glance: 60s, idle: 60s, active: 60s, history: 200ms"
            try await RunningAgent.with(fixture) { agent in
                try await agent.waitUntilWatching(databases: [database.name])
                try await project.migrate(database.dsn())
                let run = try await agent.waitForEnd(in: database.name)
                #expect(run.outcome == .committed(versions: ["0001_order_note"]))
                #expect(run.tool == "drizzle")
                #expect(run.sessions == [])
                #expect(agent.events.all.map(\.event).discovered.map(\.id) == [run.id])
            }
        }
    }

    @Test("A run that was already going when the agent starts has its true begin by the server's clock")
    func underway() async throws {
        try await TestPostgres.withDatabase { database in
            let (fixture, project) = try await shop(database)
            let forgotten = try await database.session(as: "notebook of ana")
            try await forgotten.run("BEGIN; SELECT count(*) FROM orders")
            let migration = Task { try await project.migrate(database.dsn()) }
            let observer = try await database.session(as: "observer")
            let condition = "datname = '\(database.name)' AND wait_event_type = 'Lock'"
            try await eventually("the migration has been waiting for two seconds") {
                try await observer.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE \(condition) AND now() - xact_start > '2s'") == "1"
            }
            let begin = try await observer.value(
                "SELECT (extract(epoch FROM xact_start) * 1000000)::bigint FROM pg_stat_activity WHERE \(condition)")
            try await RunningAgent.with(fixture) { agent in
                let started = try await agent.waitForStart(in: database.name)
                #expect(started.wasUnderwayAtFirstLook)
                #expect(String(started.begin.microseconds) == begin)
                try await agent.waitUntilWatching(databases: [database.name])
                try await forgotten.run("ROLLBACK")
                try await migration.value
                let ended = try await agent.waitForEnd(in: database.name)
                #expect(ended.id == started.id)
                #expect(ended.outcome == .committed(versions: ["0001_order_note"]))
                #expect(ended.duration(at: ended.begin) > .seconds(2))
                #expect(ended.tool == "drizzle")
            }
            for session in [forgotten, observer] { await session.close() }
        }
    }

    @Test("Runs in two databases of one server at once are two, each with its own versions")
    func twoDatabases() async throws {
        try await TestPostgres.withDatabase { first in
            try await TestPostgres.withDatabase { second in
                let (shop, project) = try await shop(first)
                var fixture = shop
                try await project.migrate(second.dsn(), upTo: 1)
                fixture.targets = []
                fixture.watch(
                    first.dsn(),
                    "databases: [\(first.name), \(second.name)], migrations: { tool: drizzle, folder: \(project.path) }"
                )
                try await RunningAgent.with(fixture) { agent in
                    try await agent.waitUntilWatching(databases: [first.name, second.name])
                    var forgotten: [PsqlSession] = []
                    var migrations: [Task<Void, any Error>] = []
                    for database in [first, second] {
                        let session = try await database.session(as: "notebook of ana")
                        try await session.run("BEGIN; SELECT count(*) FROM orders")
                        forgotten.append(session)
                        migrations.append(Task { try await project.migrate(database.dsn()) })
                    }
                    for (index, database) in [first, second].enumerated() {
                        let blocker = forgotten[index].pid
                        try await agent.waitForRun(in: database.name, "the run in \(database.name) is blocked") {
                            $0.standing.state == .blocked && $0.standing.rootBlockers.map(\.pid) == [blocker]
                        }
                    }
                    #expect(
                        try await agent.api.metric(
                            "lockkeeper_migration_running", ["database": second.name, "tool": "drizzle"])
                            == 1)
                    for session in forgotten { await session.close() }
                    for migration in migrations { try await migration.value }
                    for database in [first, second] {
                        let run = try await agent.waitForEnd(in: database.name)
                        #expect(run.outcome == .committed(versions: ["0001_order_note"]))
                        #expect(agent.runs(in: database.name).count == 1)
                    }
                }
            }
        }
    }

    @Test("Of two targets in one server each tells the migrations of its own database, and no others")
    func twoTargets() async throws {
        try await TestPostgres.withDatabase { first in
            try await TestPostgres.withDatabase { second in
                let (shop, project) = try await shop(first)
                var fixture = shop
                try await project.migrate(second.dsn(), upTo: 1)
                fixture.targets = []
                fixture.watch(first.dsn(), as: "first")
                fixture.watch(second.dsn(), as: "second")
                try await RunningAgent.with(fixture) { agent in
                    for (target, database) in [("first", first), ("second", second)] {
                        try await agent.waitUntilWatching(target, databases: [database.name])
                    }
                    for (target, database) in [("first", first), ("second", second)] {
                        let forgotten = try await database.session(as: "notebook of ana")
                        try await forgotten.run("BEGIN; SELECT count(*) FROM orders")
                        let migration = Task { try await project.migrate(database.dsn()) }
                        try await agent.waitForRun(in: database.name, "the run in \(database.name) is blocked") {
                            $0.target == target && $0.standing.state == .blocked
                        }
                        await forgotten.close()
                        try await migration.value
                        _ = try await agent.waitForEnd(in: database.name)
                    }
                    // Both histories have been read since, by the target whose they are only.
                    for (target, database) in [("first", first), ("second", second)] {
                        #expect(agent.runs(in: database.name).map(\.target) == [target])
                        #expect(try await agent.target(target)?.databases == [database.name])
                    }
                }
            }
        }
    }

    @Test("A run that is rolled back is not told to have applied what another one committed meanwhile")
    func rolledBack() async throws {
        try await TestPostgres.withDatabase { database in
            let (fixture, _) = try await shop(database)
            try await RunningAgent.with(fixture) { agent in
                try await agent.waitUntilWatching(databases: [database.name])
                let deploy = try await database.session(as: "deploy")
                try await deploy.run("BEGIN; ALTER TABLE orders ADD COLUMN note text")
                let run = try await agent.waitForRun(in: database.name, "the run is seen") {
                    $0.applicationName == "deploy" && $0.tool == "drizzle"
                }
                let other = try await database.session(as: "other")
                try await other.run(
                    "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('of another', 1999999999999)")
                let applied = try await agent.waitForRun(in: database.name, "what the other committed is told") {
                    $0.outcome?.isSuccess == true
                }
                #expect(applied.id != run.id && applied.migrations.count == 1)
                try await deploy.run("ROLLBACK")
                let ended = try await agent.waitForRun(in: database.name, "the run has ended") {
                    $0.id == run.id && $0.end != nil
                }
                #expect(ended.outcome?.label == "failed")
                #expect(ended.outcome?.evidence?.contains("applied") == false)
                for session in [deploy, other] { await session.close() }
            }
        }
    }
}
