import Foundation
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// Two agents, as processes, on one target and with one receiver.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct LeaderElectionTests {
    @Test(
        "Of two agents one tells; when it is killed the other goes on, and nobody is left with a begin without its end")
    func killed() async throws {
        try await TestPostgres.withDatabase { database in
            try await StubWebhook.serving(secret: "shared") { webhook in
                let folder = try TemporaryFolder()
                let project = try DrizzleProject(
                    at: "\(folder.path)/drizzle",
                    [
                        "0000_orders": "CREATE TABLE orders (id bigint);",
                        "0001_order_note": "ALTER TABLE orders ADD COLUMN note text;",
                    ])
                try await project.migrate(database.dsn(), upTo: 1)
                let fixtures = try (1...2).map { _ in
                    var fixture = try AgentFixture()
                    fixture.electsLeader = true
                    fixture.edits = [
                        ("lockkeeper_migration_duration_seconds > 600", "lockkeeper_migration_duration_seconds > 10")
                    ]
                    fixture.watch(database.dsn(), "migrations: { tool: drizzle, folder: \(project.path) }")
                    fixture.tell("people", #"webhook: { url: "\#(webhook.url)", secret: shared }"#, of: database.name)
                    try fixture.write()
                    return fixture
                }
                let forgotten = try await database.session(as: "notebook of ana")
                try await forgotten.run("BEGIN; SELECT count(*) FROM orders")

                let (first, firstAPI) = try await LockkeeperProgram.serve(fixtures[0])
                try await wait(for: "leading", firstAPI)
                let (second, secondAPI) = try await LockkeeperProgram.serve(fixtures[1])
                try await wait(for: "following", secondAPI)
                for api in [firstAPI, secondAPI] {
                    try await eventually("the history is known") {
                        try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets.first?.databases
                            == [database.name]
                    }
                }
                #expect(try await firstAPI.metric("lockkeeper_leader", ["target": "app"]) == 1)
                #expect(try await secondAPI.metric("lockkeeper_leader", ["target": "app"]) == 0)

                let migration = Task { try await project.migrate(database.dsn()) }
                try await eventually("the begin has been told") { webhook.ofRuns.count >= 1 }
                try await eventually("the other agent has it, too") {
                    try await secondAPI.get(APIDocument.Incidents.self, "/api/v1/incidents").incidents.contains {
                        $0.id == webhook.ofRuns.first?.incident
                    }
                }
                #expect(webhook.ofRuns.map(\.reason) == ["opened"])
                #expect(try await deliveries(ofRuns: secondAPI) == [])

                first.signal(9)
                let killed = ContinuousClock.now
                #expect(try await first.result().status == -9)
                try await wait(for: "leading", secondAPI)
                let taken = ContinuousClock.now - killed
                #expect(taken < .seconds(10))
                // Whatever the first may not have sent any more.
                try await eventually("the other tells how it stands, which is no news to who has heard it") {
                    webhook.deliveriesByKey.values.contains(2)
                }
                #expect(webhook.ofRuns.map(\.reason) == ["opened"])
                try await eventually("it tells what is new") { webhook.ofRuns.last?.reason == "escalated" }

                // The first comes back and follows. What it has told it sees to the end; all else is the other's.
                let (third, thirdAPI) = try await LockkeeperProgram.serve(fixtures[0])
                try await wait(for: "following", thirdAPI)
                try await forgotten.run("ROLLBACK")
                try await migration.value
                await forgotten.close()
                for api in [secondAPI, thirdAPI] {
                    try await eventually("it has told the end of what it had told") {
                        try await deliveries(ofRuns: api).last == "resolved delivered"
                    }
                }
                #expect(
                    try await deliveries(ofRuns: secondAPI) == [
                        "opened delivered", "escalated delivered", "resolved delivered",
                    ])
                #expect(try await deliveries(ofRuns: thirdAPI) == ["opened delivered", "resolved delivered"])
                // To the receiver it is one incident and each news one: both know them by the same names.
                #expect(Set(webhook.ofRuns.map(\.incident)).count == 1)
                #expect(webhook.ofRuns.map(\.reason) == ["opened", "escalated", "resolved"])
                #expect(webhook.violations == [])

                // In order, the lock is free at once.
                second.signal(15)
                #expect(try await second.result().status == 0)
                try await wait(for: "leading", thirdAPI)
                #expect(webhook.ofRuns.last?.reason == "resolved")
                third.signal(15)
                #expect(try await third.result().status == 0)
            }
        }
    }

    @Test("Two agents whose server is gone both say so, and agree again when it is back")
    func outage() async throws {
        let server = try await ThrowawayPostgres.start(.init(installation: TestPostgres.installation(15)))
        let fixtures = try (1...2).map { _ in
            var fixture = try AgentFixture()
            fixture.electsLeader = true
            fixture.watch(server.dsn())
            try fixture.write()
            return fixture
        }
        let (first, firstAPI) = try await LockkeeperProgram.serve(fixtures[0])
        let (second, secondAPI) = try await LockkeeperProgram.serve(fixtures[1])
        let agents = [firstAPI, secondAPI]
        try await waitUntilOneLeads(agents)
        await server.shutDown()
        for api in agents { try await wait(for: "unknown", api) }
        for api in agents {
            let target = try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets[0]
            #expect(target.leadership?.tells == true)
            #expect(target.warnings.contains { $0.hasPrefix("it cannot be known which agent leads") })
            #expect(try await api.metric("lockkeeper_leader", ["target": "app"]) == 1)
            #expect(try await api.metric("lockkeeper_leadership_known", ["target": "app"]) == 0)
            #expect(try await api.request("GET", "/-/ready").status == 200)
        }
        try await server.bringUp()
        try await waitUntilOneLeads(agents)
        for program in [first, second] {
            program.signal(15)
            #expect(try await program.result().status == 0)
        }
        await server.stop()
    }

    @Test("Of two agents one announces planned maintenance of all targets, and one tells that it is over")
    func maintenance() async throws {
        try await TestPostgres.withDatabase { database in
            try await StubWebhook.serving(secret: "shared") { webhook in
                let begin = Date()
                let (from, until) = ((begin - 3600).ISO8601Format(), (begin + 20).ISO8601Format())
                let fixtures = try (1...2).map { _ in
                    var fixture = try AgentFixture()
                    fixture.electsLeader = true
                    fixture.watch(database.dsn())
                    fixture.receivers.append(#"{ name: people, webhook: { url: "\#(webhook.url)", secret: shared } }"#)
                    fixture.more = """
                        maintenance:
                          - { name: move, matchers: ['target=~".+"'], from: \(from), until: \(until), announce: [people] }
                        """
                    try fixture.write()
                    return fixture
                }
                let (first, firstAPI) = try await LockkeeperProgram.serve(fixtures[0])
                try await wait(for: "leading", firstAPI)
                let (second, secondAPI) = try await LockkeeperProgram.serve(fixtures[1])
                try await wait(for: "following", secondAPI)
                try await eventually("it is over for both", within: .seconds(60)) {
                    for api in [firstAPI, secondAPI] {
                        let path = "/api/v1/incidents?status=closed"
                        let incidents = try await api.get(APIDocument.Incidents.self, path).incidents
                        guard incidents.count == 1 else { return false }
                    }
                    return true
                }
                try await eventually("its end is told") { webhook.messages.count >= 2 }
                #expect(try await deliveries(firstAPI) == ["opened delivered", "resolved delivered"])
                #expect(try await deliveries(secondAPI) == [])
                #expect(webhook.messages.map(\.reason) == ["opened", "resolved"])
                for program in [first, second] {
                    program.signal(15)
                    #expect(try await program.result().status == 0)
                }
            }
        }
    }

    private func wait(for role: String, _ api: AgentAPI) async throws {
        try await eventually("it is \(role)") { try await self.role(api) == role }
    }

    private func waitUntilOneLeads(_ agents: [AgentAPI]) async throws {
        try await eventually("one leads, and the other follows") {
            var roles: Set<String> = []
            for api in agents { roles.insert(try await role(api) ?? "") }
            return roles == ["leading", "following"]
        }
    }

    private func role(_ api: AgentAPI) async throws -> String? {
        try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets.first?.leadership?.role
    }

    /// What the agent has sent, or is to send, in order: reason and status.
    private func deliveries(_ api: AgentAPI) async throws -> [String] {
        try await deliveries(of: "", api)
    }

    private func deliveries(ofRuns api: AgentAPI) async throws -> [String] {
        try await deliveries(of: "run-", api)
    }

    private func deliveries(of incident: String, _ api: AgentAPI) async throws -> [String] {
        try await api.get(APIDocument.Deliveries.self, "/api/v1/deliveries").deliveries
            .filter { $0.incidentId.hasPrefix(incident) }
            .filter { $0.status != "standby" && $0.status != "elsewhere" }
            .sorted { $0.sequence < $1.sequence }.map { "\($0.reason) \($0.status)" }
    }
}

extension StubWebhook {
    struct Message: Decodable {
        var incident: String
        var reason: String
    }

    /// What it was told, each message once by its key, in the order of its first arrival.
    fileprivate var messages: [Message] {
        struct Payload: Decodable { var lockkeeper: Message }
        var seen: Set<String> = []
        return server.requests.compactMap { request in
            guard seen.insert(request.header("Idempotency-Key") ?? "").inserted else { return nil }
            return try? JSONDecoder().decode(Payload.self, from: Data(request.body)).lockkeeper
        }
    }

    fileprivate var ofRuns: [Message] { messages.filter { $0.incident.hasPrefix("run-") } }
}
