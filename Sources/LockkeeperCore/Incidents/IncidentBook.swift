/// Keeps the open incidents and decides who is told what: pure, so that what it decides can be stored in one transaction.
///
/// One incident per migration run; its begin, its alerts and its end are severities and entries of that one. All other alerts are grouped
/// by rule and target. Whoever was told that an incident began is told how it ended.
public struct IncidentBook: Sendable, Hashable {
    public private(set) var open: [String: Incident]
    public var policy: IncidentPolicy
    /// The open runs as last heard of, by incident.
    private var runs: [String: MigrationRun] = [:]

    /// A fall of severity is told after this long: an alert that resolves because its run ends is not news of its own.
    static let settling = Duration.seconds(5)
    /// The newest lines that a message carries, and that an incident keeps.
    private static let shownTimeline = 8, keptTimeline = 200

    /// - Parameter runs: the open runs that go with `open` after a restart.
    public init(open: [Incident] = [], runs: [MigrationRun] = [], policy: IncidentPolicy) {
        self.open = Dictionary(open.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.policy = policy
        self.runs = Dictionary(
            runs.map { (Self.incidentID(ofRun: $0.id), $0) }, uniquingKeysWith: { first, _ in first })
    }

    public static func incidentID(ofRun run: String) -> String { "run-\(run)" }

    /// What has changed, collected while one step is taken.
    private struct Ledger {
        var incidents: [String: Incident] = [:]
        var deliveries: [Delivery] = []
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - events: what the trackers found out, in order.
    ///   - firing: all alerts that fire now; `nil` if the rules were not evaluated in this step.
    ///   - serverTimes: the clock of each target's server now, as far as it is known.
    /// - Returns: the incidents that changed and the deliveries that are planned.
    public mutating func advance(
        _ events: [RunEvent] = [], firing: [IncidentAlert]? = nil, at now: Timestamp,
        serverTimes: [String: Timestamp] = [:]
    ) -> StateChange {
        var ledger = Ledger()
        for event in events {
            take(event, at: now, serverTime: serverTimes[event.run.target] ?? now, into: &ledger)
        }
        if let firing { reconcile(firing, at: now, serverTimes: serverTimes, into: &ledger) }
        return StateChange(
            incidents: ledger.incidents.values.sorted { $0.id < $1.id }, deliveries: ledger.deliveries)
    }

    /// Closes what belongs to targets that are watched no longer, and tells so.
    public mutating func close(targetsOtherThan targets: Set<String>, at now: Timestamp) -> StateChange {
        var ledger = Ledger()
        for var incident in open.values.sorted(by: { $0.id < $1.id })
        where !incident.target.isEmpty && !targets.contains(incident.target) {
            incident.facts.summary = "\(incident.target) is no longer watched: it was removed from the configuration."
            incident.facts.actions = []
            note("No longer watched.", incident.severity, in: &incident, at: now)
            close(&incident, title: "\(incident.target) is no longer watched", at: now, since: now, into: &ledger)
            runs[incident.id] = nil
        }
        return StateChange(incidents: ledger.incidents.values.sorted { $0.id < $1.id }, deliveries: ledger.deliveries)
    }

    // MARK: - Runs

    private mutating func take(_ event: RunEvent, at now: Timestamp, serverTime: Timestamp, into ledger: inout Ledger) {
        // Its incident is closed; what its queries suffer is told by a rule.
        if case .reviewed = event { return }
        let run = event.run
        let id = Self.incidentID(ofRun: run.id)
        let description = RunDescription(run, at: serverTime)
        var incident = open[id] ?? newIncident(of: run, description, id: id, at: now)
        incident.facts = facts(of: run, description, alerts: incident.firing)
        switch event {
        case .started:
            guard open[id] == nil else { return }
            runs[id] = run
            note(description.title + ".", .info, in: &incident, at: now)
            tell(&incident, .opened, title: description.title, at: now, serverTime: serverTime, into: &ledger)
            open[id] = incident
            ledger.incidents[id] = incident
        case .advanced:
            let previous = runs.updateValue(run, forKey: id)
            guard open[id] != nil else { return }
            // A migration of many statements alternates between those with counters and those without.
            if previous?.standing.state.isSimilar(to: run.standing.state) != true {
                note(description.title + ".", incident.severity, in: &incident, at: now)
                ledger.incidents[id] = incident
            }
            open[id] = incident
        case .ended, .discovered:
            runs[id] = nil
            incident.end = run.end
            let severity = Self.severity(of: run.outcome)
            incident.severity = max(incident.severity, severity)
            incident.peak = max(incident.peak, incident.severity)
            note(description.title + ".", severity, in: &incident, at: now)
            close(
                &incident, title: description.title, at: now, since: serverTime,
                alsoTo: policy.receivers(severity: severity, labels: incident.labels), into: &ledger)
        case .reviewed:
            break
        }
    }

    /// How much an end matters that nobody was warned of. A run whose end nobody saw is no failure, but worth a look.
    private static func severity(of outcome: Outcome?) -> Severity {
        switch outcome {
        case .committed, .unseen: .info
        case .lost, nil: .warning
        case .failed, .cancelled: .critical
        }
    }

    private func newIncident(of run: MigrationRun, _ description: RunDescription, id: String, at now: Timestamp)
        -> Incident
    {
        var labels = policy.targetLabels[run.target] ?? [:]
        labels["target"] = run.target
        labels["database"] = run.database
        labels["tool"] = run.tool
        return Incident(
            id: id, subject: .migration(run: run.id, target: run.target), severity: .info, openedAt: now,
            begin: run.begin, facts: facts(of: run, description, alerts: [:]), labels: labels)
    }

    private func facts(of run: MigrationRun, _ description: RunDescription, alerts: [String: IncidentAlert])
        -> IncidentFacts
    {
        var facts = description.facts(labels: policy.targetLabels[run.target] ?? [:])
        facts.runbookURL = alerts.values.compactMap { $0.annotations["runbook_url"] }.min()
        return facts
    }

    // MARK: - Alerts

    private mutating func reconcile(
        _ firing: [IncidentAlert], at now: Timestamp, serverTimes: [String: Timestamp], into ledger: inout Ledger
    ) {
        var groups: [String: [IncidentAlert]] = [:]
        for alert in firing {
            if let run = alert.labels["run"], !run.isEmpty {
                // A run that is over has been told of with its end; its alerts add nothing.
                let id = Self.incidentID(ofRun: run)
                if open[id] != nil { groups[id, default: []].append(alert) }
            } else {
                let target = alert.labels["target"] ?? ""
                let id =
                    open.values.first { $0.subject == .alerts(name: alert.name, target: target) }?.id
                    ?? "alert-" + StableIdentifier.derive(from: alert.name, target, String(now.microseconds))
                groups[id, default: []].append(alert)
            }
        }
        for id in Set(groups.keys).union(open.keys).sorted() {
            update(id, firing: groups[id] ?? [], at: now, serverTimes: serverTimes, into: &ledger)
        }
    }

    private mutating func update(
        _ id: String, firing: [IncidentAlert], at now: Timestamp, serverTimes: [String: Timestamp],
        into ledger: inout Ledger
    ) {
        let current = Dictionary(firing.map { (Self.fingerprint($0), $0) }, uniquingKeysWith: { first, _ in first })
        guard var incident = open[id] else {
            if let first = firing.first { begin(id, first, firing: current, at: now, into: &ledger) }
            return
        }
        let before = incident
        let joined = current.filter { incident.firing[$0.key] == nil }.values.sorted {
            ($0.severity, $0.name) > ($1.severity, $1.name)
        }
        let gone = incident.firing.filter { current[$0.key] == nil }.values.sorted { $0.name < $1.name }
        incident.firing = current
        for alert in joined { note(alert.annotations["summary"] ?? alert.name, alert.severity, in: &incident, at: now) }
        for alert in gone { note("\(alert.name) is over.", .info, in: &incident, at: now) }

        let isRun = if case .migration = incident.subject { true } else { false }
        if isRun, let run = runs[id] {
            let serverTime = serverTimes[run.target] ?? now
            incident.facts = facts(
                of: run, RunDescription(run, at: serverTime), alerts: current)
        } else if let leading = Self.leading(current) {
            incident.facts = facts(of: leading, firing: current)
        }
        if !isRun, current.isEmpty {
            close(&incident, title: resolvedTitle(incident), at: now, since: now, into: &ledger)
            return
        }

        let wanted = current.values.map(\.severity).max() ?? .info
        let serverTime = serverTimes[incident.target] ?? now
        let title =
            runs[id].map { RunDescription($0, at: serverTime).title } ?? Self.title(current)
        if wanted > incident.severity {
            incident.severity = wanted
            incident.peak = max(incident.peak, wanted)
            incident.lowerSince = nil
            tell(&incident, .escalated, title: title, at: now, serverTime: serverTime, into: &ledger)
        } else if wanted < incident.severity {
            let since = incident.lowerSince ?? now
            incident.lowerSince = since
            if now - since >= Self.settling {
                incident.severity = wanted
                incident.lowerSince = nil
                tell(&incident, .deescalated, title: title, at: now, serverTime: serverTime, into: &ledger)
            }
        } else {
            incident.lowerSince = nil
            if isRun, let loudest = joined.first {
                tell(
                    &incident, .changed, title: title, at: now, serverTime: serverTime, of: loudest.severity,
                    into: &ledger)
            }
        }
        open[id] = incident
        // The facts move with every look; only what people did or will see is worth storing.
        if incident.timeline != before.timeline || incident.told != before.told || incident.severity != before.severity
            || incident.lowerSince != before.lowerSince || Set(current.keys) != Set(before.firing.keys)
        {
            ledger.incidents[id] = incident
        }
    }

    private mutating func begin(
        _ id: String, _ first: IncidentAlert, firing: [String: IncidentAlert], at now: Timestamp,
        into ledger: inout Ledger
    ) {
        let leading = Self.leading(firing) ?? first
        let target = leading.labels["target"] ?? ""
        var labels = policy.targetLabels[target] ?? [:]
        labels.merge(leading.labels) { _, alerts in alerts }
        labels["alertname"] = leading.name
        var incident = Incident(
            id: id, subject: .alerts(name: leading.name, target: target), severity: leading.severity, openedAt: now,
            begin: leading.activeAt, facts: facts(of: leading, firing: firing), firing: firing, labels: labels)
        note(leading.annotations["summary"] ?? leading.name, leading.severity, in: &incident, at: now)
        tell(&incident, .opened, title: Self.title(firing), at: now, serverTime: now, into: &ledger)
        open[id] = incident
        ledger.incidents[id] = incident
    }

    private func facts(of alert: IncidentAlert, firing: [String: IncidentAlert]) -> IncidentFacts {
        let target = alert.labels["target"] ?? ""
        var details = [IncidentFacts.Detail("Alert", alert.name)]
        for (name, value) in alert.labels.sorted(by: { $0.key < $1.key })
        where !["alertname", "severity", "target"].contains(name) && !value.isEmpty {
            details.append(.init(name, value))
        }
        if firing.count > 1 { details.append(.init("Alerts", String(firing.count))) }
        return IncidentFacts(
            target: target, database: alert.labels["database"] ?? "", labels: policy.targetLabels[target] ?? [:],
            summary: alert.annotations["description"] ?? alert.annotations["summary"] ?? alert.name, details: details,
            actions: alert.annotations["action"].map { [.init($0)] } ?? [],
            runbookURL: alert.annotations["runbook_url"])
    }

    private static func leading(_ firing: [String: IncidentAlert]) -> IncidentAlert? {
        firing.sorted { $0.key < $1.key }.map(\.value).max { $0.severity < $1.severity }
    }

    private static func title(_ firing: [String: IncidentAlert]) -> String {
        guard let alert = leading(firing) else { return "" }
        return (alert.annotations["summary"] ?? alert.name)
            + (firing.count > 1 ? " (and \(firing.count - 1) more)" : "")
    }

    private func resolvedTitle(_ incident: Incident) -> String {
        if case .alerts(let name, let target) = incident.subject {
            return "Resolved: \(name)\(target.isEmpty ? "" : " on \(target)")"
        }
        return "Resolved"
    }

    private static func fingerprint(_ alert: IncidentAlert) -> String {
        alert.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    // MARK: - Telling

    private mutating func close(
        _ incident: inout Incident, title: String, at now: Timestamp, since serverTime: Timestamp,
        alsoTo others: [String] = [],
        into ledger: inout Ledger
    ) {
        incident.status = .closed
        incident.closedAt = now
        let told = incident.told.keys.sorted()
        for receiver in told + others.filter({ incident.told[$0] == nil }) {
            plan(&incident, .resolved, to: receiver, title: title, at: now, serverTime: serverTime, into: &ledger)
        }
        incident.firing = [:]
        open[incident.id] = nil
        ledger.incidents[incident.id] = incident
    }

    /// - Parameter severity: the severity of what is told, where it is lower than the incident's.
    private func tell(
        _ incident: inout Incident, _ reason: Notification.Reason, title: String, at now: Timestamp,
        serverTime: Timestamp,
        of severity: Severity? = nil, into ledger: inout Ledger
    ) {
        let matching = policy.receivers(severity: severity ?? incident.severity, labels: incident.labels)
        let receivers =
            switch reason {
            case .deescalated, .acknowledged: incident.told.keys.sorted()
            case .changed: matching.filter { incident.told[$0] != nil }
            case .opened, .escalated, .resolved, .test: matching
            }
        for receiver in receivers {
            // What is an escalation to some is the first they hear of it to others.
            let own = reason == .escalated && incident.told[receiver] == nil ? .opened : reason
            plan(&incident, own, to: receiver, title: title, at: now, serverTime: serverTime, into: &ledger)
        }
    }

    private func plan(
        _ incident: inout Incident, _ reason: Notification.Reason, to receiver: String, title: String,
        at now: Timestamp,
        serverTime: Timestamp, into ledger: inout Ledger
    ) {
        let sequence = incident.told[receiver, default: 0] + 1
        incident.told[receiver] = sequence
        let notification = Notification(
            incidentID: incident.id, thread: deliveryID(of: incident, to: receiver, 1), reason: reason,
            severity: incident.severity,
            isResolved: incident.status == .closed,
            title: title, since: incident.begin, at: now,
            duration: max(.zero, (incident.end ?? serverTime) - incident.begin),
            facts: incident.facts, alerts: incident.firing.sorted { $0.key < $1.key }.map(\.value),
            timeline: incident.timeline.suffix(Self.shownTimeline), link: link(to: incident), sender: policy.sender)
        ledger.deliveries.append(
            Delivery(
                id: deliveryID(of: incident, to: receiver, sequence), incidentID: incident.id,
                receiver: receiver, sequence: sequence, notification: notification, plannedAt: now))
    }

    /// The time of opening tells an incident from an earlier one of the same run, whose target was not watched in between.
    private func deliveryID(of incident: Incident, to receiver: String, _ sequence: Int) -> String {
        StableIdentifier.derive(
            from: incident.id, String(incident.openedAt.microseconds), receiver, String(sequence))
    }

    private func link(to incident: Incident) -> String? {
        policy.externalURL.map { "\($0)/?incident=\(incident.id)" }
    }

    private func note(_ text: String, _ severity: Severity, in incident: inout Incident, at now: Timestamp) {
        incident.timeline.append(TimelineEntry(at: now, severity: severity, text: text))
        if incident.timeline.count > Self.keptTimeline { incident.timeline.remove(at: 1) }
    }
}
