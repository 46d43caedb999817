/// One run of a migration, from its first statement to its outcome.
///
/// A run belongs to one client: it may span several transactions and several connections of it.
public struct MigrationRun: Sendable, Hashable, Codable, Identifiable {
    /// Stable for ever and over restarts, derived from target, session and begin; short enough for a label.
    public var id: String
    public var target: String
    public var database: String
    /// The `id` of the tool in the catalogue of tools; `manual` where none is recognised.
    public var tool: String
    /// The migrations that it applies, in order, as far as they are known; empty if not.
    public var migrations: [String]
    public var user: String
    public var applicationName: String
    /// The client's address, or "" for a Unix socket.
    public var clientAddress: String
    /// The sessions that take or took part, newest last.
    public var sessions: [SessionIdentity]
    /// Begin by the server's clock.
    public var begin: Timestamp
    /// End by the server's clock; `nil` while it runs.
    public var end: Timestamp?
    /// Whether it had begun before the agent first looked.
    public var wasUnderwayAtFirstLook: Bool
    /// What has been seen passing, oldest first; the first and the newest are kept when there are too many.
    public var statements: [Statement]
    /// How many statements were seen in all.
    public var statementCount: Int
    public var outcome: Outcome?
    /// How the run stood when it was last seen.
    public var standing: Standing
    /// What it did to the queries; `nil` until something is known of it, some time after its end.
    public var review: RunReview?
    /// What a run that did not succeed has left half done; `nil` if nothing is known to be.
    public var partialWork: PartialWork?

    /// A statement as `pg_stat_activity` showed it.
    public struct Statement: Sendable, Hashable, Codable {
        /// The text as the privacy setting leaves it, cut off by the server at `track_activity_query_size`.
        public var text: String
        public var begin: Timestamp
        public var pid: Int32

        public init(text: String, begin: Timestamp, pid: Int32) {
            self.text = text
            self.begin = begin
            self.pid = pid
        }
    }

    public init(
        id: String, target: String, database: String, tool: String, migrations: [String] = [], user: String = "",
        applicationName: String = "", clientAddress: String = "", sessions: [SessionIdentity], begin: Timestamp,
        end: Timestamp? = nil, wasUnderwayAtFirstLook: Bool = false, statements: [Statement] = [],
        statementCount: Int = 0, outcome: Outcome? = nil, standing: Standing = Standing(), review: RunReview? = nil,
        partialWork: PartialWork? = nil
    ) {
        self.id = id
        self.target = target
        self.database = database
        self.tool = tool
        self.migrations = migrations
        self.user = user
        self.applicationName = applicationName
        self.clientAddress = clientAddress
        self.sessions = sessions
        self.begin = begin
        self.end = end
        self.wasUnderwayAtFirstLook = wasUnderwayAtFirstLook
        self.statements = statements
        self.statementCount = statementCount
        self.outcome = outcome
        self.standing = standing
        self.review = review
        self.partialWork = partialWork
    }

    public var isRunning: Bool { end == nil }

    /// The names of its migrations joined by commas, or "" where none is known: the value of the label `migration`. Of many only the first
    /// and the last, with how many are between: stores of series refuse long values (Mimir from 2048 bytes on).
    public var migrationLabel: String {
        let joined = migrations.joined(separator: ",")
        guard joined.unicodeScalars.count > 200, let first = migrations.first, let last = migrations.last else {
            return joined
        }
        func short(_ name: String) -> String {
            name.unicodeScalars.count <= 85
                ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(84))) + "…"
        }
        switch migrations.count {
        case 1: return short(first)
        case 2: return "\(short(first)),\(short(last))"
        case let count: return "\(short(first)),… \(count - 2) more …,\(short(last))"
        }
    }

    /// How long it has lasted at a time of the server's clock; its whole length once it has ended. Never negative.
    public func duration(at serverTime: Timestamp) -> Duration {
        max(.zero, (end ?? serverTime) - begin)
    }
}

/// How a run ended.
public enum Outcome: Sendable, Hashable, Codable {
    /// With the names or keys of the history's new entries, where the tool keeps a history.
    case committed(versions: [String])
    /// Its transaction was rolled back, or the tool recorded a failure. The evidence is one sentence for people.
    case failed(evidence: String)
    /// A statement of it was ended from outside: cancelled, timed out, or its session terminated.
    case cancelled(evidence: String)
    /// The server, or the view of it, went away: nobody knows.
    case lost(evidence: String)
    /// It was over before it could be seen whether it succeeded: a short statement by hand, of which nothing stays that tells.
    case unseen(evidence: String)

    /// The value of the label `outcome`.
    public var label: String {
        switch self {
        case .committed: "committed"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .lost: "lost"
        case .unseen: "unseen"
        }
    }

    /// What supports it, for people; `nil` for a commit.
    public var evidence: String? {
        switch self {
        case .committed: nil
        case .failed(let evidence), .cancelled(let evidence), .lost(let evidence), .unseen(let evidence): evidence
        }
    }

    public var isSuccess: Bool {
        if case .committed = self { true } else { false }
    }
}

/// How a run stands at one moment: who is in its way, and in whose way it is.
public struct Standing: Sendable, Hashable, Codable {
    public var state: RunState
    /// The session that it stands so by: the one that waits, sits idle, or is at work.
    public var pid: Int32?
    /// Since when it has itself been waiting for a lock.
    public var waitingSince: Timestamp?
    /// What it waits for, for people: `ACCESS EXCLUSIVE on public.orders`.
    public var waitingFor: String?
    /// What kind of lock that is.
    public var waitingKind: HeldLock.Kind?
    /// Who is in its way at the root: not waiting for a lock themselves. Longest transaction first.
    public var rootBlockers: [Blocker]
    /// How many sessions it holds up, directly or through a queue.
    public var blockedSessions: Int
    /// Since when the longest of them has waited.
    public var blockedSince: Timestamp?
    /// The strongest lock that it holds on a user's relation, for people.
    public var strongestLock: String?
    /// Whom it holds up; `nil` while nobody.
    public var impact: Impact?
    /// How far it is, as far as that is known.
    public var progress: RunProgress?
    /// The process at the other end of its session, where the agent can know it.
    public var client: ClientSighting?
    /// Since when it has been idle in its transaction.
    public var idleSince: Timestamp?
    /// What it is at, where that decides how it is to be judged.
    public var activity: RunActivity?

    public init(
        state: RunState = .working, waitingSince: Timestamp? = nil, waitingFor: String? = nil,
        waitingKind: HeldLock.Kind? = nil, rootBlockers: [Blocker] = [], blockedSessions: Int = 0,
        blockedSince: Timestamp? = nil,
        strongestLock: String? = nil, impact: Impact? = nil, progress: RunProgress? = nil,
        idleSince: Timestamp? = nil, activity: RunActivity? = nil
    ) {
        self.state = state
        self.waitingSince = waitingSince
        self.waitingFor = waitingFor
        self.waitingKind = waitingKind
        self.rootBlockers = rootBlockers
        self.blockedSessions = blockedSessions
        self.blockedSince = blockedSince
        self.strongestLock = strongestLock
        self.impact = impact
        self.progress = progress
        self.idleSince = idleSince
        self.activity = activity
    }
}

/// The states of a running migration, as the label `state` names them.
public enum RunState: String, Sendable, Hashable, Codable, CaseIterable {
    /// It waits for a lock.
    case blocked
    /// It does not wait, and others wait for it.
    case blocking
    /// Its transaction is open and it sends nothing.
    case idleInTransaction = "idle_in_transaction"
    /// Its client is gone.
    case orphaned
    /// It advances by PostgreSQL's own progress views.
    case progressing
    /// It is busy, and nothing says how far it is.
    case working

    /// Whether the two differ only in what is known of how far it is.
    func isSimilar(to other: RunState) -> Bool {
        let healthy: Set<RunState> = [.progressing, .working]
        return self == other || healthy.contains(self) && healthy.contains(other)
    }
}

/// A session, or prepared transaction, in a run's way.
public struct Blocker: Sendable, Hashable, Codable {
    /// 0 for a prepared transaction.
    public var pid: Int32
    /// `nil` unless it is a prepared transaction.
    public var gid: String?
    public var user: String
    public var database: String
    public var applicationName: String
    public var clientAddress: String
    public var backendType: String
    public var state: Session.State
    public var transactionStart: Timestamp?
    public var stateChange: Timestamp?
    /// Its running or last query, as the privacy setting leaves it.
    public var query: String
    /// Whether it is a vacuum against transaction id wraparound, which does not yield to others.
    public var preventsWraparound: Bool
    /// When it was seen so, by the server's clock; `nil` where that is not known.
    public var seenAt: Timestamp?
    /// The open run that it works for, if it is a migration itself.
    public var run: String?
    /// The tool of that run.
    public var tool: String?

    public init(
        pid: Int32, gid: String? = nil, user: String = "", database: String = "", applicationName: String = "",
        clientAddress: String = "", backendType: String = "client backend", state: Session.State = .unknown,
        transactionStart: Timestamp? = nil, stateChange: Timestamp? = nil, query: String = "",
        preventsWraparound: Bool = false, seenAt: Timestamp? = nil
    ) {
        self.pid = pid
        self.gid = gid
        self.user = user
        self.database = database
        self.applicationName = applicationName
        self.clientAddress = clientAddress
        self.backendType = backendType
        self.state = state
        self.transactionStart = transactionStart
        self.stateChange = stateChange
        self.query = query
        self.preventsWraparound = preventsWraparound
        self.seenAt = seenAt
    }

    /// The statement that gets it out of the way. Cancelling does nothing to a session that is idle in its transaction.
    public var remedy: String {
        if let gid { return "ROLLBACK PREPARED '\(gid.replacing("'", with: "''"))'" }
        return state == .active ? "SELECT pg_cancel_backend(\(pid))" : "SELECT pg_terminate_backend(\(pid))"
    }
}
