/// A rule: an alert or a recording.
public enum Rule: Sendable, Hashable {
    /// Raises alerts.
    case alerting(AlertingRule)
    /// Records series.
    case recording(RecordingRule)

    /// The alert's name or that of the recorded metric.
    public var name: String {
        switch self {
        case .alerting(let rule): rule.name
        case .recording(let rule): rule.record
        }
    }
}
