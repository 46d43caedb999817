import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// Servers that are stuck, silent, down or closed, and the others that must not notice.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct DifficultTargetTests {
    /// Waits until a target has been glanced at so many more times, scrapes meanwhile, and holds to what must always hold.
    private func pace(
        of target: String, in agent: RunningAgent, glances: Double,
        meanwhile check: () async throws -> Void = {}
    ) async throws {
        let begin = try await agent.glances(at: target)
        var quickest = Duration.seconds(3600)
        try await eventually("\(target) has been looked at \(glances) more times") {
            let asked = ContinuousClock.now
            let answer = try await agent.api.request("GET", "/metrics")
            quickest = min(quickest, ContinuousClock.now - asked)
            #expect(answer.status == 200 && answer.text.contains("lockkeeper_up"))
            try await check()
            return try await agent.glances(at: target) >= begin + glances
        }
        // A scrape that waits for a database waits for its deadline each time; one that waits for this machine does not.
        #expect(quickest < .seconds(1))
    }

    @Test(
        "Behind a queued ACCESS EXCLUSIVE the agent holds two connections, keeps its pace and waits for nothing",
        arguments: TestPostgres.majors)
    func queue(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            try await TestPostgres.withDatabase { other in
                var fixture = try AgentFixture()
                let project = try DrizzleProject(
                    at: "\(fixture.folder.path)/drizzle", ["0000_orders": "CREATE TABLE orders (id bigint);"])
                try await project.migrate(database.dsn())
                fixture.watch(database.dsn(), as: "stuck")
                fixture.watch(other.dsn(), as: "other")
                try await RunningAgent.with(fixture) { agent in
                    try await agent.waitUntilWatching("stuck", databases: [database.name])
                    let observer = try await database.session(as: "observer")
                    let reader = try await database.session(as: "reports")
                    try await reader.run("BEGIN; SELECT * FROM orders, drizzle.__drizzle_migrations")
                    // Also the history itself is queued for, which the agent wants to read.
                    var waiting: [(PsqlSession, Task<Rows, any Error>)] = []
                    for table in ["orders", "drizzle.__drizzle_migrations"] {
                        let session = try await database.session(as: "deploy of \(table)")
                        waiting.append((session, session.start("ALTER TABLE \(table) ADD COLUMN note text")))
                        try await session.waitUntilBlocked(seenBy: observer)
                    }
                    for number in 1...3 {
                        let session = try await database.session(as: "web \(number)")
                        waiting.append((session, session.start("SELECT * FROM orders")))
                        try await session.waitUntilBlocked(seenBy: observer)
                    }
                    let standing = try await agent.waitForRun(in: database.name, "three sessions are held up") {
                        $0.applicationName == "deploy of orders" && $0.standing.blockedSessions == 3
                    }.standing
                    #expect(standing.rootBlockers.map(\.pid) == [reader.pid])

                    for target in ["other", "stuck"] {
                        try await pace(of: target, in: agent, glances: 15) {
                            let own = try await observer.value(
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper' AND datname = '\(database.name)'"
                            )
                            #expect(own.flatMap { Int($0) } ?? 0 <= 2)
                        }
                    }
                    // A history that is locked is said, and is no outage.
                    try await eventually("the locked history is said") {
                        try await agent.target("stuck")?.warnings.contains { $0.contains("__drizzle_migrations") }
                            == true
                    }
                    #expect(try await agent.api.metric("lockkeeper_up", ["target": "stuck"]) == 1)

                    try await reader.run("ROLLBACK")
                    for (session, task) in waiting {
                        _ = try await task.value
                        await session.close()
                    }
                    let ended = try await agent.waitForRun(in: database.name, "the run went through") {
                        $0.applicationName == "deploy of orders" && $0.end != nil
                    }
                    #expect(ended.outcome?.isSuccess == true)
                    for session in [observer, reader] { await session.close() }
                }
            }
        }
    }

    @Test("A server that is stopped is down, the others never notice, and it is up again when it goes on")
    func stopped() async throws {
        let server = try await ThrowawayPostgres.start()
        try await TestPostgres.withDatabase { other in
            var fixture = try AgentFixture()
            fixture.watch(server.dsn(), as: "stopped")
            fixture.watch(other.dsn(), as: "other")
            try await RunningAgent.with(fixture) { agent in
                try await agent.waitUntilWatching("stopped", databases: ["postgres"])
                try await agent.waitUntilWatching("other", databases: [other.name])
                await server.suspend()
                try await pace(of: "other", in: agent, glances: 20)
                try await eventually("the stopped server is down") {
                    try await agent.api.metric("lockkeeper_up", ["target": "stopped"]) == 0
                }
                let seen = try await agent.target("stopped")
                #expect(seen?.state == "down" && seen?.failure?.reason == "timed_out")
                #expect(try await agent.api.metric("lockkeeper_up", ["target": "other"]) == 1)
                // A run on the other one is seen as ever.
                let deploy = try await other.session(as: "deploy")
                try await deploy.run("CREATE TABLE orders (id bigint)")
                let run = try await agent.waitForStart(in: other.name)
                #expect(run.applicationName == "deploy")
                await deploy.close()
                await server.resume()
                try await eventually("the server is up again") {
                    try await agent.api.metric("lockkeeper_up", ["target": "stopped"]) == 1
                }
                let observer = try await PsqlSession.connect(server.dsn(), applicationName: "observer")
                try await eventually("the agent holds its two connections and no more") {
                    try await observer.value(
                        "SELECT count(*) <= 2 FROM pg_stat_activity WHERE application_name = 'lockkeeper'") == "t"
                }
                await observer.close()
            }
        }
        await server.stop()
    }

    @Test("A role without pg_monitor is warned about, and what it may see is still watched")
    func unprivileged() async throws {
        try await TestPostgres.withDatabase { database in
            let role = "\(database.name)_agent"
            let admin = try await database.session(as: "admin")
            try await admin.run("CREATE ROLE \(role) LOGIN; GRANT ALL ON SCHEMA public TO \(role)")
            var fixture = try AgentFixture()
            fixture.watch(database.dsn(user: role))
            try await RunningAgent.with(fixture) { agent in
                try await agent.waitUntilWatching(databases: [database.name])
                let warnings = try await agent.target("app")?.warnings ?? []
                #expect(warnings.contains { $0.contains(role) && $0.contains("pg_monitor") })
                try await eventually("what of the catalogs it may not see is said") {
                    let warnings = try await agent.target("app")?.warnings ?? []
                    return ["snapshots", "replicas", "wal_folder"].allSatisfy { part in
                        warnings.contains {
                            $0.hasPrefix("\(database.name): \(part) could not be read: \(role) may not")
                        }
                    }
                }
                let deploy = try await database.session(as: "deploy", user: role)
                try await deploy.run("CREATE TABLE orders (id bigint)")
                let ended = try await agent.waitForRun(in: database.name, "its own user's run has been seen") {
                    $0.applicationName == "deploy" && $0.end != nil
                }
                #expect(ended.user == role)
                await deploy.close()
            }
            try await admin.run("DROP OWNED BY \(role); DROP ROLE \(role)")
            await admin.close()
        }
    }

    @Test("A server that is down when the agent starts is said to be down, and is watched as soon as it is up")
    func late() async throws {
        let server = try await ThrowawayPostgres.start()
        await server.shutDown()
        var fixture = try AgentFixture()
        fixture.watch(server.dsn())
        try await RunningAgent.with(fixture) { agent in
            try await eventually("the server is down") { try await agent.target("app")?.state == "down" }
            #expect(try await agent.target("app")?.failure?.reason == "unreachable")
            #expect(try await agent.api.request("GET", "/-/ready").status == 200)
            try await server.bringUp()
            try await agent.waitUntilWatching(databases: ["postgres"])
            let deploy = try await PsqlSession.connect(server.dsn(), applicationName: "deploy")
            try await deploy.run("CREATE TABLE orders (id bigint)")
            let run = try await agent.waitForEnd(in: "postgres")
            #expect(run.applicationName == "deploy")
            await deploy.close()
        }
        await server.stop()
    }

    @Test("A wrong password is told without the password")
    func wrongPassword() async throws {
        try await TestPostgres.withDatabase { database in
            let server = database.server
            var fixture = try AgentFixture()
            fixture.watch(
                "host=127.0.0.1 port=\(server.port) dbname=\(database.name) user=postgres password=s3cr3t-but-wrong")
            try await RunningAgent.with(fixture) { agent in
                try await eventually("the target is down") { try await agent.target("app")?.state == "down" }
                let failure = try await agent.target("app")?.failure
                #expect(failure?.reason == "rejected")
                #expect(failure?.message.contains("password") == true)
                #expect(failure?.message.contains("s3cr3t") == false)
            }
        }
    }
}
