/// What people do to incidents.
extension IncidentBook {
    /// Notes that somebody is looking after an open incident: those who were told of it are told so, and nobody else is called.
    ///
    /// - Returns: `nil` if no such incident is open, or if there is nothing to look after: it is planned maintenance.
    public mutating func acknowledge(
        _ id: Incident.ID, by author: String, comment: String = "", at now: Timestamp,
        serverTimes: [String: Timestamp] = [:]
    ) -> StateChange? {
        guard var incident = open[id], !incident.isMaintenance else { return nil }
        incident.acknowledgement = Acknowledgement(
            author: author, comment: comment, at: now, severity: incident.severity)
        incident.note(
            "Acknowledged by \(author)\(comment.isEmpty ? "." : ": \(comment)")", incident.severity, at: now)
        let serverTime = serverTimes[incident.target] ?? now
        let title = runs[id].map { RunDescription($0, at: serverTime).title } ?? Self.title(incident.firing)
        var ledger = Ledger()
        tell(&incident, title: title, at: now, serverTime: serverTime, into: &ledger)
        open[id] = incident
        ledger.incidents[id] = incident
        return ledger.change
    }

    /// Sets a silence, or replaces the one of its id.
    public mutating func add(_ silence: Silence) -> StateChange {
        silences[silence.id] = silence
        return StateChange(silences: [silence])
    }

    /// Ends a silence now. What it held back and is still true is told with the next step.
    ///
    /// - Returns: `nil` if there is none of this id that has not ended.
    public mutating func expire(_ id: Silence.ID, at now: Timestamp) -> StateChange? {
        guard var silence = silences[id], silence.end > now else { return nil }
        silence.end = now
        silences[id] = nil
        return StateChange(silences: [silence])
    }

    /// The silence or maintenance window that mutes something with these labels.
    private func silence(for labels: [String: String], at now: Timestamp) -> Silence? {
        let own = silences.values.filter { $0.isActive(at: now) && $0.matches(labels) }.min { $0.id < $1.id }
        return own ?? policy.maintenance.first { $0.isActive(at: now) && $0.matches(labels) }
    }

    /// Finds out whether an incident is muted, and says so on its timeline.
    func mute(_ incident: inout Incident, at now: Timestamp) {
        let silence = silence(for: incident.labelsForSilences, at: now)
        guard silence?.id != incident.mutedBy else { return }
        incident.mutedBy = silence?.id
        if silence == nil { incident.audibleAgainAt = now }
        incident.note(
            silence.map { "Muted \($0.described)." } ?? "No longer muted.", incident.severity, at: now)
    }

    /// Finds out which alerts are muted.
    func muted(_ alerts: [String: IncidentAlert], at now: Timestamp) -> [String: IncidentAlert] {
        guard !silences.isEmpty || !policy.maintenance.isEmpty else { return alerts }
        return alerts.mapValues { alert in
            var alert = alert
            alert.mutedBy = silence(for: alert.labels, at: now)?.id
            return alert
        }
    }
}
