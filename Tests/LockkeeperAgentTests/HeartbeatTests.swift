import Foundation
import LockkeeperConfig
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Logging
import Synchronization
import Testing

@testable import LockkeeperAgent

@Suite struct HeartbeatTests {
    private static let secret = "0b5c1a1e-s3cr3t"

    /// Runs a heartbeat against a switch until so many outcomes have been reported.
    private static func outcomes(
        _ count: Int, of switchboard: StubHTTPServer, pulse: @escaping @Sendable () async -> AgentPulse = { .steady },
        tellsFailures: Bool = false, timeout: Duration = .seconds(10)
    ) async throws -> [Heartbeat.Outcome] {
        let transfers = TransferClient()
        let outcomes = Arrivals<Heartbeat.Outcome>()
        let url = switchboard.url("/ping/\(secret)")
        var heartbeat = Heartbeat(
            configuration: HeartbeatConfiguration(
                endpoint: HTTPEndpoint(url: Secret(literal: url)),
                failEndpoint: tellsFailures ? HTTPEndpoint(url: Secret(literal: url + "/fail")) : nil,
                interval: .milliseconds(50)),
            transfers: transfers, pulse: pulse, report: { outcomes.append($0) })
        heartbeat.timeout = timeout
        let beating = Task { [heartbeat] in await heartbeat.run() }
        let result = try await outcomes.wait(count: count, timeout: .seconds(30))
        beating.cancel()
        await beating.value
        await transfers.shutdown()
        return result
    }

    @Test func `A steady agent beats at its pace`() async throws {
        try await StubHTTPServer.serving { server in
            let outcomes = try await Self.outcomes(3, of: server, tellsFailures: true)
            #expect(outcomes.prefix(3) == [.delivered, .delivered, .delivered])
            #expect(server.requests.allSatisfy { $0.method == "GET" && $0.path == "/ping/\(Self.secret)" })
            let gaps = zip(server.requests, server.requests.dropFirst()).map { $1.arrival - $0.arrival }
            #expect(gaps.allSatisfy { $0 > .milliseconds(20) }, "\(gaps)")
        }
    }

    @Test func `An agent that does not do its work sends no beat, and says why where that is wanted`() async throws {
        let pulse: @Sendable () async -> AgentPulse = { .impaired(reasons: ["one", "two"]) }
        try await StubHTTPServer.serving { server in
            let outcomes = try await Self.outcomes(2, of: server, pulse: pulse)
            #expect(outcomes.first == .withheld(reasons: ["one", "two"], untold: nil))
            #expect(server.requests.isEmpty, "silence tells")
        }
        try await StubHTTPServer.serving { server in
            server.script(.ok, .status(500))
            let outcomes = try await Self.outcomes(2, of: server, pulse: pulse, tellsFailures: true)
            #expect(
                outcomes.prefix(2) == [
                    .withheld(reasons: ["one", "two"], untold: nil),
                    .withheld(reasons: ["one", "two"], untold: "the answer was 500"),
                ])
            #expect(server.requests.first?.method == "POST")
            #expect(server.requests.first?.path == "/ping/\(Self.secret)/fail")
            #expect(server.requests.first?.text == "one\ntwo\n")
        }
    }

    @Test func `At the start it waits until there is something to say`() async throws {
        let counter = Counter()
        try await StubHTTPServer.serving { server in
            let outcomes = try await Self.outcomes(1, of: server) { counter.next() < 3 ? .starting : .steady }
            #expect(outcomes.first == .delivered)
            #expect(server.requests.count >= 1)
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test func `What does not count is a failure, and none of its reasons has the URL`() async throws {
        let cases: [(StubAnswer, String)] = [
            (.status(404), "the answer was 404"), (.status(500), "the answer was 500"),
            (.redirect(to: "/elsewhere"), "the answer was 302"),
            (.status(200, "OK (not found)"), "the answer was that there is no such check"),
            (.status(200, "OK (rate limited)"), "the answer was that this was too often"),
            (StubAnswer(.resetAfterReading), ""), (StubAnswer(.never), ""),
        ]
        for (answer, reason) in cases {
            try await StubHTTPServer.serving { server in
                server.script(answer)
                let outcomes = try await Self.outcomes(2, of: server, timeout: .milliseconds(500))
                guard case .failed(let said) = outcomes[0] else {
                    Issue.record("\(outcomes)")
                    return
                }
                #expect(reason.isEmpty || said == reason)
                #expect(!said.isEmpty && !said.contains(Self.secret) && !said.contains("/ping"), "\(said)")
                #expect(outcomes[1] == .delivered, "and the next is tried")
            }
        }
    }

    @Test func `Only another outcome than before is news`() {
        var figures = HeartbeatFigures()
        figures.configure(true)
        let now = Timestamp(seconds: 1_700_000_000)
        let news = [
            MetricCatalog.HeartbeatLabels.Outcome.failed, .failed, .delivered, .delivered, .withheld, .withheld,
            .failed, .failed, .delivered,
        ].map { figures.note($0, at: now) }
        #expect(news == [true, false, true, false, true, false, true, false, true])
    }

    @Test func `A running agent's beats come, are counted and turned off by a reload, and its URL is nowhere`()
        async throws
    {
        var fixture = try AgentFixture()
        // The database is down: that is no affair of the heartbeat.
        fixture.watch("host=/nonexistent dbname=app")
        try await StubHTTPServer.serving { server in
            server.script(.status(503))
            let url = server.url("/ping/\(Self.secret)")
            fixture.more = "heartbeat: { url: \"\(url)\", interval: 10s }"
            let check = try await LockkeeperProgram.run("check", with: try fixture.written())
            #expect(check.status == 0, "\(check.output)\(check.errors)")
            let (program, api) = try await LockkeeperProgram.serve(fixture)
            try await eventually("a beat has failed and the next arrives", within: .seconds(30)) {
                try await api.metric("lockkeeper_heartbeats_total", ["outcome": "delivered"]) == 1
            }
            #expect(try await api.metric("lockkeeper_heartbeats_total", ["outcome": "failed"]) == 1)
            #expect(try await api.metric("lockkeeper_heartbeats_total", ["outcome": "withheld"]) == 0)
            #expect(try await api.metric("lockkeeper_heartbeat_last_success_timestamp_seconds") ?? 0 > 1_700_000_000)
            #expect(program.errors.contains("the heartbeat does not arrive, trying on: the answer was 503"))
            fixture.more = ""
            try fixture.write()
            program.signal(SIGHUP)
            try await eventually("there is no heartbeat any more") {
                try await api.metric("lockkeeper_heartbeats_total", ["outcome": "delivered"]) == nil
            }
            program.signal(SIGTERM)
            let result = try await program.result()
            #expect(result.status == 0)
            #expect(result.errors.contains("the heartbeat arrives"))
            for text in [result.errors, result.output, check.output, check.errors] {
                #expect(!text.contains(Self.secret))
            }
        }
    }
}
