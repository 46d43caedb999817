import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// One run, told to receivers who keep one thing per incident, by two agents one after the other.
@Suite(.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct RestartedReceiverTests {
    @Test(
        "What one agent has begun at Slack, PagerDuty and on status pages, the next one ends there, and begins nothing anew"
    )
    func restarted() async throws {
        try await TestPostgres.withDatabase { database in
            try await StubSlackAPI.serving { slack in
                try await StubPagerDuty.serving { pager in
                    try await StubStatuspage.serving { page in
                        try await StubCachet.serving { ownPage in
                            try await tell(database, slack, pager, page, ownPage)
                        }
                    }
                }
            }
        }
    }

    private func tell(
        _ database: TestDatabase, _ slack: StubSlackAPI, _ pager: StubPagerDuty, _ page: StubStatuspage,
        _ ownPage: StubCachet
    ) async throws {
        var fixture = try AgentFixture()
        fixture.edits = AgentFixture.lowered
        let setup = try await database.session(as: "setup")
        try await setup.run("CREATE TABLE orders (id bigint)")
        await setup.close()
        fixture.watch(database.dsn())
        fixture.tell(
            "chat", ##"slack: { token: \##(StubSlackAPI.token), channel: "#incidents", api_url: "\##(slack.url)" }"##,
            of: database.name)
        fixture.tell(
            "oncall", #"pagerduty: { routing_key: \#(StubPagerDuty.routingKey), api_url: "\#(pager.url)" }"#,
            of: database.name)
        fixture.tell(
            "page",
            #"statuspage: { page: \#(StubStatuspage.page), token: \#(StubStatuspage.token), components: [\#(StubStatuspage.component)], api_url: "\#(page.url)" }"#,
            of: database.name)
        fixture.tell(
            "own-page",
            #"cachet: { token: "\#(StubCachet.token)", components: [\#(StubCachet.component)], url: "\#(ownPage.url)" }"#,
            of: database.name)
        let receivers = ["chat", "oncall", "page", "own-page"]
        let reader = try await database.session(as: "reports")
        let deploy = try await database.session(as: "deploy")
        var migration: Task<Void, any Error>?
        var incident = ""
        try await RunningAgent.with(fixture) { agent in
            try await agent.waitUntilWatching(databases: [database.name])
            try await reader.run("BEGIN; SELECT * FROM orders")
            let statement = deploy.start("ALTER TABLE orders ADD COLUMN note text")
            migration = Task { _ = try await statement.value }
            let run = try await agent.waitForRun(in: database.name, "the run waits") {
                $0.applicationName == "deploy" && $0.standing.state == .blocked
            }
            incident = "run-\(run.id)"
            for receiver in receivers {
                try await eventually("\(receiver) knows of it", within: .seconds(30)) {
                    try await agent.deliveries(of: run, to: receiver).contains { $0.status == "delivered" }
                }
            }
        }
        try await RunningAgent.with(fixture) { agent in
            try await agent.waitUntilWatching(databases: [database.name])
            try await reader.run("COMMIT")
            try await migration?.value
            try await eventually("all is over everywhere", within: .seconds(60)) {
                slack.messages.first?.text.contains("committed") == true && pager.incidents[incident] == .resolved
                    && page.incidents.first?.status == "resolved" && ownPage.incidents.first?.status == 4
            }
        }
        for session in [reader, deploy] { await session.close() }
        let told = slack.messages.filter { $0.incident == incident }
        #expect(told.count { $0.thread == nil } == 1)
        #expect(told.count > 1)
        #expect(pager.opened == 1)
        #expect(page.incidents.count == 1)
        #expect(page.component == "operational")
        #expect(ownPage.incidents.count == 1)
        #expect(ownPage.component == 1)
        #expect(slack.violations + pager.violations + page.violations + ownPage.violations == [])
    }
}
