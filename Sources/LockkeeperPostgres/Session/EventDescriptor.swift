import CPostgres
import Glibc

/// Owner of an eventfd (eventfd(2)): a counter that threads can wait for and `poll` can watch.
struct EventDescriptor: ~Copyable, Sendable {
    let descriptor: Int32

    enum Kind {
        /// `wait` blocks, and takes one of the count.
        case semaphore
        /// For `poll`; `drain` takes the whole count.
        case pollable
    }

    /// - Throws: `PostgresError` when the process has no descriptor left.
    init(_ kind: Kind) throws(PostgresError) {
        descriptor = lockkeeper_eventfd(kind == .pollable ? 1 : 0)
        guard descriptor >= 0 else {
            throw PostgresError(
                kind: .exhausted, stage: .connect, message: "no file descriptor left for a database session",
                hint: "raise the limit of open files (LimitNOFILE)")
        }
    }

    deinit { close(descriptor) }

    /// Adds one to the count. Never blocks in practice: the count would have to reach 2⁶⁴−1.
    func signal() {
        var one: UInt64 = 1
        while write(descriptor, &one, 8) < 0 && errno == EINTR {}
    }

    /// Blocks until the count is positive, and takes one of it.
    func wait() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0 && errno == EINTR {}
    }

    /// Sets the count of a pollable descriptor to zero.
    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
