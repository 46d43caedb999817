import Synchronization
public import ThrowawayPostgres

/// An empty database of one test.
public struct TestDatabase: Sendable {
    public let server: ThrowawayPostgres
    public let name: String

    /// A database that is there, of a test's own server.
    public init(server: ThrowawayPostgres, name: String) {
        self.server = server
        self.name = name
    }

    /// Connects over the Unix socket as the superuser, or as `user`.
    public func dsn(user: String = "postgres") -> String { server.dsn(database: name, user: user) }

    /// Connects over 127.0.0.1, with the superuser's password.
    public var loopbackDSN: String { server.loopbackDSN(database: name) }

    /// A client of the database that may do anything.
    public func session(as applicationName: String = "test", user: String = "postgres") async throws -> PsqlSession {
        try await PsqlSession.connect(dsn(user: user), applicationName: applicationName)
    }

    private static let counter = Mutex(0)

    static func newName() -> String {
        "test_"
            + String(
                counter.withLock {
                    $0 += 1; return $0
                })
    }
}
