import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// `lockkeeper assess` as a person or a script runs it.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct AssessCommandTests {
    /// On a server of its own: others' tests make trouble on the shared one.
    private func withServer(_ body: (TestDatabase) async throws -> Void) async throws {
        let server = try await ThrowawayPostgres.start(
            .init(
                installation: try await TestPostgres.installation(15),
                settings: ["client_connection_check_interval": "0"]))
        let result: Result<Void, any Error>
        do { result = .success(try await body(TestDatabase(server: server, name: "postgres"))) } catch {
            result = .failure(error)
        }
        await server.stop()
        try result.get()
    }

    @Test func `A quiet server has nothing wrong, a stuck one says what to type, as text and as JSON`() async throws {
        try await withServer { database in
            let quiet = try await LockkeeperProgram.run("assess", "--dsn", database.dsn())
            #expect(quiet.status == 0, "\(quiet.output)\(quiet.errors)")
            #expect(quiet.output.contains("postgres: PostgreSQL 15.") && quiet.output.contains("Nothing is wrong"))

            let admin = try await database.session(as: "setup")
            try await admin.run("CREATE TABLE orders (id int)")
            let reader = try await database.session(as: "notebook")
            try await reader.run("BEGIN; SELECT count(*) FROM orders")
            let migration = try await database.session(as: "drizzle")
            let altering = migration.start("ALTER TABLE orders ADD note text DEFAULT 'secret'")
            try await migration.waitUntilBlocked(seenBy: admin)
            let victim = try await database.session(as: "web")
            let selecting = victim.start("SELECT * FROM orders")
            try await victim.waitUntilBlocked(seenBy: admin)

            var fixture = try AgentFixture()
            fixture.watch(database.dsn(), as: "shop")
            fixture.watch("host=/nonexistent dbname=app", as: "other")
            try fixture.write()
            let stuck = try await LockkeeperProgram.run("assess", "--target", "shop", with: fixture)
            #expect(stuck.status == 1, "\(stuck.errors)")
            #expect(stuck.output.contains("(lock_queue, database postgres)") && stuck.output.contains("To see to:"))
            #expect(stuck.output.contains("       SELECT pg_cancel_backend(\(migration.pid));"))
            #expect(stuck.output.contains("       SELECT pg_terminate_backend(\(reader.pid));"))
            #expect(
                stuck.output.contains(
                    "Who waits for whom:\n  pid \(reader.pid) postgres (notebook): idle in transaction"))
            #expect(stuck.output.contains("  └─ pid \(migration.pid) postgres (drizzle): waits for"))
            #expect(stuck.output.contains("     └─ pid \(victim.pid) postgres (web): waits for"))
            #expect(!stuck.output.contains("secret"))

            let json = try await LockkeeperProgram.run("assess", "--json", "--dsn", database.dsn())
            #expect(json.status == 1 && json.errors.isEmpty)
            #expect(json.output.contains(#""verdict":"lock_queue""#) && json.output.contains(#""waiter_count":2"#))
            #expect(json.output.contains(#""command":"SELECT pg_cancel_backend(\#(migration.pid))""#))

            let unnamed = try await LockkeeperProgram.run("assess", with: fixture)
            #expect(unnamed.status == 2 && unnamed.errors.contains("shop, other"))
            let unreachable = try await LockkeeperProgram.run("assess", "--target", "other", with: fixture)
            #expect(unreachable.status == 3 && unreachable.output.isEmpty)
            #expect(unreachable.errors.hasPrefix("other could not be looked at: "))

            try await reader.run("COMMIT")
            _ = try await (altering.value, selecting.value)
        }
    }

    @Test func `What is asked wrongly is said so`() async throws {
        let both = try await LockkeeperProgram.run("assess", "--dsn", "host=db", "--target", "app")
        #expect(both.status == 2 && both.errors.contains("not both"))
        let mangled = try await LockkeeperProgram.run("assess", "--dsn", "password=hunter2 nonsense")
        #expect(mangled.status == 2 && !mangled.errors.contains("hunter2"))
        let nothing = try await LockkeeperProgram.run("assess")
        #expect(nothing.status == 2 && nothing.errors.contains("--config"))
    }
}
