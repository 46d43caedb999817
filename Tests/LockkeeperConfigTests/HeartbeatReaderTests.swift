import Testing

@testable import LockkeeperConfig

@Suite struct HeartbeatReaderTests {
    @Test(arguments: [
        ("{}", "heartbeat", "`url` is missing"),
        ("{ url: 'http://switch.example.org/s3cr3t' }", "heartbeat.url", "the URL is plain `http:`"),
        (
            "{ url: 'https://switch.example.org/s3cr3t', fail_url: 'http://switch.example.org/s3cr3t' }",
            "heartbeat.fail_url", "the URL is plain `http:`"
        ),
        ("{ url: 's3cr3t' }", "heartbeat.url", "this is not a URL"),
        ("{ url_file: secrets/absent }", "heartbeat.url_file", "the secret file"),
        ("{ url_file: secrets/token }", "heartbeat.url_file", "in the file"),
        ("{ url: 'https://h/s3cr3t', interval: 1s }", "heartbeat.interval", "must be from 10s to 24h"),
    ])
    func `A heartbeat that cannot be sent is refused at its field, without its URL being shown`(
        text: String, path: String, message: String
    ) throws {
        let problem = try ConfigurationFixture().problem(ConfigurationFixture.minimal("heartbeat: \(text)"))
        #expect(problem.path == path)
        #expect(problem.message.hasPrefix(message), "\(problem)")
        #expect(!problem.description.contains("s3cr3t"))
    }

    @Test func `Plain HTTP is for this machine, and for others where that is said`() throws {
        let fixture = try ConfigurationFixture()
        for text in ["{ url: 'http://127.0.0.1:8000/ping' }", "{ url: 'http://h/ping', allow_http: true }"] {
            let heartbeat = try fixture.load(ConfigurationFixture.minimal("heartbeat: \(text)")).heartbeat
            #expect(heartbeat?.failEndpoint == nil)
            #expect("\(String(describing: heartbeat))".contains("ping") == false, "a URL is a secret")
        }
    }
}
