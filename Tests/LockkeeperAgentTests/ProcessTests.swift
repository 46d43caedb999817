import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// What an agent says of the process that runs a migration, from before it connects until it is gone.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct ProcessTests {
    /// Connects when the file is there, and then alters the table that somebody reads.
    private static let tool = """
        import os, sys, time, psycopg2
        while not os.path.exists(sys.argv[4]):
            time.sleep(0.01)
        psycopg2.connect(sys.argv[3], application_name='deploy').cursor().execute('ALTER TABLE orders ADD COLUMN note text')
        """

    @Test(
        "A tool is seen before it connects and named by its session; when it is killed, its run is an orphan, and its password is told nowhere",
        arguments: [true, false])
    func orphan(usesTCP: Bool) async throws {
        try await TestPostgres.withDatabase { database in
            let reader = try await database.session(as: "reports")
            try await reader.run("CREATE TABLE orders (id bigint)")
            var fixture = try AgentFixture()
            fixture.watch(database.dsn())
            try await RunningAgent.with(fixture) { agent in
                try await agent.waitUntilWatching(databases: [database.name])
                let folder = try TemporaryFolder()
                let script = try folder.write(Self.tool, to: "node_modules/.bin/graphile-migrate.py")
                let (secret, go) = ("hunter2Zwei", "\(folder.path)/go")
                let server = database.server
                // Over the Unix socket no password is asked for; one that is given is not used, and must not be told either.
                let place =
                    usesTCP
                    ? "postgresql://postgres:\(server.password)@127.0.0.1:\(server.port)/\(database.name)"
                    : "postgresql://postgres:\(secret)@/\(database.name)?host=\(server.folder)&port=\(server.port)"
                let client = try ClientProgram(
                    [ClientProgram.python, script, "migrate", "--password=\(secret)", place, go],
                    environment: ["PGPASSWORD": usesTCP ? server.password : secret])
                let pid = client.pid
                try await eventually("the tool is seen before it connects", within: .seconds(60)) {
                    try await agent.api.metric(
                        "lockkeeper_migration_process_running", ["target": "app", "tool": "graphile-migrate"]) ?? 0 >= 1
                }

                try await reader.run("BEGIN; SELECT * FROM orders")
                try folder.write("", to: "go")
                let run = try await agent.waitForRun(
                    in: database.name, "the run and its client are seen", within: .seconds(60)
                ) {
                    $0.applicationName == "deploy" && $0.standing.state == .blocked
                        && $0.standing.client?.text.contains("(pid \(pid))") == true
                }
                #expect(run.standing.client?.isGone == false)
                // The database does not show which tool it is; its command line does.
                #expect(run.tool == "manual")
                let labels = ["target": "app", "tool": "graphile-migrate"]
                try await eventually("its figures are exported", within: .seconds(60)) {
                    let memory =
                        try await agent.api.metric("lockkeeper_migration_process_resident_memory_bytes", labels)
                    let cpu = try await agent.api.metric("lockkeeper_migration_process_cpu_seconds_total", labels)
                    return memory ?? 0 > 1_000_000 && cpu ?? 0 > 0
                }

                client.send(SIGKILL)
                let orphan = try await agent.waitForRun(in: database.name, "the run is an orphan", within: .seconds(60))
                {
                    $0.id == run.id && $0.standing.state == .orphaned
                }
                #expect(orphan.standing.client?.isGone == true && orphan.standing.waitingFor != nil)
                try await eventually("the metric says so", within: .seconds(60)) {
                    try await agent.api.metric(
                        "lockkeeper_migration_state", ["run": run.id, "state": "orphaned"]) == 1
                }
                for path in ["/metrics", "/api/v1/migrations", "/api/v1/migrations/\(run.id)", "/api/v1/incidents"] {
                    let text = try await agent.api.request("GET", path).text
                    #expect(!text.contains(secret) && !text.contains(server.password), "\(path)")
                    #expect(
                        !path.hasPrefix("/api/v1/migrations") || text.contains("\"is_gone\":true"), "\(path): \(text)")
                }

                try await reader.run("COMMIT")
                try await agent.waitForRun(in: database.name, "the run has ended", within: .seconds(60)) {
                    $0.id == run.id && $0.end != nil
                }
                try await eventually("no process of it is left", within: .seconds(60)) {
                    try await agent.api.metric("lockkeeper_migration_process_running", labels) == 0
                }
            }
            await reader.close()
        }
    }
}
