import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// Planned maintenance told by an agent as a process, from its configuration to a receiver.
@Suite struct MaintenanceRunTests {
    private struct Message: Decodable {
        struct Maintenance: Decodable { var endsAt: String }

        var delivery: String
        var reason: String
        var title: String
        var maintenance: Maintenance
    }

    /// What has arrived, each once: an agent that is killed before it has stored the answer tells again, by the same id.
    private func messages(_ webhook: StubWebhook) -> [Message] {
        struct Payload: Decodable { var lockkeeper: Message }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var seen: Set<String> = []
        return webhook.server.requests.compactMap {
            try? decoder.decode(Payload.self, from: Data($0.body)).lockkeeper
        }.filter { seen.insert($0.delivery).inserted }
    }

    /// Of a target that does not answer: planned maintenance does not depend on it.
    private func fixture(_ webhook: StubWebhook) throws -> AgentFixture {
        var fixture = try AgentFixture()
        fixture.watch("postgresql://lockkeeper@127.0.0.1:1/app")
        fixture.receivers.append(#"{ name: people, webhook: { url: "\#(webhook.url)", secret: shared } }"#)
        return fixture
    }

    private func window(until: Timestamp) -> String {
        let begin = until - .seconds(3600)
        return
            "maintenance: [{ name: move, target: app, from: \(begin.rfc3339), until: \(until.rfc3339), announce: [people] }]"
    }

    @Test
    func `It is told once over restart and reload, when it changes, and when it is called off while the agent is down`()
        async throws
    {
        try await StubWebhook.serving(secret: "shared") { webhook in
            var fixture = try fixture(webhook)
            let now = Timestamp(seconds: Date().timeIntervalSince1970.rounded())
            fixture.more = window(until: now + .seconds(9 * 3600))
            let (first, _) = try await LockkeeperProgram.serve(try fixture.written())
            try await eventually("it is announced") { messages(webhook).map(\.reason) == ["opened"] }
            first.signal(SIGKILL)
            _ = try await first.result()

            let (second, api) = try await LockkeeperProgram.serve(fixture)
            try await eventually("its rules are evaluated") {
                try await api.metric("lockkeeper_rule_evaluation_seconds_count") ?? 0 >= 3
            }
            second.signal(SIGHUP)
            fixture.more = window(until: now + .seconds(10 * 3600))
            try fixture.write()
            second.signal(SIGHUP)
            try await eventually("the change is told") { messages(webhook).map(\.reason) == ["opened", "changed"] }
            #expect(messages(webhook).last?.maintenance.endsAt == (now + .seconds(10 * 3600)).rfc3339)
            #expect(try await api.metric("lockkeeper_incidents", ["severity": "info", "status": "open"]) == 0)
            second.signal(SIGTERM)
            _ = try await second.result()

            fixture.more = ""
            let (third, _) = try await LockkeeperProgram.serve(try fixture.written())
            try await eventually("its end is told") {
                messages(webhook).map(\.reason) == ["opened", "changed", "resolved"]
            }
            #expect(messages(webhook).last?.title.hasPrefix("Maintenance is called off: move, planned for ") == true)
            #expect(webhook.violations == [])
            third.signal(SIGTERM)
            #expect(try await third.result().status == 0)
        }
    }

    @Test func `It is over when its time is`() async throws {
        try await StubWebhook.serving(secret: "shared") { webhook in
            var fixture = try fixture(webhook)
            fixture.more = window(until: Timestamp(seconds: Date().timeIntervalSince1970.rounded() + 10))
            let (program, _) = try await LockkeeperProgram.serve(try fixture.written())
            try await eventually("its end is told") { messages(webhook).map(\.reason) == ["opened", "resolved"] }
            #expect(messages(webhook).last?.title == "Maintenance is over: move")
            program.signal(SIGTERM)
            #expect(try await program.result().status == 0)
        }
    }
}
