/// Planned maintenance: each window that names receivers is an incident from when it is known until it is over or called off.
///
/// It is nobody else's news: no route leads from it, nothing mutes it, and nobody acknowledges it.
extension IncidentBook {
    /// Tells what is new of planned maintenance by the configuration and the time.
    mutating func announceMaintenance(at now: Timestamp, into ledger: inout Ledger) {
        let open = open.values.filter(\.isMaintenance).sorted { $0.id < $1.id }
        for incident in open {
            let planned = policy.planned.first { $0.subject == incident.subject }
            follow(incident, planned, at: now, into: &ledger)
        }
        for planned in policy.planned where !open.contains(where: { $0.subject == planned.subject }) {
            begin(planned, at: now, into: &ledger)
        }
    }

    /// By how much the clock is set back at most where it is only corrected.
    private static let correction = Duration.seconds(600)

    private mutating func begin(_ planned: PlannedMaintenance, at now: Timestamp, into ledger: inout Ledger) {
        guard !planned.announce.isEmpty, planned.window.end > now else { return }
        let key = planned.subject.key
        // It has been told to be over, and then the clock was set back a little. After a leap of hours it is news that it takes place.
        if let past = pastEpisodes[key], past.closedAt > now, past.closedAt - now < Self.correction,
            planned.window.end <= past.closedAt
        {
            return
        }
        var incident = Incident(
            id: "maintenance-" + StableIdentifier.derive(from: planned.name, String(now.microseconds)),
            episode: nextEpisode(of: key, from: Int(planned.window.begin.microseconds / 1_000_000)),
            subject: planned.subject, severity: .info, openedAt: now, facts: IncidentFacts(target: "", summary: ""))
        incident.describe(planned, labels: policy.targetLabels[planned.target] ?? [:])
        incident.note("Planned for \(planned.window.readable).", .info, at: now)
        announce(&incident, planned, hasChanged: false, at: now, into: &ledger)
        open[incident.id] = incident
        ledger.incidents[incident.id] = incident
    }

    /// - Parameter planned: its window as it is configured; `nil` if it is so no longer.
    private mutating func follow(
        _ before: Incident, _ planned: PlannedMaintenance?, at now: Timestamp, into ledger: inout Ledger
    ) {
        var incident = before
        if let planned { incident.describe(planned, labels: policy.targetLabels[planned.target] ?? [:]) }
        guard let planned, planned.window.end > now else {
            finish(&incident, at: now, into: &ledger)
            return
        }
        let hasChanged = incident.maintenance != before.maintenance
        if hasChanged { incident.note("Now planned for \(planned.window.readable).", .info, at: now) }
        announce(&incident, planned, hasChanged: hasChanged, at: now, into: &ledger)
        guard incident != before else { return }
        open[incident.id] = incident
        ledger.incidents[incident.id] = incident
    }

    /// - Parameter hasChanged: whether those who know it know it otherwise.
    private func announce(
        _ incident: inout Incident, _ planned: PlannedMaintenance, hasChanged: Bool, at now: Timestamp,
        into ledger: inout Ledger
    ) {
        let title = "Planned maintenance: \(planned.name), \(planned.window.readable)"
        for receiver in Set(planned.announce).union(incident.toldReceivers).sorted() {
            let isKnown = incident.listeners[receiver] != nil
            guard !isKnown || hasChanged else { continue }
            plan(
                &incident, isKnown ? .changed : .opened, at: .info, to: receiver, title: title, at: now,
                serverTime: now, into: &ledger)
        }
    }

    /// Tells those who know of it that it is over, or that it does not take place.
    private mutating func finish(_ incident: inout Incident, at now: Timestamp, into ledger: inout Ledger) {
        guard case .maintenance(let name) = incident.subject, let window = incident.maintenance else { return }
        let title: String
        switch window.ending(at: now) {
        case .over:
            title = "Maintenance is over: \(name)"
            incident.facts.summary = "Its time, \(window.readable), is over."
            incident.end = window.end
        case .early:
            title = "Maintenance has ended early: \(name)"
            incident.facts.summary = "It was planned for \(window.readable) and was taken out of the configuration."
            incident.end = now
        case .calledOff:
            title = "Maintenance is called off: \(name), planned for \(window.readable)"
            incident.facts.summary = "It was taken out of the configuration before it began."
        }
        incident.note(title + ".", .info, at: now)
        close(&incident, title: title, at: now, serverTime: now, into: &ledger)
    }
}

extension PlannedMaintenance {
    var subject: Incident.Subject { .maintenance(name: name) }
}

extension Incident {
    /// Whether it is planned maintenance: nothing that is wrong.
    public var isMaintenance: Bool { if case .maintenance = subject { true } else { false } }

    /// Tells planned maintenance apart by what is planned: an agent that comes late has not counted the earlier changes. "" for all else.
    var plan: String {
        maintenance.map { " \($0.begin.microseconds) \($0.end.microseconds) \($0.comment ?? "")" } ?? ""
    }

    /// Takes over what the configuration says of it.
    ///
    /// - Parameter labels: the configured ones of its target.
    fileprivate mutating func describe(_ planned: PlannedMaintenance, labels: [String: String]) {
        let window = planned.window
        maintenance = window
        begin = window.begin
        facts = IncidentFacts(
            target: planned.target, labels: labels,
            summary: window.comment ?? "Work is planned\(planned.target.isEmpty ? "" : " on \(planned.target)").",
            details: [
                .init("Maintenance", planned.name), .init("Begins", window.begin.readable),
                .init("Ends", window.end.readable),
            ])
        self.labels = labels
        if !planned.target.isEmpty { self.labels["target"] = planned.target }
    }
}
