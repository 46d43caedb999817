/// A time for each severity, where there is one.
public struct SeverityTimes: Sendable, Hashable, Codable {
    private var info: Timestamp?
    private var warning: Timestamp?
    private var critical: Timestamp?

    public init() {}

    public subscript(severity: Severity) -> Timestamp? {
        get {
            switch severity {
            case .info: info
            case .warning: warning
            case .critical: critical
            }
        }
        set {
            switch severity {
            case .info: info = newValue
            case .warning: warning = newValue
            case .critical: critical = newValue
            }
        }
    }

    /// Notes that it is this severe now: what is at most as severe counts on from when it began, what is more severe is over.
    mutating func reach(_ severity: Severity, at now: Timestamp) {
        for other in Severity.allCases { self[other] = other <= severity ? self[other] ?? now : nil }
    }
}
