public import LockkeeperCore

/// What went wrong with a server: where, what kind, and what to do next. Never contains a password.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is, as far as what to do about it differs.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The connection string, service file or a file it names is wrong.
        case invalidDSN
        /// Nobody listens there, no route, or the name is not known.
        case unreachable
        /// The server is there and refuses for now: starting, shutting down, too many connections.
        case refused
        /// Wrong password, no such role, or no matching line in pg_hba.conf.
        case authentication
        /// The database does not exist or may not be connected to.
        case noDatabase
        /// TLS is not as the connection string wants it.
        case tls
        /// A server with the wanted `target_session_attrs` was not found.
        case wrongServer
        /// The role may not do what was asked.
        case permission
        /// No answer before our own deadline, or before the server's `statement_timeout` or `lock_timeout`.
        case timedOut
        /// The task that waited was cancelled.
        case cancelled
        /// The connection ended in the middle.
        case disconnected
        /// The server was shut down, or ended our session.
        case serverShutdown
        /// Another error that the server sent.
        case server
        /// Something answered that does not speak PostgreSQL's protocol as expected.
        case protocolViolation
        /// This process has no descriptor or thread left.
        case exhausted
    }

    /// What was being done.
    public enum Stage: Sendable, Hashable {
        case dsn, connect
        /// Finding out about the server after connecting.
        case setup
        /// The query of that name.
        case query(String)
    }

    public var kind: Kind
    public var stage: Stage
    /// The SQLSTATE (the manual's appendix "PostgreSQL Error Codes"), where the server sent one.
    public var sqlstate: String?
    /// What happened, in one line.
    public var message: String
    /// What a person should do next.
    public var hint: String
    /// Host, port, database and user; "" where unknown.
    public var server: String

    public init(
        kind: Kind, stage: Stage, sqlstate: String? = nil, message: String, hint: String, server: String = ""
    ) {
        self.kind = kind
        self.stage = stage
        self.sqlstate = sqlstate
        self.message = message
        self.hint = hint
        self.server = server
    }

    /// One line: server, what was being done, what happened, what to do.
    public var description: String {
        let place =
            switch stage {
            case .dsn: "connection string"
            case .connect: server.isEmpty ? "connecting" : "connecting to \(server)"
            case .setup: server.isEmpty ? "setting up the session" : "setting up the session with \(server)"
            case .query(let name): server.isEmpty ? "query \(name)" : "query \(name) on \(server)"
            }
        let code = sqlstate.map { " (SQLSTATE \($0))" } ?? ""
        return hint.isEmpty ? "\(place): \(message)\(code)" : "\(place): \(message)\(code); \(hint)"
    }

    /// The same as a failed look. Cancellation has no reason of its own: who cancels does not ask for the sample.
    public var sampleFailure: SampleFailure {
        let reason: SampleFailure.Reason =
            switch kind {
            case .unreachable, .cancelled, .exhausted: .unreachable
            case .refused: .refused
            case .invalidDSN, .authentication, .noDatabase, .tls, .wrongServer: .rejected
            case .permission: .permissionDenied
            case .timedOut: .timedOut
            case .disconnected, .serverShutdown: .disconnected
            case .server, .protocolViolation: .serverError
            }
        return SampleFailure(reason: reason, message: description, sqlstate: sqlstate)
    }
}

extension PostgresError {
    /// Kind and hint for an SQLSTATE. Class and code: the manual's appendix "PostgreSQL Error Codes".
    static func classify(sqlstate: String) -> (kind: Kind, hint: String) {
        switch sqlstate {
        case "28P01", "28000":
            (.authentication, "check user, password (or passfile) and the server's pg_hba.conf")
        case "3D000":
            (.noDatabase, "check the database's name")
        case "42501":
            (.permission, "grant the role what deploy/monitoring-role.sql grants (pg_monitor and CONNECT)")
        case "53300":
            (.refused, "free connections, or raise max_connections or the role's CONNECTION LIMIT")
        case "57P03":
            (.refused, "the server is starting up or shutting down; it will be tried again")
        case "53100", "53200", "53400":
            (.refused, "the server lacks disk, memory or another resource; see its log")
        case "57014":
            (.timedOut, "the server is slow to answer, or the query was cancelled there")
        case "55P03":
            (.timedOut, "somebody holds, or waits for, a conflicting lock")
        case "57P01", "57P02", "57P05", "25P03":
            (.serverShutdown, "see the server's log; it will be tried again")
        case "08P01":
            (.protocolViolation, "check that host and port are a PostgreSQL server or a pooler")
        default:
            sqlstate.hasPrefix("08") ? (.disconnected, "it will be tried again") : (.server, "see the server's log")
        }
    }
}
