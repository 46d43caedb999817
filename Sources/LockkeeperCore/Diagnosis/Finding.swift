/// Something that is wrong, or looks wrong and is not: a verdict with its evidence and what a person should do.
///
/// Every text in it is already redacted by the privacy setting.
public struct Finding: Sendable, Hashable, Codable {
    public var verdict: Verdict
    public var severity: Severity
    public var target: String
    /// "" where it is about the whole server.
    public var database: String
    /// The run that it is about, if it is about one.
    public var run: String?
    /// One sentence that stands alone: what is the case.
    public var summary: String
    /// The numbers, sessions and objects that show it, a sentence each.
    public var evidence: [String]
    /// The statements that take part in it.
    public var statements: [Statement]
    /// What to do, in order.
    public var actions: [Action]
    /// How much it matters among findings of the same severity: sessions held up first, then seconds.
    public var weight: Double

    /// A step for a person, with the exact statement or command where there is one.
    public struct Action: Sendable, Hashable, Codable {
        public var text: String
        /// One SQL statement without its semicolon, or a shell command.
        public var command: String?

        public init(_ text: String, command: String? = nil) {
            self.text = text
            self.command = command
        }
    }

    /// The text of a query, as the privacy setting leaves it, and whose it is.
    public struct Statement: Sendable, Hashable, Codable {
        public var pid: Int32
        /// Whether it runs now; else it was the session's last one.
        public var isRunning: Bool
        public var text: String

        public init(pid: Int32, isRunning: Bool, text: String) {
            self.pid = pid
            self.isRunning = isRunning
            self.text = text
        }
    }

    public init(
        _ verdict: Verdict, severity: Severity, target: String, database: String = "", run: String? = nil,
        summary: String, evidence: [String] = [], statements: [Statement] = [], actions: [Action] = [],
        weight: Double = 0
    ) {
        self.verdict = verdict
        self.severity = severity
        self.target = target
        self.database = database
        self.run = run
        self.summary = summary
        self.evidence = evidence
        self.statements = statements
        self.actions = actions
        self.weight = weight
    }

    /// The weight of something that holds up sessions: each counts for an hour.
    static func weight(sessions: Int, lasting duration: Duration) -> Double {
        Double(sessions) * 3600 + min(duration.inSeconds, 3599)
    }
}

extension Finding.Statement {
    /// - Returns: `nil` where there is no text, or none may be shown.
    init?(_ blocker: Blocker, privacy: QueryTextPrivacy) {
        guard privacy != .none, !blocker.query.isEmpty else { return nil }
        self.init(pid: blocker.pid, isRunning: blocker.state == .active, text: blocker.query)
    }
}
