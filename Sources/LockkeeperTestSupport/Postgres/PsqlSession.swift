public import LockkeeperPostgres

/// A client that makes situations for tests, as a person at psql would: any SQL, with transactions left open or statements
/// left waiting.
public struct PsqlSession: Sendable {
    private let session: PostgresSession
    /// The server process.
    public let pid: Int32

    /// - Parameter applicationName: how the session shows in `pg_stat_activity`.
    public static func connect(_ dsn: String, applicationName: String = "test") async throws -> PsqlSession {
        let session = try await PostgresSession.connect(
            to: DSN(dsn), as: .client(applicationName: applicationName), within: .seconds(20))
        return PsqlSession(session: session, pid: try await session.facts.backendPID)
    }

    /// Runs SQL, several statements included, and returns the rows of the last one.
    @discardableResult
    public func run(_ sql: String) async throws -> Rows {
        guard let rows = try await session.execute(sql).last else {
            throw TestFailure("no statement in \(sql)")
        }
        return rows
    }

    /// The first value of the last statement, or `nil` where there is no row or it is NULL.
    public func value(_ sql: String) async throws -> String? {
        try await run(sql).first?.text(0)
    }

    /// Starts SQL that will wait (for a lock, say) and returns at once. Cancelling the task cancels it on the server and
    /// closes the session.
    public func start(_ sql: String) -> Task<Rows, any Error> {
        Task { try await run(sql) }
    }

    /// Waits until this session waits for a lock, as another session sees it.
    public func waitUntilBlocked(seenBy observer: PsqlSession) async throws {
        try await eventually("session \(pid) waits for a lock") {
            try await observer.value("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = \(pid)") == "t"
        }
    }

    public func close() async { await session.close() }
}
