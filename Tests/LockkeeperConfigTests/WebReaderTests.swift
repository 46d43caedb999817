import LockkeeperTestSupport
import Testing

@testable import LockkeeperConfig

@Suite struct WebReaderTests {
    private static let digits = String(repeating: "a", count: 53)

    @Test(arguments: ["2a", "2b", "2y"])
    func `bcrypt's hashes are taken with a cost from 10 to 14`(version: String) throws {
        for cost in 10...14 {
            let hash = "$\(version)$\(cost)$\(Self.digits)"
            let web = try ConfigurationFixture().load(
                ConfigurationFixture.minimal("web: { basic_auth_users: { ana: \(hash) } }")
            ).web
            #expect(web.users["ana"]?.text == hash)
            #expect("\(web)".contains(Self.digits) == false, "a hash is not for everybody's eyes")
        }
    }

    @Test(arguments: [
        ("s3cr3t-in-clear", "is not a bcrypt hash"), ("$1$s3cr3t$s3cr3t", "is not a bcrypt hash"),
        ("$6$s3cr3t$s3cr3t", "is not a bcrypt hash"), ("$2x$12$" + digits, "is not a bcrypt hash"),
        ("$2b$1x$" + digits, "is not a bcrypt hash"), ("$2b$012$" + digits, "is not a bcrypt hash"),
        ("$2b$12$" + digits.dropLast(), "is not a whole bcrypt hash, which has 60 characters"),
        ("$2b$12$" + digits.dropLast() + "*", "is not a whole bcrypt hash, which has 60 characters"),
        ("$2b$09$" + digits, "is a bcrypt hash of cost 9, too quick to try passwords on"),
        ("$2y$04$" + digits, "is a bcrypt hash of cost 4, too quick to try passwords on"),
        (
            "$2y$15$" + digits,
            "is a bcrypt hash of cost 15: each check of a password would take seconds of a core"
        ),
    ])
    func `What is no usable hash is refused at its user, without being shown`(hash: String, message: String) throws {
        let problem = try ConfigurationFixture().problem(
            ConfigurationFixture.minimal("web: { basic_auth_users: { ana: '\(hash)' } }"))
        #expect(problem.path == "web.basic_auth_users.ana")
        #expect(problem.message == message)
        #expect(problem.hint?.contains("htpasswd -nBC 12") == true)
        #expect(!problem.description.contains(hash))
    }

    @Test func `A user's name has no colon, and at least one user is there`() throws {
        let fixture = try ConfigurationFixture()
        let colon = try fixture.problem(
            ConfigurationFixture.minimal("web: { basic_auth_users: { 'a:b': $2b$12$\(Self.digits) } }"))
        #expect(colon.message.contains("colon"))
        let nobody = try fixture.problem(ConfigurationFixture.minimal("web: { basic_auth_users: {} }"))
        #expect(nobody.message == "names nobody")
    }

    @Test func `Passwords in clear over a network are warned of`() throws {
        let fixture = try ConfigurationFixture()
        let users = "basic_auth_users: { ana: '${HASH}' }"
        func warnings(_ more: String) throws -> [String] {
            var fixture = fixture
            fixture.environment["HASH"] = "$2b$12$\(Self.digits)"
            return try fixture.load(ConfigurationFixture.minimal(more)).warnings.map(\.path)
        }
        #expect(try warnings("listen: 0.0.0.0:9743\nweb: { \(users) }") == ["web.basic_auth_users"])
        #expect(try warnings("listen: 127.0.0.1:9743\nweb: { \(users) }") == [])
        #expect(
            try warnings(
                "listen: 0.0.0.0:9743\nweb: { \(users), tls: { cert_file: secrets/certificate.pem, key_file: secrets/key.pem } }"
            ) == [])
    }

    @Test(arguments: [
        ("cert_file: secrets/certificate.pem", "web.tls", "`key_file` is missing"),
        ("key_file: secrets/key.pem", "web.tls", "`cert_file` is missing"),
        ("cert_file: secrets/absent.pem, key_file: secrets/key.pem", "web.tls.cert_file", "does not exist"),
        ("cert_file: secrets/certificate.pem, key_file: secrets", "web.tls.key_file", "is a folder"),
        (
            "cert_file: secrets/token, key_file: secrets/key.pem", "web.tls.cert_file",
            "holds no certificate in PEM form"
        ),
        (
            "cert_file: secrets/certificate.pem, key_file: secrets/token", "web.tls.key_file",
            "holds no private key in PEM form"
        ),
        (
            "cert_file: secrets/certificate.pem, key_file: secrets/other.pem", "web.tls.key_file",
            "is not the key of the certificate"
        ),
    ])
    func `Files that HTTPS cannot be served with are refused at their field, with a hint`(
        fields: String, path: String, message: String
    ) throws {
        let fixture = try ConfigurationFixture()
        try fixture.folder.write(PEMPair.second.key, to: "secrets/other.pem")
        let problem = try fixture.problem(ConfigurationFixture.minimal("web: { tls: { \(fields) } }"))
        #expect(problem.path == path)
        #expect(problem.message.hasSuffix(message), "\(problem)")
        #expect(problem.hint != nil, "\(problem)")
        #expect(!problem.description.contains("s3cr3t"))
    }

    @Test func `A key that everybody can read and a certificate that is no longer valid are warned of`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.folder.write(PEMPair.expired.certificate, to: "secrets/certificate.pem")
        try fixture.folder.write(PEMPair.expired.key, to: "secrets/key.pem", permissions: 0o644)
        let warnings = try fixture.load(
            ConfigurationFixture.minimal(
                "web: { tls: { cert_file: secrets/certificate.pem, key_file: secrets/key.pem } }")
        ).warnings
        #expect(warnings.map(\.path) == ["web.tls.cert_file", "web.tls.key_file"])
        #expect(warnings.first?.message.hasSuffix("is no longer valid") == true)
        #expect(warnings.last?.hint?.hasPrefix("chmod o-r ") == true)
    }

    @Test func `The stamp of the files changes with either of them, also when one comes and goes`() throws {
        let fixture = try ConfigurationFixture()
        let files = TLSFiles(
            certificateFile: "\(fixture.folder.path)/secrets/certificate.pem",
            keyFile: "\(fixture.folder.path)/secrets/key.pem")
        let first = files.stamp
        #expect(files.stamp == first)
        try fixture.folder.write(PEMPair.second.certificate, to: "secrets/certificate.pem")
        let second = files.stamp
        #expect(second != first)
        #expect(throws: TLSFileFailure.self) { try files.read() }
        try fixture.folder.write(PEMPair.second.key, to: "secrets/key.pem")
        #expect(files.stamp != second)
        _ = try files.read()
        #expect(
            TLSFiles(certificateFile: "/nonexistent", keyFile: files.keyFile).stamp
                != TLSFiles(certificateFile: files.certificateFile, keyFile: files.keyFile).stamp)
    }
}
