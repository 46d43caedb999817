/// Reads what libpq says about a connection that failed. There is no other access to its parts than the text, which libpq
/// writes in English (this process never calls `setlocale`); the server's part carries the SQLSTATE because of
/// `PQERRORS_VERBOSE`, as in `FATAL:  28P01: password authentication failed`.
struct ConnectFailure {
    private let sqlstate: String?
    private let message: String

    init(_ said: String) {
        var sqlstate: String?
        var lines: [String] = []
        for line in said.split(whereSeparator: \.isNewline) where !line.hasPrefix("LOCATION:") {
            var text = String(line)
            if let (code, rest) = Self.code(in: text) {
                sqlstate = code
                text = rest
            }
            // With sslmode=prefer the same refusal comes twice.
            if !lines.contains(text) { lines.append(text) }
        }
        self.sqlstate = sqlstate
        message = lines.joined(separator: "\n")
    }

    /// Finds `:  XXXXX: ` and cuts the code out.
    private static func code(in line: String) -> (code: String, rest: String)? {
        var search = line[...]
        while let mark = search.firstRange(of: ":  ") {
            let tail = search[mark.upperBound...]
            let code = tail.prefix(5)
            if code.utf8.count == 5, code.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                tail.dropFirst(5).hasPrefix(": ")
            {
                return (String(code), "\(line[..<mark.lowerBound]): \(tail.dropFirst(7))")
            }
            search = tail
        }
        return nil
    }

    func error(server: String, redaction: Redaction) -> PostgresError {
        let (kind, hint) = sqlstate.map { fromServer($0) } ?? fromLibpq()
        let text = redaction.clean(kind == .invalidDSN ? DSN.withoutQuotes(message) : message)
        return PostgresError(
            kind: kind, stage: .connect, sqlstate: sqlstate, message: text.isEmpty ? "no connection" : text, hint: hint,
            server: server)
    }

    private func fromServer(_ sqlstate: String) -> (PostgresError.Kind, String) {
        if sqlstate == "42501" { return (.noDatabase, "grant the role CONNECT on the database") }
        return PostgresError.classify(sqlstate: sqlstate)
    }

    private static let signs: [(texts: [String], kind: PostgresError.Kind, hint: String)] = [
        (
            ["could not translate host name", "could not parse network address", "Name or service not known"],
            .unreachable, "check the host's name and its resolution"
        ),
        (
            ["Connection refused", "Is the server running", "No route to host", "Network is unreachable"], .unreachable,
            "check host and port, and that the server runs and listens there"
        ),
        (
            ["SSL", "certificate", "TLS", "private key file"], .tls,
            "check sslmode and the certificate files of the connection string, and the server's ssl setting"
        ),
        (
            ["no password supplied", "authentication method", "SCRAM", "channel binding", "GSSAPI"], .authentication,
            "check user, password (or passfile) and the server's pg_hba.conf"
        ),
        (
            ["read-only", "hot standby"], .wrongServer,
            "check target_session_attrs, or name the server that fits it"
        ),
        (
            ["invalid response", "expected authentication", "unsupported frontend protocol"], .protocolViolation,
            "check that host and port are a PostgreSQL server or a pooler"
        ),
        (
            ["invalid", "could not match", "definition of service"], .invalidDSN, "correct the connection string"
        ),
        (
            ["server closed the connection", "could not receive data", "could not send", "Connection reset"],
            .disconnected, "it will be tried again"
        ),
        (
            ["timeout expired", "timed out"], .timedOut,
            "check firewalls in between, and that the server is not stopped"
        ),
    ]

    private func fromLibpq() -> (PostgresError.Kind, String) {
        for sign in Self.signs where sign.texts.contains(where: { message.contains($0) }) {
            return (sign.kind, sign.hint)
        }
        return (.unreachable, "check host and port, and that the server runs and listens there")
    }
}
