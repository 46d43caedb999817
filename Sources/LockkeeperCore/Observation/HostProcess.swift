/// A process of the agent's own machine, as far as the agent may see it.
///
/// Source: proc(5), `/proc/PID/stat`, `/proc/PID/cmdline`, `/proc/PID/io`. Its environment is never read.
public struct HostProcess: Sendable, Hashable, Codable {
    public var pid: Int32
    public var parentPID: Int32
    /// Start by the agent's clock, exact to a hundredth of a second; with the pid, the identity of a process.
    public var startedAt: Timestamp
    /// The name that the kernel keeps, at most 15 bytes: `node`, `postgres`.
    public var name: String
    /// The arguments, of bounded length, with everything that may be a secret taken out: see `CommandLine`.
    public var command: String
    public var state: State
    /// CPU time of all of its threads since it started, user and system mode.
    public var cpu: Duration
    public var residentBytes: Int64
    public var threads: Int
    /// What it has read from and written to disk; `nil` where the agent may not know.
    public var disk: DiskUse?

    /// `state` of `/proc/PID/stat`.
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case running = "R"
        case sleeping = "S"
        /// Waits in the kernel and cannot be interrupted: nearly always for a disk.
        case waitingForDisk = "D"
        case zombie = "Z"
        /// By a signal, such as SIGSTOP.
        case stopped = "T"
        /// By a debugger.
        case traced = "t"
        case dead = "X"
        case idle = "I"
        case unknown = "?"

        /// For people.
        public var readable: String {
            switch self {
            case .running: "running"
            case .sleeping, .idle: "sleeping"
            case .waitingForDisk: "waiting for a disk"
            case .zombie, .dead: "dead"
            case .stopped: "stopped"
            case .traced: "stopped by a debugger"
            case .unknown: "in an unknown state"
            }
        }
    }

    /// Bytes that went to and came from storage, not the page cache.
    public struct DiskUse: Sendable, Hashable, Codable {
        public var readBytes: Int64
        public var writtenBytes: Int64

        public init(readBytes: Int64, writtenBytes: Int64) {
            self.readBytes = readBytes
            self.writtenBytes = writtenBytes
        }
    }

    public init(
        pid: Int32, parentPID: Int32 = 0, startedAt: Timestamp, name: String, command: String = "",
        state: State = .sleeping, cpu: Duration = .zero, residentBytes: Int64 = 0, threads: Int = 1,
        disk: DiskUse? = nil
    ) {
        self.pid = pid
        self.parentPID = parentPID
        self.startedAt = startedAt
        self.name = name
        self.command = command
        self.state = state
        self.cpu = cpu
        self.residentBytes = residentBytes
        self.threads = threads
        self.disk = disk
    }

    public var identity: Identity { Identity(pid: pid, startedAt: startedAt) }

    /// A pid is used again, a pid with its start is not.
    public struct Identity: Sendable, Hashable, Codable {
        public var pid: Int32
        public var startedAt: Timestamp

        public init(pid: Int32, startedAt: Timestamp) {
            self.pid = pid
            self.startedAt = startedAt
        }
    }
}
