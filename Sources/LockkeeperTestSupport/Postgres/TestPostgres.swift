import Glibc
public import ThrowawayPostgres

/// A real PostgreSQL server for tests: one for each major version and test process, started when first asked for and
/// gone with the process.
public struct TestPostgres: Sendable {
    /// The server. Tests that suspend or restart it take one of their own: `ThrowawayPostgres.start`.
    public let server: ThrowawayPostgres

    /// The major versions to test with, the oldest first: each of 13 to 19 that Debian's folder `/usr/lib/postgresql/NN/bin` has or
    /// whose bin folder a variable such as `LOCKKEEPER_POSTGRES18_BIN` names. Where `CI` is set, 15 and 18 are always
    /// among them, so that a missing server fails the tests.
    public static let majors: [Int] = (13...19).filter { major in
        binFolder(major) != nil || (isCI && [15, 18].contains(major))
    }

    /// The programs of a major version.
    ///
    /// - Throws: `ThrowawayPostgresError` naming what is missing.
    public static func installation(_ major: Int) async throws -> PostgresInstallation {
        if let folder = binFolder(major) { return try PostgresInstallation(binFolder: folder) }
        return try await PostgresInstallation.find(major: major)
    }

    /// Whether tests with this version should run: it is there, or this is CI, where missing it is a failure. For
    /// `.enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)")`.
    public static func isWanted(_ major: Int = 15) -> Bool {
        isCI || binFolder(major) != nil
    }

    /// The shared server of a major version.
    public static func shared(_ major: Int = 15) async throws -> TestPostgres {
        TestPostgres(server: try await SharedServers.all.server(.init(major: major, hasStatistics: false)))
    }

    /// Runs `body` with a new, empty database of the shared server; it is dropped afterwards, whoever is still
    /// connected to it.
    ///
    /// - Parameter hasStatistics: whether the server has `pg_stat_statements` loaded: another server than without.
    public static func withDatabase<Value>(
        _ major: Int = 15, hasStatistics: Bool = false, isolation: isolated (any Actor)? = #isolation,
        _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        let shared = TestPostgres(
            server: try await SharedServers.all.server(.init(major: major, hasStatistics: hasStatistics)))
        let database = TestDatabase(server: shared.server, name: TestDatabase.newName())
        let admin = try await PsqlSession.connect(shared.server.dsn(), applicationName: "test-admin")
        try await admin.run("CREATE DATABASE \(database.name)")
        let result: Result<Value, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        _ = try? await admin.run("DROP DATABASE IF EXISTS \(database.name) WITH (FORCE)")
        await admin.close()
        return try result.get()
    }

    private static var isCI: Bool { environment("CI") != nil }

    private static func binFolder(_ major: Int) -> String? {
        if let named = environment("LOCKKEEPER_POSTGRES\(major)_BIN") { return named }
        let debian = "/usr/lib/postgresql/\(major)/bin"
        return access("\(debian)/initdb", X_OK) == 0 ? debian : nil
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

/// Starts each version's server once.
private actor SharedServers {
    static let all = SharedServers()

    struct Kind: Hashable {
        var major: Int
        var hasStatistics: Bool
    }

    private var starts: [Kind: Task<ThrowawayPostgres, any Error>] = [:]

    func server(_ kind: Kind) async throws -> ThrowawayPostgres {
        if let start = starts[kind] { return try await start.value }
        let start = Task {
            var settings = ["max_connections": "300"]
            if kind.hasStatistics { settings["shared_preload_libraries"] = "pg_stat_statements" }
            return try await ThrowawayPostgres.start(
                .init(installation: TestPostgres.installation(kind.major), loopback: true, settings: settings))
        }
        starts[kind] = start
        return try await start.value
    }
}
