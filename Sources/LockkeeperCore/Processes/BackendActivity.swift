/// What a session's server process is doing, told from PostgreSQL's own word and, where it is local, from the kernel's.
public enum BackendActivity: Sendable, Hashable, Codable {
    /// It waits for a lock that another session holds.
    case waitingForLock
    /// It waits for its client: to send something, or to take what was sent.
    case waitingForClient
    /// It waits for a disk: PostgreSQL says so, or the kernel does (state D).
    case waitingForDisk
    /// It uses a processor: the share of one since the reading before.
    case computing(cores: Double)
    /// PostgreSQL says that it waits for something else: `IPC: ParallelFinish`, `Timeout: PgSleep`.
    case waiting(String)
    /// PostgreSQL says that it runs and waits for nothing; whether it computes cannot be seen from here.
    case busy(reason: String)
    /// It is stopped: by a signal or a debugger. Nothing of it will go on by itself.
    case stopped
}
