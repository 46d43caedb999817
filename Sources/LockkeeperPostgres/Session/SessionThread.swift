import Glibc

/// A thread that runs the jobs of one actor, one after the other, so that libpq may block it without taking a thread
/// from the cooperative pool.
final class SessionThread: SerialExecutor {
    private let inbox = Inbox()
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
        inbox.append(job)
        news.signal()
    }

    /// Ends the thread once the jobs that are waiting have run. For the actor's deinit: no jobs come after it.
    func finish() {
        news.signal()
    }

    private func loop() {
        // Signals are for the main thread.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while true {
            news.wait()
            guard let job = inbox.removeFirst() else { return }
            job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }
}

/// The jobs that wait for the thread. The lock is pthread's, which the thread sanitizer knows; it does not see that of `Synchronization`
/// on Linux and takes what that guards for a race.
// @unchecked: `jobs` is touched between lock and unlock only.
private final class Inbox: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var jobs: [UnownedJob] = []

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func append(_ job: UnownedJob) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        jobs.append(job)
    }

    func removeFirst() -> UnownedJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return jobs.isEmpty ? nil : jobs.removeFirst()
    }
}
