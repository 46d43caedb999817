/// Something that is wrong, or looks wrong and is not: a verdict with its evidence and what a person should do.
public struct Finding: Sendable, Hashable, Codable {
    public var verdict: Verdict
    public var severity: Severity
    public var target: String
    /// "" where it is about the whole server.
    public var database: String
    /// The run that it is about, if it is about one.
    public var run: String?
    /// One sentence: what is the case.
    public var summary: String
    /// The numbers, sessions and objects that show it, a sentence each.
    public var evidence: [String]
    /// What to do, in order.
    public var actions: [Action]

    /// A step for a person, with the exact statement or command where there is one.
    public struct Action: Sendable, Hashable, Codable {
        public var text: String
        public var command: String?

        public init(_ text: String, command: String? = nil) {
            self.text = text
            self.command = command
        }
    }

    public init(
        _ verdict: Verdict, severity: Severity, target: String, database: String = "", run: String? = nil,
        summary: String, evidence: [String] = [], actions: [Action] = []
    ) {
        self.verdict = verdict
        self.severity = severity
        self.target = target
        self.database = database
        self.run = run
        self.summary = summary
        self.evidence = evidence
        self.actions = actions
    }
}
