import LockkeeperCore
import LockkeeperWeb
import Logging
import ServiceLifecycle
import Testing

struct WebServerTests {
    private static func failure(host: String = "127.0.0.1", port: Int) async -> WebError? {
        let server = WebServer(
            configuration: .init(host: host, port: port), view: StubAgent(), logger: .silent,
            onListening: { Issue.record("listens on \($0.url)") })
        return await #expect(throws: WebError.self) { try await server.run() }
    }

    @Test func aPortThatIsTakenIsNamedWithWhatToDo() async throws {
        try await withServer(StubAgent()) { address in
            let error = try #require(await Self.failure(port: address.port))
            #expect(error.code == .portTaken)
            #expect(
                error.message.hasPrefix("cannot listen on 127.0.0.1:\(address.port): another program listens there"))
            #expect(error.message.contains("ss -ltnp 'sport = :\(address.port)'"))
        }
    }

    @Test func anAddressOfAnotherMachineIsNamedWithWhatToDo() async throws {
        // A network for documentation (RFC 5737).
        let error = try #require(await Self.failure(host: "192.0.2.1", port: 0))
        #expect(error.code == .addressNotLocal)
        #expect(error.message.contains("127.0.0.1 for this machine only"))
    }

    @Test func aHostThatIsNotKnownIsNamedWithWhatToDo() async throws {
        let error = try #require(await Self.failure(host: "no-such-host.invalid", port: 9743))
        #expect(error.code == .hostUnknown)
        #expect(error.message.hasPrefix("cannot listen on no-such-host.invalid:9743: the host name is not known"))
    }

    @Test(arguments: [-1, 65_536])
    func aPortThatIsNoneIsNamedWithWhatToDo(port: Int) async throws {
        let error = try #require(await Self.failure(port: port))
        #expect(error.code == .portInvalid)
        #expect(error.message.contains("from 0 to 65535"))
    }

    @Test func portZeroIsAnyFreePortAndIsReported() async throws {
        try await withServer(StubAgent()) { first in
            try await withServer(StubAgent()) { second in
                #expect(first.port != 0)
                #expect(first.port != second.port)
                #expect(first.url == "http://127.0.0.1:\(first.port)")
            }
        }
    }

    @Test(arguments: [
        ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("::1", "http://[::1]:80"),
        ("10.0.0.7", "http://10.0.0.7:80"),
    ])
    func theURLIsOneThatCanBeOpened(host: String, url: String) {
        var address = WebServer.Address(host: host, port: 80)
        #expect(address.url == url)
        address.port = 81
        #expect(address.url.hasSuffix(":81"))
        address.isSecure = true
        #expect(address.url == url.replacing("http:", with: "https:").replacing(":80", with: ":81"))
    }

    @Test func gracefulShutdownFinishesTheAnswersUnderWayAndFreesThePort() async throws {
        let agent = StubAgent(gate: Gate())
        let (addresses, continuation) = AsyncStream.makeStream(of: WebServer.Address.self)
        let server = WebServer(configuration: .init(port: 0), view: agent, logger: .silent) {
            continuation.yield($0)
        }
        let group = ServiceGroup(
            configuration: .init(services: [Running(server: server)], logger: .silent))
        async let ended: Void = group.run()
        var iterator = addresses.makeAsyncIterator()
        let address = try #require(await iterator.next())
        async let slow = address.get("/api/v1/migrations")
        await agent.gate.hasWaiting(1)
        await group.triggerGracefulShutdown()
        await agent.gate.open()
        #expect(try await slow.status == 200)
        try await ended
        await #expect(throws: (any Error).self) { try await address.get("/metrics") }
    }

    /// How the agent runs the server.
    private struct Running: Service {
        let server: WebServer

        func run() async throws { try await server.run() }
    }

    @Test func healthAndReadinessSayWhatIsAmiss() async throws {
        let agent = StubAgent()
        try await withServer(agent) { address in
            var (healthy, ready) = (try await address.get("/-/healthy"), try await address.get("/-/ready"))
            #expect((healthy.status, healthy.text) == (200, "healthy\n"))
            #expect((ready.status, ready.text) == (200, "ready\n"))
            await agent.change {
                $0.condition = .impaired(reasons: ["the sampler stands still"])
                $0.readinessCondition = .impaired(reasons: ["the store is not open", "no look taken yet"])
            }
            (healthy, ready) = (try await address.get("/-/healthy"), try await address.get("/-/ready"))
            #expect((healthy.status, healthy.text) == (503, "not healthy: the sampler stands still\n"))
            #expect((ready.status, ready.text) == (503, "not ready: the store is not open\nno look taken yet\n"))
        }
    }

    @Test func everyAnswerHasTheHeadersThatKeepABrowserFromMisusingIt() async throws {
        try await withServer(StubAgent()) { address in
            for path in ["/", "/metrics", "/api/v1/targets", "/-/ready", "/nowhere"] {
                let answer = try await address.request("GET", path, ["Origin": "https://elsewhere.example"])
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                #expect(answer.headers["cache-control"] == "no-store")
                #expect(answer.headers["referrer-policy"] == "no-referrer")
                #expect(answer.headers["x-frame-options"] == "DENY")
                #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
                #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test func aClientThatSendsABodyByteByByteIsCutOffAndItsConnectionIsFree() async throws {
        let configuration = WebServer.Configuration(
            port: 0, transferTimeout: .milliseconds(300), maximumConnections: 1)
        try await withServer(StubAgent(), configuration) { address async throws in
            let slow = Task {
                try await address.exchange(
                    "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        + "Content-Length: 100\r\n\r\nq")
            }
            #expect(try await address.get("/-/healthy").status == 200)
            #expect(try await slow.value.isEmpty)
        }
    }

    /// With an answer that is more than the system keeps for a connection whose other end does not read.
    private static func talkativeAgent() async -> StubAgent {
        let agent = StubAgent()
        let names = (0..<60_000).map { "target-\($0)-" + String(repeating: "x", count: 400) }
        await agent.change { $0.statuses = names.map { TargetStatus(name: $0) } }
        return agent
    }

    @Test func aClientThatReadsSlowlyGetsItAll() async throws {
        // Long enough for a busy machine, on which a thread may not get to read for a while.
        let configuration = WebServer.Configuration(port: 0, transferTimeout: .seconds(3))
        try await withServer(await Self.talkativeAgent(), configuration) { address async throws in
            let begin = ContinuousClock.now
            let answer = try HTTPAnswer(
                await address.exchange(
                    "GET /api/v1/targets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", pause: 16))
            #expect(answer.status == 200)
            #expect(answer.body.suffix(3).elementsEqual("]}\n".utf8), "\(answer.body.count) bytes")
            #expect(ContinuousClock.now - begin > .seconds(6), "two terms at least, or this proves nothing")
        }
    }

    @Test func aClientThatDoesNotReadIsCutOff() async throws {
        let configuration = WebServer.Configuration(
            port: 0, transferTimeout: .milliseconds(300), maximumConnections: 1)
        try await withServer(await Self.talkativeAgent(), configuration) { address async throws in
            let deaf = try DeafClient(address, "GET /api/v1/targets HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await address.get("/-/healthy").status == 200)
            withExtendedLifetime(deaf) {}
        }
    }

    @Test func aRequestThatIsNotHTTPIsRefusedAndTheServerGoesOn() async throws {
        try await withServer(StubAgent()) { address in
            let answer = try HTTPAnswer(await address.exchange("\u{16}\u{3}\u{1} hello\r\n\r\n"))
            #expect(answer.status == 400)
            let next = try await address.get("/-/healthy")
            #expect(next.status == 200)
        }
    }

    @Test func headersBeyondTheLimitAreRefusedAndTheServerGoesOn() async throws {
        try await withServer(StubAgent()) { address in
            let huge = String(repeating: "x", count: 40_000)
            let answer = try await address.get("/metrics", ["X-Huge": huge])
            #expect(answer.status == 400)
            let next = try await address.get("/-/healthy")
            #expect(next.status == 200)
        }
    }
}
