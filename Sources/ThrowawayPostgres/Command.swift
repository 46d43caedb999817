internal import CSpawn
package import Glibc

/// A program to start with `posix_spawn`: no inherited descriptors, signals or working folder.
package struct Command: Sendable {
    /// Program (searched in PATH when it has no slash) and its arguments.
    package var arguments: [String]
    /// The working folder.
    package var folder = "/"
    /// Descriptor to be standard input; nil = /dev/null.
    package var input: Int32?
    /// File that standard output and error are appended to; nil = /dev/null.
    package var log: String?

    /// Detach from the terminal and the process group, so that Ctrl-C and a killed group do not reach the child.
    package var ownSession = false

    package init(
        arguments: [String], folder: String = "/", input: Int32? = nil, log: String? = nil, ownSession: Bool = false
    ) {
        self.arguments = arguments
        self.folder = folder
        self.input = input
        self.log = log
        self.ownSession = ownSession
    }

    /// Starts it. The caller must reap the process.
    package func spawn() throws(ThrowawayPostgresError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A server that kept one of our sockets or pipes open would outlive its purpose; not every library opens them
        // with O_CLOEXEC. A list of those that are open now would lack those that other threads open meanwhile.
        lockkeeper_spawn_close_from(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
        if ownSession { flags |= lockkeeper_spawn_set_session }
        posix_spawnattr_setflags(&attributes, flags)

        // Only what a server needs: PGDATA, PGPORT and the like must not reach initdb or postgres.
        let environment = ["PATH", "LD_LIBRARY_PATH", "TMPDIR"].compactMap { name -> String? in
            Environment.value(name).map { "\(name)=\($0)" }
        }
        var pid = pid_t()
        let command = ["/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder] + arguments
        let code = CStrings.with(command) { argv in
            CStrings.with(environment + ["LC_ALL=C"]) { envp in
                posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else {
            throw ThrowawayPostgresError(
                "cannot start \(arguments[0]): \(errorText(code))", hint: "check that it is installed and executable")
        }
        return pid
    }

    /// Starts it, waits for its end and returns its exit status (128 + signal when it was killed; 255 when it was
    /// killed here for taking longer than `seconds`).
    package func run(seconds: Int, started: (pid_t) -> Void = { _ in }) throws(ThrowawayPostgresError) -> Int32 {
        let pid = try spawn()
        started(pid)
        if let status = ChildProcess.reap(pid, seconds: seconds) { return status }
        kill(pid, SIGKILL)
        _ = ChildProcess.reap(pid, seconds: 10)
        return 255
    }
}

/// Waiting for a child of this process. Blocks: only for threads of `BlockingWork`.
package enum ChildProcess {
    /// Exit status (128 + signal) once the child has ended, or nil if it has not within `seconds`.
    package static func reap(_ pid: pid_t, seconds: Int) -> Int32? {
        var waited: useconds_t = 0
        repeat {
            if let status = ended(pid) { return status }
            usleep(2_000)
            waited += 2_000
        } while waited < useconds_t(seconds) * 1_000_000
        return ended(pid)
    }

    /// Exit status if the child has ended (or is none of ours any more), nil while it runs.
    package static func ended(_ pid: pid_t) -> Int32? {
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        if result == 0 { return nil }
        if result < 0 { return errno == EINTR ? nil : 255 }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// The names in a folder that are numbers.
    private static func numbers(in path: String) -> [Int32] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var numbers: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = Int32(name) { numbers.append(number) }
        }
        return numbers
    }

    /// A process and its direct children, read from `/proc` (proc(5), `stat`: pid, comm, state, ppid).
    static func family(of parent: pid_t) -> [pid_t] {
        var family = [parent]
        for pid in numbers(in: "/proc") {
            guard let stat = TextFile.read("/proc/\(pid)/stat") else { continue }
            // comm is in parentheses and may contain anything: fields are counted from the last one.
            guard let end = stat.lastIndex(of: ")") else { continue }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            if fields.count > 1, pid_t(fields[1]) == parent { family.append(pid) }
        }
        return family
    }
}

/// NULL-terminated arrays of C strings for `exec`.
enum CStrings {
    static func with<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("the array has at least its terminator") }
            return body(base)
        }
    }
}

/// The text of `errno` code `code`.
func errorText(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
