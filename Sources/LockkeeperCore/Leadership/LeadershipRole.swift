/// What an agent is, of several that watch the same target: the one that tells people of it, or one that would take over.
public enum LeadershipRole: Sendable, Hashable {
    /// Not known yet: seconds at most after the start. What is to be told waits for so long.
    case undecided
    /// It holds the target's lock.
    case leading
    /// Another agent holds it.
    case following(LockHolder?)
    /// It cannot be known: the target does not answer, or the lock cannot be had there. The agent behaves as the leader, because several
    /// that tell the same are better than none that tells.
    case unknown(reason: String)

    /// Whether the agent tells people of the target.
    public var tells: Bool {
        switch self {
        case .leading, .unknown: true
        case .undecided, .following: false
        }
    }

    /// Whether the lock says so.
    public var isKnown: Bool {
        switch self {
        case .leading, .following: true
        case .undecided, .unknown: false
        }
    }

    /// `undecided`, `leading`, `following` or `unknown`.
    public var label: String {
        switch self {
        case .undecided: "undecided"
        case .leading: "leading"
        case .following: "following"
        case .unknown: "unknown"
        }
    }
}

/// The session that holds a lock, as far as the server shows it.
public struct LockHolder: Sendable, Hashable {
    public var pid: Int32
    public var applicationName: String
    /// The client's address; `nil` for one on the server's own machine, or where the role may not see it.
    public var clientAddress: String?

    public init(pid: Int32, applicationName: String = "", clientAddress: String? = nil) {
        self.pid = pid
        self.applicationName = applicationName
        self.clientAddress = clientAddress
    }

    /// For people: `pid 4711 from 10.0.0.7`.
    public var text: String { "pid \(pid)" + (clientAddress.map { " from \($0)" } ?? "") }
}
