import Foundation
import LockkeeperTestSupport
import Testing

/// What the agent says of itself, and what it tells of itself.
@Suite struct ReadinessTests {
    @Test func `An agent that could not tell a receiver is not ready, and says why, until it can`() async throws {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        try fixture.folder.write("https://hooks.example.org/x", to: "hook")
        try fixture.folder.write("0123456789abcdef", to: "token")
        fixture.receivers = ["{ name: incidents, slack: { webhook_url_file: hook } }"]
        fixture.more = "web: { token_file: token }"
        try fixture.write()
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        try await eventually("the agent is ready, though its target is down") {
            try await api.request("GET", "/-/ready").status == 200
        }
        for name in ["hook", "token"] {
            try FileManager.default.removeItem(atPath: "\(fixture.folder.path)/\(name)")
        }
        let answer = try await api.request("GET", "/-/ready")
        #expect(answer.status == 503)
        #expect(
            answer.text == """
                not ready: receiver incidents cannot be told: the secret file \(fixture.folder.path)/hook does not exist
                actions over HTTP are refused: the secret file \(fixture.folder.path)/token does not exist

                """)
        #expect(try await api.request("GET", "/-/healthy").status == 200, "a restart would not help")
        try fixture.folder.write("https://hooks.example.org/x", to: "hook")
        try fixture.folder.write("0123456789abcdef", to: "token")
        #expect(try await api.request("GET", "/-/ready").status == 200)
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }

    @Test func `A receiver that refuses for good is told of to the others`() async throws {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        fixture.edits = [("for: 15s", "for: 1s")]
        try await StubHTTPServer.serving(responder: { _ in .status(410, "gone") }) { refusing in
            try await StubHTTPServer.serving { taking in
                fixture.receivers = [
                    #"{ name: lost, webhook: { url: "\#(refusing.url("/lost"))" } }"#,
                    #"{ name: found, webhook: { url: "\#(taking.url("/found"))" } }"#,
                ]
                fixture.routes = ["{ receiver: lost }", "{ receiver: found }"]
                try await RunningAgent.with(fixture) { agent in
                    try await eventually("TargetDown is told to whoever takes it, and so is NotificationsFailing") {
                        let told = taking.requests.map(\.text)
                        return told.contains { $0.contains("does not answer") }
                            && told.contains { $0.contains("Receiver lost refuses messages") }
                    }
                    #expect(
                        try await agent.api.metric(
                            "lockkeeper_notifications_total", ["receiver": "lost", "outcome": "failed"]) ?? 0 >= 1)
                    #expect(
                        try await agent.api.metric(
                            "lockkeeper_alerts",
                            ["alertname": "NotificationsFailing", "alertstate": "firing", "receiver": "lost"]) != nil)
                }
            }
        }
    }
}
