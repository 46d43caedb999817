package import Glibc
import Synchronization

/// A temporary folder that cannot outlive this process, nor can the server in it.
///
/// A small shell, the janitor, waits for the end of a connection whose other end only this process holds. However we end
/// (also by kill -9), the kernel closes it; the janitor then stops the server and removes the folder. `PDEATHSIG`
/// would not do: it fires when the *thread* that forked ends, and it removes no folder.
package final class ServerFolder: Sendable {
    package let path: String
    private let janitor: pid_t
    /// Our end of the connection; -1 once closed.
    private let lifeline: Mutex<Int32>

    /// $1 is the folder. Each line read is the pid of the process to end (initdb, then the postmaster), or "" for none.
    /// Signals that could take the janitor with its parent are ignored. A zombie counts as ended: only its parent can
    /// reap it. SIGQUIT is PostgreSQL's immediate shutdown; SIGCONT lets a suspended server take it.
    private static let script = """
        trap '' HUP INT TERM QUIT
        pid=
        while read -r line; do pid=$line; done
        alive() { state=; [ -n "$1" ] && read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" && [ "$state" != Z ]; }
        family() {
            echo "$1"
            for stat in /proc/[0-9]*/stat; do
                { read -r child _ _ parent _ <"$stat" && [ "$parent" = "$1" ] && echo "$child"; } 2>/dev/null
            done
        }
        if alive "$pid"; then
            kill -QUIT "$pid"; kill -CONT $(family "$pid")
            n=0
            while alive "$pid" && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
            if alive "$pid"; then kill -KILL $(family "$pid"); fi
        fi 2>/dev/null
        rm -rf -- "$1"
        """

    /// Makes the folder, owned by `user` and closed to everybody else, and starts its janitor.
    package init(for user: ServerUser) throws(ThrowawayPostgresError) {
        // Under /tmp whatever TMPDIR says: a Unix socket's path must fit in 107 bytes (unix(7)).
        var template = Array("/tmp/lockkeeper-pg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ThrowawayPostgresError(
                "cannot make a folder in /tmp: \(errorText(errno))", hint: "check its permissions and free space")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var ends: [Int32] = [-1, -1]
        // A pair of sockets rather than a pipe: SOCK_CLOEXEC leaves no instant in which a forked child could inherit it.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            rmdir(path)
            throw ThrowawayPostgresError(
                "cannot make a pair of sockets: \(errorText(errno))", hint: "raise the limit of open files")
        }
        defer { close(ends[0]) }
        do throws(ThrowawayPostgresError) {
            try user.own(path)
            janitor = try Command(
                arguments: ["/bin/sh", "-c", Self.script, "lockkeeper-janitor", path], input: ends[0], ownSession: true
            ).spawn()
        } catch {
            close(ends[1])
            rmdir(path)
            throw error
        }
        self.path = path
        lifeline = Mutex(ends[1])
    }

    deinit {
        lifeline.withLock { if $0 >= 0 { close($0) } }
        // Reaped so that no zombie stays; a thread of its own, since the janitor may take seconds.
        let janitor = janitor
        Task.detached { try? await BlockingWork.run { _ = ChildProcess.reap(janitor, seconds: 60) } }
    }

    /// Tells the janitor which process to end with us; nil = none.
    package func guardProcess(_ pid: pid_t?) {
        let line = Array("\(pid.map(String.init) ?? "")\n".utf8)
        lifeline.withLock { end in
            // A few bytes into an empty socket: never blocks. Should the janitor be gone, no SIGPIPE either.
            if end >= 0 { _ = line.withUnsafeBytes { send(end, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } }
        }
    }

    /// Has the janitor stop what is left and remove the folder; waits until it is gone. Blocks.
    package func remove() {
        let open = lifeline.withLock { end in
            defer { end = -1 }
            return end >= 0 && close(end) == 0
        }
        if open { _ = ChildProcess.reap(janitor, seconds: 60) }
    }
}
