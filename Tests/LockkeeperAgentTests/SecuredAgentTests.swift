import Foundation
import LockkeeperTestSupport
import Testing

/// The program with `web.tls` and `web.basic_auth_users`, as people with curl and the command line meet it.
@Suite struct SecuredAgentTests {
    /// `correct horse` at cost 10, by Python's `crypt`.
    private static let hash = "$2b$10$fG7umpNVhs4x.93r5OEXRea.HufJ.sr7D7gLoOA.d9ZgZ6nTU/w5m"
    private static let token = "0123456789abcdef"

    private static func fixture(_ pair: PEMPair = .first, users: String? = nil) throws -> AgentFixture {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        try Self.write(pair, to: fixture)
        try fixture.folder.write(token, to: "token")
        fixture.more = """
            web:
              token_file: token
              tls: { cert_file: certificate.pem, key_file: key.pem }
            \(users.map { "  basic_auth_users: { \($0) }" } ?? "")
            """
        return try fixture.written()
    }

    private static func write(_ pair: PEMPair, to fixture: AgentFixture) throws {
        try fixture.folder.write(pair.certificate, to: "certificate.pem")
        try fixture.folder.write(pair.key, to: "key.pem")
    }

    private static func curl(
        _ url: String, trusting pair: PEMPair = .first, _ more: String...
    ) async throws -> SystemTool.Result {
        try await SystemTool.run(
            [
                "curl", "--silent", "--show-error", "--max-time", "20", "--cacert", "/dev/stdin", "--output",
                "/dev/null",
                "--write-out", "%{http_code}", url,
            ] + more, input: Array(pair.certificate.utf8))
    }

    @Test func `Reading takes a password or the token, actions take the token, health takes nothing`() async throws {
        let fixture = try Self.fixture(users: "ana: \(Self.hash)")
        let (program, url) = try await LockkeeperProgram.start(fixture)
        #expect(url.hasPrefix("https://"))
        let bearer = ["--header", "Authorization: Bearer \(Self.token)"]
        let reload = ["--request", "POST", "--header", "Content-Type: application/json"]
        for (path, arguments, code) in [
            ("/metrics", [], "401"), ("/metrics", ["--user", "ana:correct horse"], "200"),
            ("/metrics", ["--user", "ana:wrong"], "401"), ("/metrics", bearer, "200"), ("/", [], "401"),
            ("/-/healthy", [], "200"), ("/-/reload", reload + ["--user", "ana:correct horse"], "401"),
            ("/-/reload", reload + bearer, "200"),
        ] {
            let result = try await SystemTool.run(
                [
                    "curl", "--silent", "--show-error", "--max-time", "20", "--cacert", "/dev/stdin", "--output",
                    "/dev/null", "--write-out", "%{http_code}", url + path,
                ] + arguments, input: Array(PEMPair.first.certificate.utf8))
            #expect((result.status, result.output) == (0, code), "\(path) \(arguments)")
        }
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }

    @Test func `The command line asks with a token or a password, and says what is missing`() async throws {
        let fixture = try Self.fixture(users: "ana: \(Self.hash)")
        let (program, url) = try await LockkeeperProgram.start(fixture)
        let authority = "\(fixture.folder.path)/certificate.pem"
        func query(_ arguments: [String] = [], _ environment: [String: String] = [:]) async throws
            -> LockkeeperProgram.Result
        {
            try await LockkeeperProgram(["query", "vector(1)", "--url", url] + arguments, environment: environment)
                .result()
        }
        let distrustful = try await query()
        #expect(distrustful.status == 3)
        #expect(distrustful.errors.contains("--ca-file"), "\(distrustful.errors)")
        let trusting = ["--ca-file", authority]
        let stranger = try await query(trusting)
        #expect(stranger.status == 2)
        #expect(stranger.errors.contains("LOCKKEEPER_BASIC_AUTH"))
        for (arguments, environment) in [
            (["--token-file", "\(fixture.folder.path)/token"], [:]), ([], ["LOCKKEEPER_TOKEN": Self.token]),
            ([], ["LOCKKEEPER_BASIC_AUTH": "ana:correct horse"]),
        ] {
            let result = try await query(trusting + arguments, environment)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.hasPrefix("{} => 1 @["))
        }
        for environment in [["LOCKKEEPER_TOKEN": "wrong-s3cr3t"], ["LOCKKEEPER_BASIC_AUTH": "ana:wrong-s3cr3t"]] {
            let result = try await query(trusting, environment)
            #expect(result.status == 2)
            #expect(!result.errors.contains("wrong-s3cr3t"))
        }
        let shown = try await LockkeeperProgram.run("query", "1", "--url", "https://ana:s3cr3t@127.0.0.1")
        #expect(shown.status == 2)
        #expect(shown.errors.contains("LOCKKEEPER_BASIC_AUTH") && !shown.errors.contains("s3cr3t"))
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }

    @Test func `On the agent's machine its configuration says whom to trust and what to send`() async throws {
        let fixture = try Self.fixture(users: "ana: \(Self.hash)")
        let (program, url) = try await LockkeeperProgram.start(fixture)
        try fixture.write(listen: url.replacing("https://", with: ""))
        // Whoever asks need not be permitted to read the agent's key.
        try fixture.folder.write("not for everybody", to: "key.pem")
        let query = try await LockkeeperProgram.run("query", "vector(1)", with: fixture)
        #expect((query.status, query.errors) == (0, ""))
        let set = try await LockkeeperProgram.run(
            "silence", "add", "target=app", "--for", "1h", "--comment", "x", with: fixture)
        #expect((set.status, set.errors) == (0, ""))
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }

    @Test func `A certificate that cannot be used is named by the check and at the start`() async throws {
        let fixture = try Self.fixture()
        try fixture.folder.write(PEMPair.second.key, to: "key.pem")
        for (command, status) in [("check", Int32(1)), ("serve", 2)] {
            let result = try await LockkeeperProgram.run(command, with: fixture)
            #expect(result.status == status)
            let said = result.output + result.errors
            #expect(said.contains("lockkeeper.yml:") && said.contains("web.tls.key_file"), "\(said)")
            #expect(said.contains("is not the key of the certificate. Take both from the same issue"))
        }
    }

    @Test func `A reload with a certificate that cannot be used is refused, and the old one stays`() async throws {
        let fixture = try Self.fixture()
        let (program, url) = try await LockkeeperProgram.start(fixture)
        try fixture.folder.write("no certificate", to: "certificate.pem")
        program.signal(SIGHUP)
        try await eventually("the reload is refused") {
            program.errors.contains("reload refused") && program.errors.contains("web.tls.cert_file")
        }
        let old = try await Self.curl(url + "/-/healthy")
        #expect((old.status, old.output) == (0, "200"))
        try Self.write(.second, to: fixture)
        program.signal(SIGHUP)
        try await eventually("the reload has succeeded") { program.errors.contains("configuration reloaded") }
        let new = try await Self.curl(url + "/-/healthy", trusting: .second)
        #expect((new.status, new.output) == (0, "200"))
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }

    @Test func `A renewed certificate is used without a reload, and half of one is not`() async throws {
        let fixture = try Self.fixture()
        let (program, url) = try await LockkeeperProgram.start(fixture)
        try fixture.folder.write(PEMPair.second.certificate, to: "certificate.pem")
        try await eventually("half of a renewal is seen", within: .seconds(30)) {
            program.errors.contains("the old one stays")
        }
        let old = try await Self.curl(url + "/-/healthy")
        #expect((old.status, old.output) == (0, "200"))
        try fixture.folder.write(PEMPair.second.key, to: "key.pem")
        try await eventually("the renewal is complete", within: .seconds(30)) {
            try await Self.curl(url + "/-/healthy", trusting: .second).output == "200"
        }
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }
}
