import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@Suite("Encryption", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct EncryptionTests {
    @Test("is used as the connection string asks for, and its failures are told from others")
    func modes() async throws {
        let server = try await ThrowawayPostgres.start(.init(loopback: true))
        try await makeCertificate(in: server)
        let admin = try await PsqlSession.connect(server.dsn())
        try await admin.run("ALTER SYSTEM SET ssl = on")
        await admin.close()
        try await server.restart()

        let certificate = "\(server.dataFolder)/server.crt"
        let base = "port=\(server.port) user=postgres dbname=postgres password=\(server.password) hostaddr=127.0.0.1"
        for (parameters, isEncrypted) in [
            ("host=localhost sslmode=require", true), ("host=localhost sslmode=prefer", true),
            ("host=localhost sslmode=disable", false),
            ("host=localhost sslmode=verify-full sslrootcert=\(certificate)", true),
            ("host=other.example sslmode=verify-ca sslrootcert=\(certificate)", true),
        ] {
            let session = try await PostgresSession.connect(
                to: DSN("\(base) \(parameters)"), as: .observer(), within: .seconds(20))
            #expect(await session.isEncrypted == isEncrypted, "\(parameters)")
            // A pipeline over TLS, larger than its records.
            let query = Query(name: "large", sql: "SELECT repeat('x', 100000) FROM generate_series(1, 20)")
            let results = try await session.run([query, query, query], within: .seconds(20))
            #expect(try results.allSatisfy { try $0.get().count == 20 })
        }
        for parameters in [
            "host=other.example sslmode=verify-full sslrootcert=\(certificate)",
            "host=localhost sslmode=verify-full sslrootcert=/no/such/file",
        ] {
            let error = await #expect(throws: PostgresError.self) {
                try await PostgresSession.connect(
                    to: DSN("\(base) \(parameters)"), as: .observer(), within: .seconds(20))
            }
            #expect(error?.kind == .tls, "\(String(describing: error))")
            #expect(error?.description.contains(server.password) == false)
        }
        await server.stop()
    }

    /// A certificate for `localhost`, signed by itself, made by the server's user, who must own it.
    private func makeCertificate(in server: ThrowawayPostgres) async throws {
        let command = Command(
            arguments: try ServerUser.choose().command([
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", "\(server.dataFolder)/server.key", "-out",
                "\(server.dataFolder)/server.crt",
            ]), folder: server.folder, log: "\(server.folder)/log")
        let status = try await BlockingWork.run { try command.run(seconds: 60) }
        #expect(status == 0)
    }
}
