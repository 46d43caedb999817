import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

@Suite(
    "A quick change by hand that no look has seen",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct QuickChangeTests {
    @Test("is told by the index that is gone, or new", arguments: TestPostgres.majors)
    func index(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            try await admin.run(
                "CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE INDEX orders_note ON orders (note)")
            await admin.close()
            let sampler = sampler(database.dsn())
            var state = TargetState(target: "tested")
            var told: [RunEvent] = []
            func look() async { told += state.advance(await sampler.look(state.inquiry, tier: .idle)) }
            func read() async { told += state.advance(await sampler.readStatements()) }
            func change(_ sql: String) async throws {
                let person = try await database.session(as: "psql")
                try await person.run(sql)
                await person.close()
                let observer = try await database.session()
                try await eventually("the session is gone") {
                    try await observer.value(
                        "SELECT count(*) FROM pg_stat_activity WHERE pid = \(person.pid)") == "0"
                }
                await observer.close()
            }
            await look()
            await read()
            for (sql, what) in [
                ("DROP INDEX orders_note", "the index orders_note on public.orders is gone"),
                (
                    "CREATE INDEX orders_id_note ON orders (id, note)",
                    "the index orders_id_note on public.orders is new"
                ),
            ] {
                told = []
                try await change(sql)
                await read()
                #expect(told.discovered.isEmpty)
                try await eventually("it is told") {
                    await look()
                    await read()
                    return !told.discovered.isEmpty
                }
                let run = try #require(told.discovered.first)
                #expect(told.discovered.count == 1 && run.database == database.name)
                #expect(run.outcome?.evidence?.hasPrefix(what) == true, "\(run.outcome?.evidence ?? "")")
            }
            await sampler.close()
        }
    }
}
