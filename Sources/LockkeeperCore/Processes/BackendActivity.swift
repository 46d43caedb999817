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

    /// From which share of a processor on a process counts as computing: above what the clock's ticks blur.
    static let computingFrom = 0.05

    /// - Parameters:
    ///   - session: what PostgreSQL says.
    ///   - server: what the kernel says, if the server is local.
    ///   - cores: the CPU time that the process used between two readings, divided by the time between them; `nil` before the second.
    public init(_ session: Session, server: BackendReading.ServerProcess?, cores: Double?) {
        let process = server?.process
        if let state = process?.state, state == .stopped || state == .traced {
            self = .stopped
            return
        }
        switch session.waitEventType {
        case "Lock": self = .waitingForLock
        case "Client": self = .waitingForClient
        case "IO", "BufferIO": self = .waitingForDisk
        case let type?: self = .waiting("\(type): \(session.waitEvent ?? "?")")
        case nil where session.state != .active && session.state != .fastpath:
            // Between two statements; the wait event is unset for an instant, or hidden from the agent's role.
            self = .waitingForClient
        case nil:
            guard let process else {
                switch server {
                case .unknown(let reason): self = .busy(reason: reason)
                default: self = .busy(reason: "its process has not been looked at")
                }
                return
            }
            if process.state == .waitingForDisk {
                self = .waitingForDisk
            } else if let cores, cores >= Self.computingFrom {
                self = .computing(cores: cores)
            } else if process.state == .running {
                self = .computing(cores: cores ?? 1)
            } else {
                self = .busy(reason: "its process sleeps, and PostgreSQL does not say what for")
            }
        }
    }

    /// For people: `waits for a disk`.
    public var readable: String {
        switch self {
        case .waitingForLock: "waits for a lock"
        case .waitingForClient: "waits for its client"
        case .waitingForDisk: "waits for a disk"
        case .computing(let cores): "computes, \(Int((cores * 100).rounded())) % of a processor"
        case .waiting(let event): "waits (\(event))"
        case .busy(let reason): "is busy (\(reason))"
        case .stopped: "is stopped by a signal or a debugger"
        }
    }
}
