import Foundation
import Testing

@testable import LockkeeperConfig

@Suite struct SecretTests {
    @Test func `A secret prints as hidden in every way`() throws {
        let secret = Secret(literal: "s3cr3t")
        var dumped = ""
        dump([secret], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\(Optional(secret) as Any)", "\([secret])", dumped] {
            #expect(!text.contains("s3cr3t"))
            #expect(text.contains("(hidden)"))
        }
    }

    @Test(arguments: ConfigurationFixture.texts)
    func `A whole configuration prints without any of its secrets`(text: String) throws {
        let configuration = try ConfigurationFixture().load(text)
        var dumped = ""
        dump(configuration, to: &dumped)
        for printed in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!printed.contains("s3cr3t"))
        }
    }

    @Test(arguments: [
        "web: { token: s3cr3t }", "web: { token: 's3cr3t with spaces in it' }", "web: { tokn: s3cr3t-s3cr3t-s3cr3t }",
        "web: { token: [s3cr3t] }", "web: s3cr3t", "web: { token_file: ${SMTP_PASSWORD} ${NOT_SET} }",
        "web: { basic_auth_users: { ana: s3cr3t } }", "web: { basic_auth_users: { ana: [s3cr3t] } }",
        "web: { basic_auth_users: 's3cr3t' }", "heartbeat: { url: s3cr3t }", "heartbeat: s3cr3t",
        "heartbeat: { url: 'https://h/s3cr3t', fail_url: 'ftp://h/s3cr3t' }",
        "heartbeat: { url: 'https://h/s3cr3t', url_file: secrets/token }",
        "receivers: [{ name: a, slack: { webhook_url: 's3cr3t' } }]",
        "receivers: [{ name: a, slack: { webhook_url: 'http://h/s3cr3t' } }]",
        "receivers: [{ name: a, webhook: { url: 'https://s3 cr3t/s3cr3t' } }]",
        "receivers: [{ name: a, slack: s3cr3t }]", "receivers: [{ name: a, webhook: { url_file: secrets/token } }]",
        "receivers: [{ name: a, email: { smtp: 'smtp://u:s3cr3t@h', from: a@b, to: [a@b] } }]",
        "receivers: [{ name: a, email: { smtp: 'smtp://u:s3cr3t@h:99999', from: a@b, to: [a@b] } }]",
        "receivers: [{ name: a, email: { password: s3cr3t, smtp: 'smtp://h', from: a@b, to: [a@b] } }]",
        "external_url: ftp://u:s3cr3t@h", "privacy: { query_text: ${SMTP_PASSWORD} }", "listen: ${SMTP_PASSWORD}",
        "token: s3cr3t: s3cr3t", "web: { token: 's3cr3t", "s3cr3t: [\n", "token: a\ntoken: s3cr3t",
        "targets: [{ name: a, dsn: 'postgresql://u:s3cr3t@h:port/d' }]",
        "targets: [{ name: a, dsn: 'postgresql://u:s3%zzcr3t@h/d' }]",
        "targets: [{ name: a, dsn: 'mysql://u:s3cr3t@h/d' }]", "targets: [{ name: a, dsn: s3cr3t }]",
        "targets: [{ name: a, dsn: \"host=h password='s3cr3t\" }]", "targets: [{ name: a, dsn_file: secrets/token }]",
    ])
    func `No error shows a secret, not even of what is misspelt, misplaced or cut off`(text: String) throws {
        let text = text.hasPrefix("targets") ? text : ConfigurationFixture.minimal(text)
        for problem in try ConfigurationFixture().problems(text) {
            // A name that somebody gave to a field is no secret.
            let told = problem.description.replacing("s3cr3t: there is no such field", with: "")
            #expect(!told.contains("s3cr3t") && !told.contains("s3%"), "\(problem)")
        }
    }

    @Test func `A secret in a file is read again on each use, without line ends at its end`() throws {
        let folder = try TemporaryFolder()
        let secret = Secret(file: try folder.write("first\n", to: "secret"))
        #expect(try secret.read() == "first")
        try folder.write("  second\r\n\n", to: "secret")
        #expect(try secret.read() == "  second")
        try FileManager.default.removeItem(atPath: "\(folder.path)/secret")
        let failure = #expect(throws: SecretFailure.self) { try secret.read() }
        #expect(failure?.description == "the secret file \(folder.path)/secret does not exist")
    }

    @Test(arguments: [
        ("", "is empty"), ("\n\n", "is empty"), ("a\0b", "contains a NUL byte, so it is not a text file"),
    ])
    func `A secret file that holds none says why`(text: String, reason: String) throws {
        let folder = try TemporaryFolder()
        let secret = Secret(file: try folder.write(text, to: "secret"))
        #expect(throws: SecretFailure(path: "\(folder.path)/secret", reason: reason)) { try secret.read() }
    }

    @Test func `A secret file that is far too large is not read`() throws {
        let folder = try TemporaryFolder()
        let secret = Secret(file: try folder.write(String(repeating: "x", count: 70_000), to: "secret"))
        let failure = #expect(throws: SecretFailure.self) { try secret.read() }
        #expect(failure?.reason == "is larger than 65536 bytes")
    }

    @Test func `A webhook's file that was changed for something else is refused when it is used`() throws {
        let folder = try TemporaryFolder()
        let endpoint = HTTPEndpoint(url: Secret(file: try folder.write("https://h/x\n", to: "url")))
        #expect(try endpoint.read() == "https://h/x")
        try folder.write("http://h/s3cr3t", to: "url")
        let failure = #expect(throws: SecretFailure.self) { try endpoint.read() }
        #expect(failure?.reason.contains("plain `http:`") == true)
        #expect(failure?.description.contains("s3cr3t") == false)
    }

    @Test(arguments: ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:1/", "https://anywhere/"])
    func `On this machine plain HTTP needs no permission`(url: String) {
        #expect(HTTPEndpoint.objection(to: url, allowsPlainHTTP: false)?.message == nil)
    }

    @Test(arguments: ["http://127.evil.example/x", "http://localhost.example.org/", "http://127.0.0.1@evil.example/"])
    func `What only looks like this machine is another`(url: String) {
        #expect(HTTPEndpoint.objection(to: url, allowsPlainHTTP: false) != nil)
    }
}
