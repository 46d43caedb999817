import Foundation
import LockkeeperTestSupport
import Testing

/// Silences and acknowledgements by command, on a running agent whose target is down.
@Suite struct HandlingCommandTests {
    private static let token = "a-token-of-the-tests"

    private struct Incidents: Decodable {
        struct Incident: Decodable {
            var id: String
            var mutedBy: String?
            var toldReceivers: [String]
        }
        var incidents: [Incident]
    }

    private struct Deliveries: Decodable {
        var deliveries: [APIDocument.Delivery]
    }

    private func lockkeeper(_ arguments: String...) async throws -> LockkeeperProgram.Result {
        try await LockkeeperProgram(
            arguments, environment: ["LOCKKEEPER_TOKEN": Self.token, "USER": "anna"]
        ).result()
    }

    @Test func `A silence outlives a restart, tells nobody, and tells when it is expired; an acknowledgement is told`()
        async throws
    {
        try await StubWebhook.serving(secret: "shared") { webhook in
            var fixture = try AgentFixture()
            fixture.web = "token: \(Self.token)"
            fixture.watch("host=/nonexistent dbname=app")
            // Time to set the silence before it matters, on a busy machine too.
            fixture.edits = [("for: 15s", "for: 30s")]
            fixture.receivers = [#"{ name: page, webhook: { url: "\#(webhook.url)", secret: shared } }"#]
            fixture.routes = ["{ receiver: page, match: { alertname: TargetDown } }"]
            try fixture.write()
            var (program, api) = try await LockkeeperProgram.serve(fixture)

            let wrong = try await lockkeeper(
                "silence", "add", "target", "--for", "1h", "--comment", "x", "--url", api.url)
            #expect((wrong.status, wrong.errors.contains("no matcher")) == (2, true))
            let set = try await lockkeeper(
                "silence", "add", "target=app", "--for", "1h", "--comment", "it moves", "--url", api.url)
            #expect(set.status == 0, "\(set.errors)")
            let silence = try #require(set.output.split(separator: ":").first.map(String.init))

            // The answer came when it was stored: not even this takes it away.
            program.signal(SIGKILL)
            _ = try await program.result()
            (program, api) = try await LockkeeperProgram.serve(fixture)
            var incident: Incidents.Incident?
            try await eventually("the target is down and muted") {
                incident = try await api.get(Incidents.self, "/api/v1/incidents?target=app").incidents.first
                return incident?.mutedBy == silence
            }
            #expect(incident?.toldReceivers == [])
            let list = try await lockkeeper("silence", "list", "--url", api.url)
            #expect(list.output.contains(silence) && list.output.contains("anna") && list.output.contains("it moves"))

            let end = try await lockkeeper("silence", "expire", silence, "--url", api.url)
            #expect(end.status == 0, "\(end.errors)")
            try await eventually("it is told") { try await reasons(api) == ["opened delivered"] }
            let id = try #require(incident?.id)
            let acknowledged = try await lockkeeper(
                "incidents", "ack", id, "--comment", "I look", "--url", api.url)
            #expect(acknowledged.output == "\(id): acknowledged by anna\n", "\(acknowledged.errors)")
            try await eventually("the acknowledgement is told") {
                try await reasons(api) == ["acknowledged delivered", "opened delivered"]
            }
            let again = try await lockkeeper("incidents", "ack", id, "--comment", "I look", "--url", api.url)
            #expect(again.status == 0)
            let unknown = try await lockkeeper("incidents", "ack", "alert-x", "--url", api.url)
            #expect((unknown.status, unknown.errors.contains("there is no incident alert-x")) == (1, true))
            #expect(try await lockkeeper("silence", "expire", silence, "--url", api.url).status == 1)

            let sent = try await LockkeeperProgram.run("deliveries", "--state", fixture.statePath, with: fixture)
            #expect(sent.output.split(separator: "\n").count == 3, "\(sent.output)\(sent.errors)")
            #expect(try await reasons(api).count == 2, "asked once more, nothing is told once more")
            program.signal(SIGTERM)
            #expect(try await program.result().status == 0)
            #expect(webhook.violations == [] && webhook.deliveriesByKey.values.sorted() == [1, 1])
        }
    }

    @Test func `Without the token nothing changes`() async throws {
        var fixture = try AgentFixture()
        fixture.web = "token: \(Self.token)"
        fixture.watch("host=/nonexistent dbname=app")
        try fixture.write()
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        let result = try await LockkeeperProgram.run(
            "silence", "add", "target=app", "--for", "1h", "--comment", "x", "--url", api.url)
        #expect((result.status, result.errors.contains("LOCKKEEPER_TOKEN")) == (2, true), "\(result.errors)")
        program.signal(SIGTERM)
        _ = try await program.result()
    }

    private func reasons(_ api: AgentAPI) async throws -> [String] {
        try await api.get(Deliveries.self, "/api/v1/deliveries").deliveries.map { "\($0.reason) \($0.status)" }
    }
}
