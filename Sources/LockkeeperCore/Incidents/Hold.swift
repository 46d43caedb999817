/// Why a receiver is not told of an incident now.
public enum Hold: Sendable, Hashable {
    /// No route leads to it, or none at this severity.
    case unmatched
    /// The incident has not been that severe for long enough.
    case tooShort(until: Timestamp)
    /// Somebody is looking after it.
    case acknowledged
    /// Somebody may still acknowledge it.
    case mayBeAcknowledged(until: Timestamp)
    /// The receiver does not want to hear at this time.
    case outsideActiveHours
    /// The receiver is told when it is over.
    case untilItIsOver
    /// A silence or a maintenance window holds back that it ended badly.
    case muted

    /// Whether the receiver is to be told of an end once this holds no longer.
    var isDebt: Bool { self == .outsideActiveHours || self == .muted }
}

extension Route {
    /// Why this route tells nothing of an open incident; `nil` if it does.
    ///
    /// - Parameter severity: of the news.
    func hold(_ incident: Incident, at severity: Severity, now: Timestamp) -> Hold? {
        guard severity >= self.severity, matches(incident.labels) else { return .unmatched }
        if isDigest { return .untilItIsOver }
        let since = incident.reached[self.severity] ?? incident.openedAt
        if now < since + minimumDuration { return .tooShort(until: since + minimumDuration) }
        if let unacknowledgedFor {
            if incident.acknowledgementInForce != nil { return .acknowledged }
            var from = since
            // One that was given at a lower severity counted until the severity rose; and nobody could know of it within a silence.
            if let lapsed = incident.acknowledgement?.lapsedAt { from = max(from, lapsed) }
            if let audible = incident.audibleAgainAt { from = max(from, audible) }
            if now < from + unacknowledgedFor { return .mayBeAcknowledged(until: from + unacknowledgedFor) }
        }
        return isActive(at: now) ? nil : .outsideActiveHours
    }

    /// Why this route tells nothing of the end of an incident that its receiver has heard nothing of; `nil` if it does.
    ///
    /// - Parameter severity: of the end itself; `nil` if it is no news.
    func hold(end incident: Incident, at severity: Severity?, now: Timestamp) -> Hold? {
        guard matches(incident.labels), unacknowledgedFor == nil else { return .unmatched }
        let isNews = severity.map { $0 >= self.severity } ?? false
        // A digest tells of what was heard before, silence or not.
        let wasHeard = isDigest && incident.audiblePeak.map { $0 >= self.severity } ?? false
        guard isNews || wasHeard else { return .unmatched }
        // A failure is news however soon it came.
        let length = (incident.end ?? now) - incident.begin
        if severity.map({ $0 == .info }) ?? true, length < minimumDuration { return .tooShort(until: now) }
        if incident.mutedBy != nil, !wasHeard { return .muted }
        return isActive(at: now) ? nil : .outsideActiveHours
    }
}
