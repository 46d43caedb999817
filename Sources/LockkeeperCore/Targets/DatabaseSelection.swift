/// Which of a server's databases are watched: whose migrations are followed and whose histories are read. Who is in a migration's
/// way, or waits behind it, counts wherever it is.
public enum DatabaseSelection: Sendable, Hashable {
    /// The one that the connection string leads to.
    case connected
    /// These, at least one.
    case named([String])
    /// All of the server.
    case all

    /// Whether a database is one of them.
    ///
    /// - Parameter connected: the database that the connection string leads to.
    public func contains(_ database: String, connected: String) -> Bool {
        names(connected: connected)?.contains(database) ?? true
    }

    /// Their names; `nil` for all.
    ///
    /// - Parameter connected: the database that the connection string leads to.
    public func names(connected: String) -> [String]? {
        switch self {
        case .connected: [connected]
        case .named(let names): names
        case .all: nil
        }
    }
}
