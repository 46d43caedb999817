extension IncidentBook {
    mutating func reconcile(
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
        for id in Set(groups.keys).union(open.filter { !$0.value.isMaintenance }.keys).sorted() {
            update(id, firing: groups[id] ?? [], at: now, serverTimes: serverTimes, into: &ledger)
        }
    }

    private mutating func update(
        _ id: String, firing: [IncidentAlert], at now: Timestamp, serverTimes: [String: Timestamp],
        into ledger: inout Ledger
    ) {
        let current = muted(
            Dictionary(firing.map { (Self.fingerprint($0), $0) }, uniquingKeysWith: { first, _ in first }), at: now)
        guard var incident = open[id] else {
            if let first = firing.first { begin(id, first, firing: current, at: now, into: &ledger) }
            return
        }
        let before = incident
        let gone = incident.firing.filter { current[$0.key] == nil }
        let new = current.filter { before.firing[$0.key] == nil }.values.sorted {
            ($0.severity, $0.name) > ($1.severity, $1.name)
        }
        incident.firing = current
        for alert in new { incident.note(alert.annotations["summary"] ?? alert.name, alert.severity, at: now) }
        for alert in gone.values.sorted(by: { $0.name < $1.name }) {
            incident.note("\(alert.name) is over.", .info, at: now)
        }

        let isRun = if case .migration = incident.subject { true } else { false }
        if isRun, let run = runs[id] {
            let serverTime = serverTimes[run.target] ?? now
            incident.facts = facts(of: run, RunDescription(run, at: serverTime), alerts: current)
        } else if let leading = Self.leading(current) {
            incident.facts = facts(of: leading, firing: current)
        }
        if !isRun, current.isEmpty {
            // The message of the end names those that fired.
            incident.firing = before.firing
            close(&incident, title: resolvedTitle(incident), at: now, serverTime: now, into: &ledger)
            return
        }

        let wanted = current.values.map(\.severity).max() ?? .info
        if wanted > incident.severity {
            set(wanted, of: &incident, at: now)
        } else if wanted < incident.severity {
            let since = incident.lowerSince ?? now
            incident.lowerSince = since
            if now - since >= Self.settling { set(wanted, of: &incident, at: now) }
        } else {
            incident.lowerSince = nil
        }
        mute(&incident, at: now)
        incident.noteAudible(before: before.firing, at: now)
        incident.noteEnds(of: gone, at: now)
        let title = runs[id].map { RunDescription($0, at: serverTimes[$0.target] ?? now).title } ?? Self.title(current)
        tell(
            &incident, title: title, at: now, serverTime: serverTimes[incident.target] ?? now, into: &ledger)
        open[id] = incident
        // The facts move with every look; only what people did or will see is worth storing, and their newest words now and then.
        if incident.isWorthStoring(since: before) || haveWordsWaited(incident, since: before, at: now) {
            ledger.incidents[id] = incident
            unstoredWords[id] = nil
        }
    }

    /// Whether words of an incident have not been stored for a while in which only their numbers have changed.
    private mutating func haveWordsWaited(_ incident: Incident, since before: Incident, at now: Timestamp) -> Bool {
        if unstoredWords[incident.id] == nil, incident.words != before.words { unstoredWords[incident.id] = now }
        return unstoredWords[incident.id].map { now - $0 >= Self.wordsWait } ?? false
    }

    private func set(_ severity: Severity, of incident: inout Incident, at now: Timestamp) {
        incident.severity = severity
        incident.peak = max(incident.peak, severity)
        incident.reached.reach(severity, at: now)
        incident.lowerSince = nil
        if let acknowledgement = incident.acknowledgementInForce, severity > acknowledgement.severity {
            incident.acknowledgement?.lapsedAt = now
            incident.note(
                "The acknowledgement by \(acknowledgement.author) was for a \(acknowledgement.severity.rawValue) incident and holds no longer.",
                severity, at: now)
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
        let subject = Incident.Subject.alerts(name: leading.name, target: target)
        // Agents do not see a condition begin at the same instant, nor have they seen the same episodes.
        let minute = leading.activeAt.microseconds / 60_000_000
        var incident = Incident(
            id: id, episode: nextEpisode(of: subject.key, from: Int(minute)), subject: subject,
            severity: leading.severity, openedAt: now, begin: leading.activeAt,
            facts: facts(of: leading, firing: firing), firing: firing, labels: labels)
        incident.reached.reach(leading.severity, at: now)
        incident.note(leading.annotations["summary"] ?? leading.name, leading.severity, at: now)
        mute(&incident, at: now)
        incident.noteAudible(before: [:], at: now)
        tell(&incident, title: Self.title(firing), at: now, serverTime: now, into: &ledger)
        open[id] = incident
        ledger.incidents[id] = incident
    }

    func facts(of alert: IncidentAlert, firing: [String: IncidentAlert]) -> IncidentFacts {
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

    static func leading(_ firing: [String: IncidentAlert]) -> IncidentAlert? {
        firing.sorted { $0.key < $1.key }.map(\.value).max { $0.severity < $1.severity }
    }

    static func title(_ firing: [String: IncidentAlert]) -> String {
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
}

extension Incident {
    /// What its alerts say, by fingerprint.
    fileprivate var words: [String: [String: String]] { firing.mapValues(\.annotations) }

    /// The same without the numbers and what stands in them, which move with every look.
    private var wordsWithoutNumbers: [String: [String: String]] {
        words.mapValues { $0.mapValues { $0.filter { !$0.isNumber && $0 != "." && $0 != "," } } }
    }

    /// Whether something has changed that is more than the facts of the moment.
    fileprivate func isWorthStoring(since before: Incident) -> Bool {
        timeline != before.timeline || listeners != before.listeners || severity != before.severity
            || lowerSince != before.lowerSince || mutedBy != before.mutedBy
            || firing.mapValues(\.mutedBy) != before.firing.mapValues(\.mutedBy)
            || words != before.words && wordsWithoutNumbers != before.wordsWithoutNumbers
    }

    /// Notes since when each alert may have been told of. One that is muted before anybody has been told is as if it had never been heard.
    ///
    /// What has been told already knew nothing of the new ones: in the same step, or before the clock was set back.
    fileprivate mutating func noteAudible(before: [String: IncidentAlert], at now: Timestamp) {
        let begin = listeners.values.map { $0.at + .microseconds(1) }.max().map { max(now, $0) } ?? now
        for (key, alert) in firing {
            let isAudible = alert.mutedBy == nil && mutedBy == nil
            var since = before[key]?.audibleSince ?? (isAudible ? begin : nil)
            if let time = since, alert.mutedBy != nil, !listeners.isEmpty,
                listeners.values.allSatisfy({ $0.at < time })
            {
                since = nil
            }
            firing[key]?.audibleSince = since
        }
    }
}
