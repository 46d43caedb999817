import Glibc

/// A PostgreSQL server of one's own in a temporary folder, for demonstrations and tests: started in about a second, gone
/// without a trace when stopped, forgotten, or when this process ends, however it ends.
public actor ThrowawayPostgres {
    /// What kind of server to start.
    public struct Options: Sendable {
        /// Which programs; nil = `PostgresInstallation.find()`.
        public var installation: PostgresInstallation?
        /// Also listen on 127.0.0.1, where a password is asked for; otherwise only on a Unix socket.
        public var loopback: Bool
        /// Server settings besides those of a throwaway, such as `["max_connections": "300"]`; they win.
        public var settings: [String: String]

        /// Options; the defaults suit a demonstration.
        public init(
            installation: PostgresInstallation? = nil, loopback: Bool = false, settings: [String: String] = [:]
        ) {
            self.installation = installation
            self.loopback = loopback
            self.settings = settings
        }
    }

    /// How the server is told to end (the manual, "Shutting Down the Server").
    public enum Shutdown: Sendable {
        /// Sessions are cut off and rolled back, a checkpoint is written.
        case fast
        /// At once; the next start recovers from the log, as after a crash.
        case immediate
    }

    /// The programs it runs.
    public nonisolated let installation: PostgresInstallation
    /// The port, of the socket file's name and of the loopback address.
    public nonisolated let port: Int
    /// The password of the superuser `postgres`, asked for on the loopback address only.
    public nonisolated let password: String

    private nonisolated let files: ServerFolder
    private nonisolated let user: ServerUser
    private var postmaster: pid_t?
    private var suspended = false

    /// The folder that holds socket, data and log; only the server's user (and root) may enter it.
    public nonisolated var folder: String { files.path }
    /// The data directory.
    public nonisolated var dataFolder: String { "\(files.path)/data" }

    /// Makes a cluster and starts it; returns when it accepts connections.
    ///
    /// - Throws: `ThrowawayPostgresError`; nothing is left behind then.
    public static func start(_ options: Options = Options()) async throws -> ThrowawayPostgres {
        let installation: PostgresInstallation
        if let given = options.installation {
            installation = given
        } else {
            installation = try await PostgresInstallation.find()
        }
        let server = try await BlockingWork.run {
            let user = try ServerUser.choose()
            return try ThrowawayPostgres(
                installation: installation, port: options.loopback ? freePort() : 5432, password: randomPassword(),
                files: ServerFolder(for: user), user: user)
        }
        do {
            try await BlockingWork.run { try server.initialize(options) }
            try await server.bringUp()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    private init(
        installation: PostgresInstallation, port: Int, password: String, files: ServerFolder, user: ServerUser
    ) {
        self.installation = installation
        self.port = port
        self.password = password
        self.files = files
        self.user = user
    }

    deinit {
        // The folder's own deinit has the janitor end the server; the postmaster, our child, must be reaped besides.
        if let postmaster {
            Task.detached { try? await BlockingWork.run { _ = ChildProcess.reap(postmaster, seconds: 60) } }
        }
    }

    // MARK: Reaching it

    /// A libpq connection string for the Unix socket, where no password is asked for. Values need no quoting unless
    /// they contain spaces, quotes or backslashes.
    public nonisolated func dsn(database: String = "postgres", user: String = "postgres") -> String {
        "host=\(files.path) port=\(port) dbname=\(database) user=\(user)"
    }

    /// The same as a URL, for `DATABASE_URL`.
    public nonisolated func url(database: String = "postgres", user: String = "postgres") -> String {
        let host = files.path.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2F")
        return "postgresql://\(user)@/\(database)?host=\(host)&port=\(port)"
    }

    /// A libpq connection string for 127.0.0.1; only where `Options.loopback` was asked for.
    public nonisolated func loopbackDSN(database: String = "postgres") -> String {
        "host=127.0.0.1 port=\(port) dbname=\(database) user=postgres password=\(password)"
    }

    /// The end of the server's log.
    public nonisolated func log(last bytes: Int = 4096) -> String {
        TextFile.read("\(files.path)/log", last: bytes) ?? ""
    }

    // MARK: Its life

    /// Starts the server in the existing cluster, after `shutDown`; returns when it accepts connections.
    ///
    /// - Throws: `ThrowawayPostgresError` with the end of the server's log.
    public func bringUp() async throws {
        guard postmaster == nil else { return }
        let pid = try await BlockingWork.run { [self] in try launch() }
        postmaster = pid
    }

    /// Ends the server and keeps its cluster; `bringUp` starts it again.
    public func shutDown(_ shutdown: Shutdown = .fast) async {
        guard let pid = postmaster else { return }
        postmaster = nil
        suspended = false
        try? await BlockingWork.run { [files] in
            kill(pid, shutdown == .fast ? SIGINT : SIGQUIT)
            for member in ChildProcess.family(of: pid) { kill(member, SIGCONT) }
            if ChildProcess.reap(pid, seconds: 20) == nil {
                for member in ChildProcess.family(of: pid) { kill(member, SIGKILL) }
                _ = ChildProcess.reap(pid, seconds: 10)
            }
            files.guardProcess(nil)
        }
    }

    /// Ends the server and starts it again on the same port and socket.
    public func restart(_ shutdown: Shutdown = .fast) async throws {
        await shutDown(shutdown)
        try await bringUp()
    }

    /// Ends the server (immediate shutdown) and removes everything; idempotent.
    public func stop() async {
        await shutDown(.immediate)
        try? await BlockingWork.run { [files] in files.remove() }
    }

    /// Stops the server and all its processes with SIGSTOP: connections stay open and nothing answers any more, as with
    /// a hung machine.
    public func suspend() async {
        guard let postmaster, !suspended else { return }
        suspended = true
        // The postmaster first, so that it starts no new process meanwhile.
        for member in ChildProcess.family(of: postmaster) { kill(member, SIGSTOP) }
    }

    /// Lets a suspended server go on.
    public func resume() async {
        guard let postmaster, suspended else { return }
        suspended = false
        for member in ChildProcess.family(of: postmaster) { kill(member, SIGCONT) }
    }

    /// The postmaster's process id; nil while the server is down.
    public var processID: Int32? { postmaster }

    // MARK: Making it

    private nonisolated func initialize(_ options: Options) throws {
        let passwordFile = "\(files.path)/password"
        try TextFile.append(password + "\n", to: passwordFile)
        try user.own(passwordFile)
        let log = "\(files.path)/log"
        let initdb = Command(
            arguments: user.command([
                "\(installation.binFolder)/initdb", "--pgdata=\(dataFolder)", "--username=postgres",
                "--pwfile=\(passwordFile)", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8",
                "--locale=C", "--no-sync",
            ]), folder: files.path, log: log)
        let status = try initdb.run(seconds: 60) { files.guardProcess($0) }
        files.guardProcess(nil)
        unlink(passwordFile)
        guard status == 0 else {
            throw ThrowawayPostgresError(
                "initdb of PostgreSQL \(installation.version) failed with status \(status)",
                hint: user.identity.map {
                    "see its output; user \($0.name), which it runs as, must be able to reach \(installation.binFolder)"
                } ?? "see its output", log: self.log())
        }
        // Nothing has to survive a crash of the machine, so nothing waits for the disk.
        var settings = [
            "listen_addresses": options.loopback ? "127.0.0.1" : "",
            "unix_socket_directories": files.path,
            "port": String(port),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "max_wal_size": "256MB",
            "min_wal_size": "32MB",
            "max_prepared_transactions": "10",
            // In the folder rather than in /dev/shm, so that a server killed with -9 leaves nothing there.
            "dynamic_shared_memory_type": "mmap",
            "logging_collector": "off",
        ]
        settings.merge(options.settings) { $1 }
        let lines = settings.sorted { $0.key < $1.key }.map { name, value in
            "\(name) = '\(value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'\n"
        }
        try TextFile.append(lines.joined(), to: "\(dataFolder)/postgresql.conf")
    }

    /// Starts the postmaster and waits until it is ready. Blocks.
    private nonisolated func launch() throws -> pid_t {
        let pid = try Command(
            arguments: user.command(["\(installation.binFolder)/postgres", "-D", dataFolder]),
            folder: files.path, log: "\(files.path)/log", ownSession: true
        ).spawn()
        files.guardProcess(pid)
        for _ in 0..<15_000 {
            if let status = ChildProcess.ended(pid) {
                files.guardProcess(nil)
                throw ThrowawayPostgresError(
                    "the PostgreSQL \(installation.version) server ended at once with status \(status)",
                    hint: "see its log", log: log())
            }
            // The first line of postmaster.pid is the pid, the eighth the status: what pg_ctl -w looks at
            // (src/include/utils/pidfile.h).
            let lines = (TextFile.read("\(dataFolder)/postmaster.pid") ?? "").split(
                separator: "\n", omittingEmptySubsequences: false)
            if lines.count >= 8, lines[0] == String(pid), lines[7].hasPrefix("ready") { return pid }
            usleep(2_000)
        }
        kill(pid, SIGQUIT)
        _ = ChildProcess.reap(pid, seconds: 10)
        files.guardProcess(nil)
        throw ThrowawayPostgresError(
            "the PostgreSQL \(installation.version) server was not ready within 30 s", hint: "see its log", log: log())
    }
}

/// A TCP port of 127.0.0.1 that nothing listened on a moment ago.
private func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
        }
    }
    guard bound else {
        throw ThrowawayPostgresError(
            "no free port on 127.0.0.1: \(errorText(errno))", hint: "check that the loopback interface is up")
    }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// 32 hexadecimal digits from the system's random source.
private func randomPassword() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in String(Int.random(in: 0..<16, using: &generator), radix: 16) }.joined()
}
