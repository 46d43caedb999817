import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@Suite(
    "Behind pgbouncer", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"),
    .enabled(if: TestPgBouncer.isWanted, "needs pgbouncer"))
struct PoolerTests {
    static let settings = ["", "ignore_startup_parameters = options"]

    @Test(
        "a session is recognised as pooled, keeps its limits in each transaction and leaves none to others",
        arguments: ["transaction", "session"], settings)
    func pooled(mode: String, setting: String) async throws {
        try await TestPostgres.withDatabase { database in
            let bouncer = try await TestPgBouncer.start(before: database.server, mode: mode, settings: [setting])
            let session = try await PostgresSession.connect(
                to: DSN(bouncer.dsn(database: database.name)), as: .observer(), within: .seconds(10))
            let facts = try await session.facts
            #expect(facts.server.pooler == (setting.isEmpty ? "pgbouncer" : "pooler"))
            #expect(!facts.keepsSettings && !facts.isDirect)
            let names = [
                "lock_timeout", "statement_timeout", "transaction_read_only", "search_path", "application_name",
            ]
            for _ in 1...3 {
                let shown = try await session.run(
                    names.map { Query(name: $0, sql: "SHOW \($0)") } + [
                        Query(name: "broken", sql: "SELECT 1/0"),
                        Query(name: "write", sql: "CREATE TABLE public.t ()"),
                        Query(name: "fine", sql: "SELECT $1::int4", parameters: ["7"]),
                    ], within: .seconds(10))
                #expect(
                    try shown.prefix(5).map { try $0.get().first?.text(0) } == [
                        "200ms", "5s", "on", "pg_catalog", "lockkeeper",
                    ])
                if case .failure(let error) = shown[5] { #expect(error.sqlstate == "22012") } else { Issue.record("?") }
                if case .failure(let error) = shown[6] { #expect(error.sqlstate == "25006") } else { Issue.record("?") }
                #expect(try shown[7].get().first?.integer(0) == 7)
            }
            await session.close()
            let application = try await PsqlSession.connect(bouncer.dsn(database: database.name))
            #expect(try await application.value("SHOW default_transaction_read_only") == "off")
            #expect(try await application.value("SHOW statement_timeout") == "0")
            #expect(try await application.value("SELECT count(*) FROM pg_prepared_statements") == "0")
            try await application.run("CREATE TABLE public.written ()")
            await application.close()
            await bouncer.stop()
        }
    }
}
