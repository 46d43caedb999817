/// What one look at this machine's processes saw of the migration tools and of the server's backends.
public struct ProcessReading: Sendable, Hashable, Codable {
    /// The agent's clock.
    public var takenAt: Timestamp
    /// The sessions that were asked about, each with what is known of its two ends.
    public var backends: [BackendReading]
    /// Processes that by their command line are a migration tool at work, that no session asked about is tied to, and that belong to this
    /// target by the rule of `UnconnectedTool`.
    public var unconnected: [ToolProcess]
    /// What could not be looked at, a sentence each: missing privileges, more processes than the budget allows.
    public var limits: [String]

    public init(
        takenAt: Timestamp, backends: [BackendReading] = [], unconnected: [ToolProcess] = [], limits: [String] = []
    ) {
        self.takenAt = takenAt
        self.backends = backends
        self.unconnected = unconnected
        self.limits = limits
    }
}

/// What is known on this machine of a session: the server's process, and the client's.
public struct BackendReading: Sendable, Hashable, Codable {
    public var session: SessionIdentity
    /// The tool of the run that the session works for; `nil` for a session in the way of a run.
    public var tool: String?
    public var server: ServerProcess
    public var client: ClientProcess

    public init(session: SessionIdentity, tool: String?, server: ServerProcess, client: ClientProcess) {
        self.session = session
        self.tool = tool
        self.server = server
        self.client = client
    }

    /// The tool that the client's process is counted for: that of its run, or, where the database shows none, that of its command line. `nil`
    /// if it works for no run, or only passes on what others send.
    public var clientTool: String? {
        guard let tool, case .found(_, let program) = client else { return nil }
        return switch program {
        case .relay: nil
        case .tool(let other) where tool == MigrationTool.manual: other
        case .tool, .other: tool
        }
    }

    /// The server's end of a session.
    public enum ServerProcess: Sendable, Hashable, Codable {
        /// Verified: the pid is a PostgreSQL process that began when the session did. With where it sleeps in the kernel
        /// (`/proc/PID/wchan`), where the agent may know.
        case found(HostProcess, sleepsIn: String?)
        /// Why nothing is known, for people: the server is elsewhere, or in another pid namespace.
        case unknown(reason: String)

        public var process: HostProcess? {
            if case .found(let process, _) = self { process } else { nil }
        }
    }

    /// The client's end of a session.
    public enum ClientProcess: Sendable, Hashable, Codable {
        /// It holds the other end of the session's socket. `program` says what its command line shows.
        case found(HostProcess, program: Program)
        /// The socket has no other end any more; the evidence is a sentence for people.
        case gone(evidence: String)
        /// The connection stands, but which process holds its other end cannot be known: it is on another machine, or may not be looked at.
        case connected(reason: String)
        /// Nothing is known, and why, for people.
        case unknown(reason: String)

        public var process: HostProcess? {
            if case .found(let process, _) = self { process } else { nil }
        }

        public var goneEvidence: String? {
            if case .gone(let evidence) = self { evidence } else { nil }
        }
    }

    /// What a process is, by its command line.
    public enum Program: Sendable, Hashable, Codable {
        /// A migration tool at work: its `id` in the catalogue of tools.
        case tool(String)
        /// It passes on what others send (a pooler, a tunnel): who is behind it, and whether they still are, is not known.
        case relay
        case other
    }
}

/// A process that by its command line is a migration tool at work.
public struct ToolProcess: Sendable, Hashable, Codable {
    /// The `id` of the tool in the catalogue of tools.
    public var tool: String
    public var process: HostProcess

    public init(tool: String, process: HostProcess) {
        self.tool = tool
        self.process = process
    }
}
