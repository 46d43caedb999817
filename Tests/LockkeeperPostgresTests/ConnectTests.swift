import Glibc
import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@Suite("Connecting", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct ConnectTests {
    /// The error of connecting as the observer, checked to show no secret.
    private func failure(_ dsn: String, within limit: Duration = .seconds(60)) async throws -> PostgresError {
        let dsn = try DSN(dsn)
        let error = await #expect(throws: PostgresError.self) {
            try await PostgresSession.connect(to: dsn, as: .observer(), within: limit)
        }
        let found = try #require(error)
        #expect(!found.description.contains("topsecret"))
        #expect(!found.description.contains("\n"))
        #expect(!found.hint.isEmpty)
        return found
    }

    @Test("to a port where nobody listens is unreachable")
    func wrongPort() async throws {
        let error = try await failure("host=127.0.0.1 port=1 user=app password=topsecret dbname=app")
        #expect(error.kind == .unreachable)
        #expect(error.description.contains("port=1"))
        #expect(error.sampleFailure.reason == .unreachable)
    }

    @Test("to a name that does not exist is unreachable")
    func wrongName() async throws {
        let error = try await failure("postgresql://app:topsecret@no-such-host.invalid/app")
        #expect(error.kind == .unreachable)
    }

    @Test("to a socket that does not exist is unreachable")
    func wrongSocket() async throws {
        #expect(try await failure("host=/no/such/folder password=topsecret").kind == .unreachable)
    }

    @Test("with a wrong password is an authentication failure with the server's code")
    func wrongPassword() async throws {
        let server = try await TestPostgres.shared().server
        let error = try await failure(
            "host=127.0.0.1 port=\(server.port) user=postgres password=topsecret dbname=postgres")
        #expect(error.kind == .authentication)
        #expect(error.sqlstate == "28P01")
        #expect(error.message.contains("password authentication failed"))
        #expect(error.sampleFailure.reason == .rejected)
    }

    @Test("without the password that is asked for is an authentication failure")
    func noPassword() async throws {
        let server = try await TestPostgres.shared().server
        let error = try await failure(
            "host=127.0.0.1 port=\(server.port) user=postgres dbname=postgres passfile=/no/such/file")
        #expect(error.kind == .authentication)
    }

    @Test("with a wrong password in a passfile shows it nowhere")
    func passfile() async throws {
        let server = try await TestPostgres.shared().server
        let file = "\(server.folder)/passfile"
        let written = open(file, O_WRONLY | O_CREAT, 0o600)
        let line = "*:*:*:*:topsecret\n"
        #expect(write(written, line, line.utf8.count) == line.utf8.count)
        close(written)
        let error = try await failure(
            "host=127.0.0.1 port=\(server.port) user=postgres dbname=postgres passfile=\(file)")
        #expect(error.sqlstate == "28P01")
    }

    @Test("to an unknown database names the database")
    func unknownDatabase() async throws {
        let server = try await TestPostgres.shared().server
        let error = try await failure(server.dsn(database: "nowhere"))
        #expect(error.kind == .noDatabase)
        #expect(error.sqlstate == "3D000")
        #expect(error.message.contains("nowhere"))
    }

    @Test("that requires TLS of a server without it is a TLS failure")
    func tlsRequired() async throws {
        let server = try await TestPostgres.shared().server
        let error = try await failure(server.loopbackDSN() + " sslmode=require")
        #expect(error.kind == .tls)
        #expect(error.hint.contains("sslmode"))
        #expect(error.sampleFailure.reason == .rejected)
    }

    @Test("with an impossible parameter is an invalid connection string")
    func invalidParameter() async throws {
        let server = try await TestPostgres.shared().server
        #expect(try await failure(server.dsn() + " target_session_attrs=topsecret").kind == .invalidDSN)
        #expect(try await failure("service=nowhere password=topsecret").kind == .invalidDSN)
    }

    @Test("beyond the role's connection limit is refused")
    func tooMany() async throws {
        let server = try await TestPostgres.shared().server
        let admin = try await PsqlSession.connect(server.dsn())
        try await admin.run("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
        let error = try await failure(server.dsn(user: "limited"))
        try await admin.run("DROP ROLE limited")
        #expect(error.kind == .refused)
        #expect(error.sqlstate == "53300")
        #expect(error.sampleFailure.reason == .refused)
    }

    @Test("to something that accepts and never answers ends at the deadline", .timeLimit(.minutes(5)))
    func silence() async throws {
        let listener = try SilentListener()
        let error = try await failure(
            "host=127.0.0.1 port=\(listener.port) user=app password=topsecret", within: .milliseconds(300))
        #expect(error.kind == .timedOut)
    }

    @Test("to something that speaks another protocol says so")
    func foreign() async throws {
        let listener = try SilentListener()
        let answering = Thread { listener.answerOnce("HTTP/1.1 400 Bad Request\r\n\r\n") }
        let error = try await failure(
            "host=127.0.0.1 port=\(listener.port) user=app password=topsecret sslmode=disable gssencmode=disable")
        answering.join()
        #expect([.protocolViolation, .disconnected].contains(error.kind))
    }

    @Test("takes the next host when the first refuses or hangs")
    func severalHosts() async throws {
        let server = try await TestPostgres.shared().server
        let hanging = try SilentListener()
        let session = try await PostgresSession.connect(
            to: DSN(
                "host=127.0.0.1,127.0.0.1,127.0.0.1 port=1,\(hanging.port),\(server.port) user=postgres dbname=postgres "
                    + "password=\(server.password)"), as: .observer(), within: .seconds(9))
        #expect(try await session.facts.database == "postgres")
    }

    @Test("to no host of several tells about each")
    func noneOfSeveral() async throws {
        let error = try await failure("postgresql://app:topsecret@127.0.0.1:1,127.0.0.1:2/app")
        #expect(error.kind == .unreachable)
        #expect(error.message.contains("port 1") && error.message.contains("port 2"))
    }

    @Test("looks for the wanted kind of server")
    func targetSessionAttributes() async throws {
        let server = try await TestPostgres.shared().server
        #expect(try await failure(server.dsn() + " target_session_attrs=standby").kind == .wrongServer)
        let either = try await PostgresSession.connect(
            to: DSN(
                "host=\(server.folder),\(server.folder) port=\(server.port) user=postgres dbname=postgres "
                    + "target_session_attrs=prefer-standby"), as: .observer())
        #expect(try await either.facts.server.isInRecovery == false)
    }

    @Test("sets every limit on the server, whatever the connection string, role and service file say")
    func limits() async throws {
        try await TestPostgres.withDatabase { database in
            let admin = try await database.session()
            try await admin.run("ALTER DATABASE \(database.name) SET lock_timeout = '1h'")
            let file = "\(database.server.folder)/service-\(database.name)"
            let text = """
                [watched]
                host=\(database.server.folder)
                port=\(database.server.port)
                user=postgres
                options=-c work_mem=5MB

                """
            let written = open(file, O_WRONLY | O_CREAT, 0o644)
            #expect(write(written, text, text.utf8.count) == text.utf8.count)
            close(written)
            // The only way to name a service file before libpq 18; no other test has one.
            setenv("PGSERVICEFILE", file, 1)
            for dsn in [
                "service=watched dbname=\(database.name)",
                database.dsn() + " options='-c work_mem=5MB -c statement_timeout=0' application_name=other",
                "postgresql://postgres@/\(database.name)?host=\(database.server.folder)&port=\(database.server.port)&options=-c%20work_mem%3D5MB",
            ] {
                let session = try await PostgresSession.connect(
                    to: DSN(dsn),
                    as: .observer(lockTimeout: .milliseconds(250), statementTimeout: .seconds(7)))
                let expected = [
                    ("lock_timeout", "250ms"), ("statement_timeout", "7s"),
                    ("idle_in_transaction_session_timeout", "7s"), ("default_transaction_read_only", "on"),
                    ("search_path", "pg_catalog"), ("application_name", "lockkeeper"), ("work_mem", "5MB"),
                    ("client_encoding", "UTF8"),
                ]
                let shown = try await session.run(
                    expected.map { Query(name: "show_\($0.0)", sql: "SHOW \($0.0)") }, within: .seconds(5))
                for (result, (name, value)) in zip(shown, expected) {
                    #expect(try result.get().first?.text(0) == value, "\(name) with \(dsn)")
                }
                #expect(try await session.facts.keepsSettings)
            }
        }
    }

    @Test("finds out about server, role and privileges", arguments: TestPostgres.majors)
    func facts(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            for (role, grant) in [("plain", ""), ("monitor", "pg_monitor"), ("reader", "pg_read_all_stats")] {
                let role = "\(database.name)_\(role)"
                try await admin.run("CREATE ROLE \(role) LOGIN")
                if !grant.isEmpty { try await admin.run("GRANT \(grant) TO \(role)") }
                let facts = try await PostgresSession.connect(to: DSN(database.dsn(user: role)), as: .observer()).facts
                #expect(facts.server.majorVersion == major)
                #expect(facts.server.role == role)
                #expect(facts.server.canReadAllStats == !grant.isEmpty)
                #expect(facts.isMonitor == (grant == "pg_monitor"))
                #expect(!facts.isSuperuser)
                #expect(facts.server.pooler == nil)
                #expect(facts.database == database.name)
                let oid = try await admin.value("SELECT oid FROM pg_database WHERE datname = '\(database.name)'")
                #expect(String(facts.databaseOID) == oid)
                let start = try await admin.value(
                    "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint")
                #expect(String(facts.server.startedAt.microseconds) == start)
                try await admin.run("DROP OWNED BY \(role); DROP ROLE \(role)")
            }
            #expect(try await PostgresSession.connect(to: DSN(database.dsn()), as: .observer()).facts.isSuperuser)
        }
    }
}
