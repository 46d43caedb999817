import Glibc
public import ThrowawayPostgres

/// A pgbouncer in front of a throwaway server, for tests of what a pooler changes.
public final class TestPgBouncer: Sendable {
    private let files: ServerFolder
    private let process: pid_t

    /// Whether the program is there; in CI it has to be.
    public static var isWanted: Bool { getenv("CI") != nil || access("/usr/sbin/pgbouncer", X_OK) == 0 }

    /// Starts it on a Unix socket and waits until it answers.
    ///
    /// - Parameters:
    ///   - mode: `transaction`, `session` or `statement`.
    ///   - settings: more lines of its `[pgbouncer]` section.
    public static func start(
        before server: ThrowawayPostgres, mode: String, settings: [String] = []
    ) async throws -> TestPgBouncer {
        let bouncer = try await BlockingWork.run { try TestPgBouncer(before: server, mode: mode, settings: settings) }
        try await eventually("pgbouncer answers") {
            (try? await PsqlSession.connect(bouncer.dsn(database: "postgres"))) != nil
        }
        return bouncer
    }

    private init(before server: ThrowawayPostgres, mode: String, settings: [String]) throws {
        let user = try ServerUser.choose()
        files = try ServerFolder(for: user)
        let users = "\(files.path)/users"
        try TextFile.append("\"postgres\" \"\"\n", to: users)
        try user.own(users)
        let configuration = "\(files.path)/pgbouncer.ini"
        try TextFile.append(
            """
            [databases]
            * = host=\(server.folder) port=\(server.port)
            [pgbouncer]
            listen_addr =
            listen_port = 6432
            unix_socket_dir = \(files.path)
            auth_type = trust
            auth_file = \(users)
            pool_mode = \(mode)
            default_pool_size = 2

            """ + settings.map { $0 + "\n" }.joined(), to: configuration)
        try user.own(configuration)
        process = try Command(
            arguments: user.command(["/usr/sbin/pgbouncer", configuration]), folder: files.path,
            log: "\(files.path)/log", ownSession: true
        ).spawn()
        files.guardProcess(process)
    }

    /// A connection string that leads through it.
    public func dsn(database: String) -> String {
        "host=\(files.path) port=6432 user=postgres dbname=\(database)"
    }

    /// Ends it and removes its files.
    public func stop() async {
        try? await BlockingWork.run { [files, process] in
            kill(process, SIGTERM)
            _ = ChildProcess.reap(process, seconds: 10)
            files.guardProcess(nil)
            files.remove()
        }
    }
}
