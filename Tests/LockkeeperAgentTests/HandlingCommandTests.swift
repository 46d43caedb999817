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

    /// An agent, and a configuration like its own that says where it listens.
    private func served(_ more: String = "") async throws -> (
        program: LockkeeperProgram, fixture: AgentFixture, api: AgentAPI
    ) {
        var fixture = try AgentFixture()
        fixture.more = more
        fixture.watch("host=/nonexistent dbname=app")
        try fixture.folder.write(Self.token, to: "token")
        try fixture.write()
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        try fixture.write(listen: api.url.replacing("http://", with: ""))
        return (program, fixture, api)
    }

    @Test func `On the agent's machine its configuration says where it is and what it takes`() async throws {
        let (program, fixture, api) = try await served("web: { token_file: token }")
        // Nobody else has the environment of the agent.
        let text = try String(contentsOfFile: fixture.configurationPath, encoding: .utf8)
        try fixture.folder.write(text.replacing("host=/nonexistent", with: "${NOT_SET}"), to: "lockkeeper.yml")
        for environment in [[:], ["LOCKKEEPER_BASIC_AUTH": "anna:who reads may not act"]] {
            let set = try await LockkeeperProgram.run(
                "silence", "add", "target=app", "--for", "1h", "--comment", "x", environment: environment,
                with: fixture)
            #expect(set.status == 0, "\(set.errors)")
            #expect(set.output.contains("\nit matches ") && set.output.hasSuffix(" now\n") && set.errors.isEmpty)
        }
        let list = try await LockkeeperProgram.run("silence", "list", with: fixture)
        #expect((list.status, list.output.contains("target=\"app\"")) == (0, true), "\(list.errors)")
        let query = try await LockkeeperProgram.run("query", "vector(1)", with: fixture)
        #expect(query.status == 0, "\(query.errors)")
        let unknown = try await LockkeeperProgram.run("incidents", "ack", "alert-x", with: fixture)
        #expect((unknown.status, unknown.errors.contains("no incident alert-x")) == (1, true), "\(unknown.errors)")
        let wrong = try await LockkeeperProgram.run(
            "silence", "list", "--url", "http://127.0.0.1:1", with: fixture)
        #expect((wrong.status, wrong.errors.contains("http://127.0.0.1:1 does not answer")) == (3, true))

        // A URL that somebody names may be anybody's: it is not sent the token that lies about.
        let elsewhere = try await LockkeeperProgram.run("silence", "expire", "silence-x", "--url", api.url)
        #expect((elsewhere.status, elsewhere.errors.contains("--token-file")) == (2, true), "\(elsewhere.errors)")
        #expect(!elsewhere.errors.contains("LOCKKEEPER_BASIC_AUTH"), "a password does not do for an action")
        try fixture.folder.write(
            text.replacing("token_file: token", with: "token_file: nosuch"), to: "lockkeeper.yml")
        let missing = try await LockkeeperProgram.run("silence", "expire", "silence-x", with: fixture)
        #expect(missing.errors.contains("the configuration's token was not sent: "), "\(missing.errors)")
        program.signal(SIGTERM)
        _ = try await program.result()
    }

    @Test func `A typo in a silence is told, with what the silence matches`() async throws {
        let (program, fixture, _) = try await served("web: { token_file: token }")
        let typo = try await LockkeeperProgram.run(
            "silence", "add", "alertnam=TargetDown", "--for", "1h", "--comment", "x", with: fixture)
        #expect(typo.status == 0)
        #expect(
            typo.errors
                == "warning: nothing has a label `alertnam`, so it counts as empty. Did you mean `alertname`?\n")
        #expect(typo.output.contains("it matches 0 open incidents and 0 firing alerts now"), "\(typo.output)")
        program.signal(SIGTERM)
        _ = try await program.result()
    }

    @Test func `An agent without a token says how to give it one, and nothing of passwords`() async throws {
        let (program, fixture, _) = try await served()
        let result = try await LockkeeperProgram.run("silence", "expire", "silence-x", with: fixture)
        #expect((result.status, result.errors.contains("`web.token_file`")) == (2, true), "\(result.errors)")
        #expect(!result.errors.contains("--token-file") && !result.errors.contains("LOCKKEEPER_BASIC_AUTH"))
        program.signal(SIGTERM)
        _ = try await program.result()
    }

    @Test(arguments: [
        ("ack", "Did you mean `lockkeeper incidents ack`?"), ("add", "Did you mean `lockkeeper silence add`?"),
        ("show", "Did you mean `lockkeeper migrations show` or `lockkeeper incidents show`?"),
    ])
    func `A subcommand that is taken for a command is named in full`(word: String, hint: String) async throws {
        let result = try await LockkeeperProgram.run(word, "run-1")
        #expect((result.status, result.errors.contains(hint)) == (2, true), "\(result.errors)")
    }

    @Test func `Deliveries are asked for by incident and receiver, and one that is not there is said so`() async throws
    {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        fixture.edits = [("for: 15s", "for: 0s")]
        // Nobody listens there.
        fixture.receivers = [#"{ name: page, webhook: { url: "http://127.0.0.1:1/x" } }"#]
        fixture.routes = ["{ receiver: page }"]
        try fixture.write()
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        var incident: Incidents.Incident?
        try await eventually("somebody is to be told of the target, in vain") {
            incident = try await api.get(Incidents.self, "/api/v1/incidents?target=app").incidents.first
            let deliveries = try await api.get(Deliveries.self, "/api/v1/deliveries").deliveries
            return incident != nil && deliveries.contains { $0.lastError != nil }
        }
        let id = try #require(incident?.id)
        let shown = try await LockkeeperProgram.run("deliveries", "--incident", String(id.dropLast(3)), with: fixture)
        #expect(shown.output.contains("ATTEMPTS  NEXT "), "\(shown.output)\(shown.errors)")
        #expect(shown.output.contains(/pending +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/), "\(shown.output)")
        let none = try await LockkeeperProgram.run("deliveries", "--incident", "alert-nosuch", with: fixture)
        #expect((none.status, none.errors.contains("there is no incident alert-nosuch")) == (1, true))
        let stranger = try await LockkeeperProgram.run("deliveries", "--receiver", "pag", with: fixture)
        #expect(
            (stranger.status, stranger.errors.contains("the configuration has: page")) == (2, true),
            "\(stranger.errors)")
        let folder = ["deliveries", "--state", fixture.statePath, "--receiver"]
        #expect(try await LockkeeperProgram(folder + ["pag"]).result().status == 2)
        #expect(try await LockkeeperProgram(folder + ["page"]).result().status == 0)
        let quiet = try await LockkeeperProgram.run(
            "deliveries", "--receiver", "page", "--status", "delivered", with: fixture)
        #expect((quiet.status, quiet.output) == (0, "no deliveries\n"))
        program.signal(SIGTERM)
        _ = try await program.result()
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
