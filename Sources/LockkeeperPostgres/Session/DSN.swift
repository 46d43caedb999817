import CPostgres

/// A libpq connection string: `postgresql://…` or `key=value …` (the manual, "Connection Strings").
///
/// Holds secrets; printing it in any way shows host, port, database and user only.
public struct DSN: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The connection string as given. Contains secrets.
    let text: String
    /// What the string itself says, without the defaults of environment and service file.
    let parameters: [String: String]

    /// Parses with libpq's own parser.
    ///
    /// - Throws: `PostgresError` of kind `invalidDSN`, which quotes nothing of the string that could be a secret.
    public init(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0) else { throw Self.invalid("it contains a NUL character") }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            let said = message.map { String(cString: $0) } ?? "out of memory"
            PQfreemem(message)
            throw Self.invalid(Self.withoutQuotes(said))
        }
        defer { PQconninfoFree(options) }
        self.text = text
        self.parameters = Self.values(options)
    }

    private init(text: String, parameters: [String: String]) {
        self.text = text
        self.parameters = parameters
    }

    /// The database that the string names; `nil` where it is left to environment, service file or the user's name.
    public var database: String? { override["dbname"] ?? parameters["dbname"] }

    /// The same server with another database.
    public func with(database: String) -> DSN {
        // A later keyword wins over the expanded string.
        var copy = DSN(text: text, parameters: parameters)
        copy.override["dbname"] = database
        return copy
    }

    /// Keywords that win over the string.
    var override: [String: String] = [:]

    /// Host, port, database and user, as far as the string says them.
    public var description: String { Self.describe(parameters.merging(override) { $1 }) }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["server": description]) }

    /// One line of host, port, database and user.
    static func describe(_ parameters: [String: String]) -> String {
        let host = parameters["host"] ?? parameters["hostaddr"]
        return [
            host.map { "host=\($0)" }, parameters["port"].map { "port=\($0)" },
            parameters["dbname"].map { "dbname=\($0)" }, parameters["user"].map { "user=\($0)" },
            host == nil ? parameters["service"].map { "service=\($0)" } : nil,
        ].compactMap { $0 }.joined(separator: " ")
    }

    /// The values that must never be shown.
    static func secrets(of parameters: [String: String]) -> [String] {
        ["password", "sslpassword", "oauth_client_secret"].compactMap { parameters[$0] }.filter { !$0.isEmpty }
    }

    /// The values that libpq knows, by keyword.
    static func values(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, value.pointee != 0 {
                values[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return values
    }

    private static func invalid(_ message: String) -> PostgresError {
        PostgresError(
            kind: .invalidDSN, stage: .dsn, message: message,
            hint: "write postgresql://user:password@host:5432/database, special characters percent-encoded, "
                + "or host=… port=… dbname=… user=…")
    }

    /// libpq quotes what it could not understand, which may be part of a password with an unescaped space or `&`. A quoted
    /// word stays only if it is nearly a keyword: then it is a typing error, and the keyword is named too.
    static func withoutQuotes(_ message: String) -> String {
        var parts = message.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        for index in stride(from: 1, to: parts.count, by: 2) {
            if let keyword = keywords.min(by: { distance($0, parts[index]) < distance($1, parts[index]) }),
                distance(keyword, parts[index]) <= 2
            {
                parts[index] =
                    keyword == parts[index] ? "\"\(keyword)\"" : "\"\(parts[index])\" (did you mean \(keyword)?)"
            } else {
                parts[index] = "\"…\""
            }
        }
        return parts.joined().split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    private static let keywords: [String] = {
        guard let options = PQconndefaults() else { return [] }
        defer { PQconninfoFree(options) }
        var keywords: [String] = []
        var option = options
        while let keyword = option.pointee.keyword {
            keywords.append(String(cString: keyword))
            option += 1
        }
        return keywords
    }()

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        guard right.count < 40 else { return .max }
        var row = Array(0...right.count)
        for (i, a) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = Swift.min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
