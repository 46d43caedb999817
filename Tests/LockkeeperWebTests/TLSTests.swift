import Foundation
import LockkeeperCertificates
import LockkeeperTestSupport
import LockkeeperWeb
import ServiceLifecycle
import Testing

/// HTTPS, as the system's own clients see it.
struct TLSTests {
    private static func certificate(_ pair: PEMPair) throws -> ServerCertificate {
        try ServerCertificate(certificates: pair.certificate, key: pair.key)
    }

    private static func configuration(
        _ certificate: CurrentCertificate, handshakeTimeout: Duration = .seconds(10), maximumConnections: Int = 256
    ) -> WebServer.Configuration {
        .init(
            port: 0, token: { "s3cret" }, certificate: certificate, handshakeTimeout: handshakeTimeout,
            maximumConnections: maximumConnections)
    }

    /// What curl says, trusting one certificate.
    private static func curl(
        _ address: WebServer.Address, _ path: String, trusting pair: PEMPair = .first, _ more: String...
    ) async throws -> SystemTool.Result {
        // The certificates come on standard input: curl reads them from any file.
        try await SystemTool.run(
            [
                "curl", "--silent", "--show-error", "--max-time", "20", "--cacert", "/dev/stdin", "--write-out",
                " [%{http_code} %{http_version} %{ssl_verify_result}]", address.url + path,
            ] + more, input: Array(pair.certificate.utf8))
    }

    @Test func aClientThatTrustsTheCertificateIsAnsweredAndOthersAreNot() async throws {
        let certificate = CurrentCertificate(try Self.certificate(.first))
        try await withServer(StubAgent(), Self.configuration(certificate)) { address async throws in
            #expect(address.url == "https://127.0.0.1:\(address.port)")
            let answer = try await Self.curl(address, "/-/healthy")
            #expect((answer.status, answer.output) == (0, "healthy\n [200 1.1 0]"))
            let distrustful = try await Self.curl(address, "/-/healthy", trusting: .second)
            #expect(distrustful.status == 60, "\(distrustful.output)")
            let plain = try await address.exchange("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(!String(decoding: plain, as: UTF8.self).contains("healthy"))
            #expect(try await Self.curl(address, "/-/healthy").status == 0, "and the server goes on")
        }
    }

    @Test func onlyTLSOfTwelveAndThirteenIsSpoken() async throws {
        let certificate = CurrentCertificate(try Self.certificate(.first))
        try await withServer(StubAgent(), Self.configuration(certificate)) { address async throws in
            for (version, isSpoken) in [("tls1", false), ("tls1_1", false), ("tls1_2", true), ("tls1_3", true)] {
                let result = try await SystemTool.run(
                    [
                        "openssl", "s_client", "-connect", "127.0.0.1:\(address.port)", "-\(version)", "-cipher",
                        "ALL:@SECLEVEL=0",
                    ])
                #expect((result.status == 0) == isSpoken, "\(version): \(result.output)")
                #expect(result.output.contains("alert protocol version") != isSpoken, "\(version): \(result.output)")
            }
        }
    }

    @Test func aReplacedCertificateIsThatOfTheNextConnection() async throws {
        let certificate = CurrentCertificate(try Self.certificate(.first))
        try await withServer(StubAgent(), Self.configuration(certificate)) { address async throws in
            #expect(try await Self.curl(address, "/-/healthy", trusting: .first).status == 0)
            certificate.replace(by: try Self.certificate(.second))
            #expect(try await Self.curl(address, "/-/healthy", trusting: .first).status == 60)
            #expect(try await Self.curl(address, "/-/healthy", trusting: .second).status == 0)
        }
    }

    @Test(arguments: ["", "\u{16}", "\u{16}\u{3}\u{1}\u{2}\u{0}"])
    func aClientThatDoesNotGetOnWithTheHandshakeIsCutOffAndItsConnectionIsFree(sent: String) async throws {
        let certificate = CurrentCertificate(try Self.certificate(.first))
        let configuration = Self.configuration(
            certificate, handshakeTimeout: .milliseconds(300), maximumConnections: 1)
        try await withServer(StubAgent(), configuration) { address async throws in
            let silent = Task { try await address.exchange(sent) }
            // Waits in the system's backlog until the one connection is free.
            #expect(try await Self.curl(address, "/-/healthy").status == 0)
            _ = try await silent.value
        }
    }

    @Test func theLimitsOfPlainHTTPHoldWithinTLS() async throws {
        let certificate = CurrentCertificate(try Self.certificate(.first))
        try await withServer(StubAgent(), Self.configuration(certificate)) { address async throws in
            let header = try await Self.curl(
                address, "/metrics", "--header", "X-Huge: " + String(repeating: "x", count: 40_000))
            #expect(header.output.hasSuffix("[400 1.1 0]"), "\(header.output.suffix(200))")
            let body = try await Self.curl(
                address, "/-/reload", "--header", "Authorization: Bearer s3cret", "--header",
                "Content-Type: application/json", "--data", String(repeating: "x", count: 65_537))
            #expect(body.output.hasSuffix("[413 1.1 0]"), "\(body.output.suffix(200))")
            let twice = try await Self.curl(address, "/-/healthy", address.url + "/-/ready")
            #expect(twice.output.contains("healthy\n") && twice.output.contains("ready\n"), "over one connection")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func connectionsOnWhichNothingHappensDoNotHoldUpShutdown() async throws {
        let certificate = CurrentCertificate(try Self.certificate(.first))
        let (addresses, continuation) = AsyncStream.makeStream(of: WebServer.Address.self)
        let server = WebServer(configuration: Self.configuration(certificate), view: StubAgent(), logger: .silent) {
            continuation.yield($0)
        }
        let group = ServiceGroup(configuration: .init(services: [Running(server: server)], logger: .silent))
        async let ended: Void = group.run()
        var iterator = addresses.makeAsyncIterator()
        let address = try #require(await iterator.next())
        // Has had its answer and says nothing more.
        async let idle = SystemTool.run(
            [
                "sh", "-c",
                "(printf 'GET /-/healthy HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'; sleep 15) | openssl s_client -quiet -connect 127.0.0.1:\(address.port)",
            ])
        async let silent = address.exchange("")
        // A third one is answered: the two before have been accepted by then.
        #expect(try await Self.curl(address, "/-/healthy").status == 0)
        let begin = ContinuousClock.now
        await group.triggerGracefulShutdown()
        try await ended
        #expect(ContinuousClock.now - begin < .seconds(10))
        _ = try await (silent, idle)
    }

    /// How the agent runs the server.
    private struct Running: Service {
        let server: WebServer

        func run() async throws { try await server.run() }
    }
}
