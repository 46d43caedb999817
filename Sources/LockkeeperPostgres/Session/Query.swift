/// A statement with its parameters. The SQL is a constant of the program; values travel as parameters.
public struct Query: Sendable, Hashable {
    /// Names it in errors, and as a prepared statement on the server.
    public var name: String
    /// One statement; parameters are `$1::type`.
    public var sql: String
    /// In PostgreSQL's text format; `nil` is NULL.
    public var parameters: [String?]

    public init(name: String, sql: String, parameters: [String?] = []) {
        self.name = name
        self.sql = sql
        self.parameters = parameters
    }
}
