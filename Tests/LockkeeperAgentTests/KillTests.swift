import LockkeeperTestSupport
import Testing

/// What an agent that was killed knows when it is back.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct KillTests {
    @Test("An agent that is killed in the middle of a run goes on with it: nothing is lost and nothing told twice")
    func killed() async throws {
        try await TestPostgres.withDatabase { database in
            try await StubWebhook.serving(secret: "shared") { webhook in
                var fixture = try AgentFixture()
                fixture.edits = [
                    ("lockkeeper_migration_duration_seconds > 600", "lockkeeper_migration_duration_seconds > 2")
                ]
                let project = try DrizzleProject(
                    at: "\(fixture.folder.path)/drizzle",
                    [
                        "0000_orders": "CREATE TABLE orders (id bigint);",
                        "0001_order_note": "ALTER TABLE orders ADD COLUMN note text;",
                    ])
                try await project.migrate(database.dsn(), upTo: 1)
                fixture.watch(database.dsn(), "migrations: { tool: drizzle, folder: \(project.path) }")
                fixture.tell("people", #"webhook: { url: "\#(webhook.url)", secret: shared }"#, of: database.name)
                try fixture.write()
                let forgotten = try await database.session(as: "notebook of ana")
                try await forgotten.run("BEGIN; SELECT count(*) FROM orders")

                let (first, api) = try await LockkeeperProgram.serve(fixture)
                try await eventually("the history is known") {
                    try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets.first?.databases
                        == [database.name]
                }
                let migration = Task { try await project.migrate(database.dsn()) }
                try await eventually("the begin has been told") { webhook.deliveriesByKey.count == 1 }
                first.signal(9)
                #expect(try await first.result().status == -9)

                // The warning falls due, and the run ends, while nobody looks.
                let (second, _) = try await LockkeeperProgram.serve(fixture)
                // Not so many requests: the first message may come again.
                try await eventually("the warning has been told") { webhook.deliveriesByKey.count == 2 }
                second.signal(9)
                #expect(try await second.result().status == -9)
                try await forgotten.run("ROLLBACK")
                try await migration.value
                await forgotten.close()

                let (third, thirdAPI) = try await LockkeeperProgram.serve(fixture)
                var told: [APIDocument.Delivery] = []
                try await eventually("its end has been told") {
                    told = try await thirdAPI.get(APIDocument.Deliveries.self, "/api/v1/deliveries").deliveries
                        .sorted { $0.sequence < $1.sequence }
                    return told.last?.reason == "resolved" && told.allSatisfy { $0.status == "delivered" }
                }
                #expect(
                    told.map { "\($0.reason) \($0.severity)" } == [
                        "opened info", "escalated warning", "resolved warning",
                    ])
                #expect(Set(told.map(\.incidentId)).count == 1)
                let runs = try await thirdAPI.get(APIDocument.Migrations.self, "/api/v1/migrations").migrations.filter {
                    $0.database == database.name && $0.tool == "drizzle"
                }
                #expect(runs.map(\.outcome) == ["committed"])
                #expect(runs.map(\.migrations) == [["0001_order_note"]])
                // Killed between the receiver's answer and its being noted, the same message may come again.
                #expect(webhook.deliveriesByKey.count == 3)
                #expect(webhook.violations == [])
                third.signal(15)
                #expect(try await third.result().status == 0)
            }
        }
    }
}
