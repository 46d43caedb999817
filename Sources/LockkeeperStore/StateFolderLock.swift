internal import Glibc

/// Keeps a second agent off a state folder, for as long as it lives.
///
/// It is a `flock` on a file of its own: the kernel drops it when the process ends, however it ends, so that a crash leaves no
/// stale lock behind. The pid in the file is only for the message; the file itself stays, because removing it would let two
/// agents hold locks on two files of the same name.
final class StateFolderLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `locked` if another agent holds it, or why the lock file cannot be written.
    init(_ folder: StateFolder) throws(StoreError) {
        // Not inherited by programs that the agent starts: they would hold the lock on.
        let descriptor = Glibc.open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw folder.error(errno, cannot: "open \(folder.lockPath)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { Glibc.close(descriptor) }
            guard code == EWOULDBLOCK else { throw folder.error(code, cannot: "lock \(folder.lockPath)") }
            let owner = Self.readPID(descriptor).map { "the process \($0)" } ?? "another process"
            throw StoreError(
                code: .locked,
                message: "The state folder \(folder.path) is used by another lockkeeper agent, \(owner). "
                    + "Stop that one, or give this one a folder of its own with `state:`.")
        }
        self.descriptor = descriptor
        let pid = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, pid, pid.count, 0) == pid.count else {
            throw folder.error(errno, cannot: "write \(folder.lockPath)")
        }
    }

    deinit {
        Glibc.close(descriptor)
    }

    private static func readPID(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
