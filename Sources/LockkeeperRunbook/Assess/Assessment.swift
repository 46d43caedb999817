public import LockkeeperCore

/// What is going on on a server at one moment, as far as it can be seen within a few seconds.
public struct Assessment: Sendable, Hashable {
    public var target: String
    /// The server's clock.
    public var at: Timestamp
    /// `nil` if it could not be reached.
    public var server: Server?
    /// The severest first.
    public var findings: [Finding]
    /// Who waits for whom; `nil` if it could not be reached.
    public var locks: LockOverview?
    /// Why it could not be reached, or did not answer the last look.
    public var failure: SampleFailure?

    public init(
        target: String, at: Timestamp, server: Server? = nil, findings: [Finding] = [], locks: LockOverview? = nil,
        failure: SampleFailure? = nil
    ) {
        self.target = target
        self.at = at
        self.server = server
        self.findings = findings
        self.locks = locks
        self.failure = failure
    }

    /// Whether there is anything that a person should see to.
    public var isFine: Bool { failure == nil && !findings.contains { $0.severity >= .warning } }
}
