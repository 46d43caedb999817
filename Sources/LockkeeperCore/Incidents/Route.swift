/// Which incidents a receiver is told of. Every route that matches delivers.
public struct Route: Sendable, Hashable, Codable {
    public var receiver: String
    /// At or above.
    public var severity: Severity
    /// Labels that the incident must have: `target`, `database`, `tool`, `alertname` or a configured label of the target.
    public var match: [String: String]

    public init(receiver: String, severity: Severity = .info, match: [String: String] = [:]) {
        self.receiver = receiver
        self.severity = severity
        self.match = match
    }

    public func matches(severity: Severity, labels: [String: String]) -> Bool {
        severity >= self.severity && match.allSatisfy { labels[$0.key] == $0.value }
    }
}
