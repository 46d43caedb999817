import Glibc
import Synchronization

/// A thread that runs the jobs of one actor, one after the other, so that libpq may block it without taking a thread
/// from the cooperative pool.
final class SessionThread: SerialExecutor {
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isFinished = false
    }

    private let inbox = Mutex(Inbox())
    /// One count for each job and one for the end.
    private let news: EventDescriptor

    private init() throws(PostgresError) {
        news = try EventDescriptor(.semaphore)
    }

    /// Starts the thread. It lives until `finish`.
    static func start() throws(PostgresError) -> SessionThread {
        let executor = try SessionThread()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // Swift, libpq and OpenSSL need little; 100 targets have 200 such threads.
        pthread_attr_setstacksize(&attributes, 512 * 1024)
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(executor)
        let code = pthread_create(
            &thread, &attributes,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<SessionThread>.fromOpaque(pointer).takeRetainedValue().loop()
                return nil
            }, retained.toOpaque())
        guard code == 0 else {
            retained.release()
            throw PostgresError(
                kind: .exhausted, stage: .connect, message: "no thread left for a database session",
                hint: "raise the limit of processes and threads (TasksMax, ulimit -u)")
        }
        return executor
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        inbox.withLock { $0.jobs.append(job) }
        news.signal()
    }

    /// Ends the thread once the jobs that are waiting have run. For the actor's deinit: no jobs come after it.
    func finish() {
        inbox.withLock { $0.isFinished = true }
        news.signal()
    }

    private func loop() {
        // Signals are for the main thread.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while true {
            news.wait()
            let job = inbox.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
            guard let job else { return }
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }
}
