import Glibc
import LockkeeperTestSupport
import ThrowawayPostgres

/// pgbench with a script, at a steady rate until it is stopped.
final class QueryLoad {
    private let pid: pid_t

    /// - Parameters:
    ///   - script: pgbench's, such as `SELECT :id`.
    ///   - rate: transactions a second.
    init(_ database: TestDatabase, installation: PostgresInstallation, script: String, rate: Int, clients: Int = 2)
        throws
    {
        let path = "/tmp/lockkeeper-load-\(getpid())-\(database.name).sql"
        guard let file = fopen(path, "w") else { throw TestFailure("\(path) cannot be written") }
        fputs(script, file)
        fclose(file)
        let arguments = [
            "\(installation.binFolder)/pgbench", "--no-vacuum", "--client=\(clients)", "--rate=\(rate)", "--time=3600",
            "--file=\(path)", database.dsn(),
        ]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in [1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, arguments[0], &actions, nil, &words, environ)
        guard status == 0 else { throw TestFailure("pgbench does not start: \(status)") }
        pid = child
    }

    func stop() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
