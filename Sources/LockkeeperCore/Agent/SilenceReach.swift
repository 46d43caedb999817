/// How much of what is going on a silence is about.
public struct SilenceReach: Sendable, Hashable {
    /// Open incidents of which it mutes the whole; planned maintenance is none.
    public var incidents: Int
    /// Firing alerts that it mutes, by themselves or with their incident.
    public var alerts: Int

    public init(incidents: Int = 0, alerts: Int = 0) {
        self.incidents = incidents
        self.alerts = alerts
    }
}

extension IncidentBook {
    /// What a silence matches of what is open now, whether it is in force yet or not.
    public func reach(of silence: Silence) -> SilenceReach {
        var reach = SilenceReach()
        for incident in open.values where !incident.isMaintenance {
            let matching = incident.firing.values.count { silence.matches($0.labels) }
            var isWhole = silence.matches(incident.labelsForSilences)
            // One of alerts has nothing to say when all of them are muted; a run has.
            if case .alerts = incident.subject, matching > 0, matching == incident.firing.count { isWhole = true }
            if isWhole { reach.incidents += 1 }
            reach.alerts += isWhole ? incident.firing.count : matching
        }
        return reach
    }
}
