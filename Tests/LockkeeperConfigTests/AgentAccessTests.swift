import LockkeeperTestSupport
import Testing

@testable import LockkeeperConfig

/// What those who ask a running agent take from its configuration.
@Suite struct AgentAccessTests {
    private func access(_ text: String) throws -> AgentAccess {
        let folder = try TemporaryFolder()
        return try AgentAccess(path: folder.write(text, to: "lockkeeper.yml"), environment: ["TOKEN": "of-environment"])
    }

    private static let tls = "web: { tls: { cert_file: /c.pem, key_file: /unreadable } }\n"

    @Test(arguments: [
        ("targets: []", "http://127.0.0.1:9743"), ("", "http://127.0.0.1:9743"),
        ("listen: 127.0.0.1:8080", "http://127.0.0.1:8080"), ("listen: 0.0.0.0:80", "http://127.0.0.1:80"),
        ("listen: '[::]:80'", "http://[::1]:80"), ("listen: '[fd00::1]:80'", "http://[fd00::1]:80"),
        ("listen: localhost:0", nil),
        ("external_url: https://lock.example.org/x", "http://127.0.0.1:9743"),
        (tls, "https://127.0.0.1:9743"), (tls + "external_url: https://lock.example.org", "https://127.0.0.1:9743"),
        (tls + "listen: 0.0.0.0:99\nexternal_url: https://lock.example.org:1/x", "https://lock.example.org:99"),
        (tls + "listen: 0.0.0.0:99", "https://127.0.0.1:99"),
    ])
    func `An agent is found where it listens, under the name that its certificate is for`(text: String, url: String?)
        throws
    {
        #expect(try access(text).url == url)
        #expect(try access(text).certificateFile == (text.contains("tls") ? "/c.pem" : nil))
    }

    @Test func `A token is taken from where it stands, though other fields are wrong or not for everybody`() throws {
        #expect(
            try access("web: { token: '${TOKEN}' }\ntargets: [{ dsn: '${MISSING}' }]\nx: 1").token?.read()
                == "of-environment")
        let file = try access("web: { token_file: secrets/token }").token?.file
        #expect(file?.hasSuffix("/secrets/token") == true)
        #expect(try access("web: { token: '${MISSING}' }").token == nil)
        #expect(try access("targets: []").token == nil)
    }

    @Test func `A file that is none is said to be none`() throws {
        #expect(throws: ConfigurationProblems.self) { try access("a: [") }
        #expect(throws: ConfigurationProblems.self) {
            try AgentAccess(path: "/nonexistent/lockkeeper.yml", environment: [:])
        }
    }
}
