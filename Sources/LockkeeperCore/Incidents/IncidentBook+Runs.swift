extension IncidentBook {
    mutating func take(_ event: RunEvent, at now: Timestamp, serverTime: Timestamp, into ledger: inout Ledger) {
        // Its incident is closed; what its queries suffer is told by a rule.
        if case .reviewed = event { return }
        let run = event.run
        let id = Self.incidentID(ofRun: run.id)
        let description = RunDescription(run, at: serverTime)
        var incident = open[id] ?? newIncident(of: run, description, id: id, at: now, serverTime: serverTime)
        incident.facts = facts(of: run, description, alerts: incident.firing)
        switch event {
        case .started:
            guard open[id] == nil else { return }
            runs[id] = run
            // It goes on after all: its end will be another.
            owing[id] = nil
            incident.note(description.title + ".", .info, at: now)
            mute(&incident, at: now)
            tell(&incident, title: description.title, at: now, serverTime: serverTime, into: &ledger)
            open[id] = incident
            ledger.incidents[id] = incident
        case .advanced:
            let previous = runs.updateValue(run, forKey: id)
            guard open[id] != nil else { return }
            // A migration of many statements alternates between those with counters and those without.
            if previous?.standing.state.isSimilar(to: run.standing.state) != true {
                incident.note(description.title + ".", incident.severity, at: now)
                ledger.incidents[id] = incident
            }
            open[id] = incident
        case .ended, .discovered:
            runs[id] = nil
            incident.end = run.end
            let severity = Self.severity(of: run.outcome)
            incident.severity = max(incident.severity, severity)
            incident.peak = max(incident.peak, incident.severity)
            incident.note(description.title + ".", severity, at: now)
            mute(&incident, at: now)
            close(
                &incident, title: description.title, at: now, serverTime: serverTime, severity: severity,
                into: &ledger)
            forgiveDebts(since: run, endedAt: severity, at: now, into: &ledger)
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

    private func newIncident(
        of run: MigrationRun, _ description: RunDescription, id: String, at now: Timestamp, serverTime: Timestamp
    ) -> Incident {
        var labels = policy.targetLabels[run.target] ?? [:]
        labels["target"] = run.target
        labels["database"] = run.database
        labels["tool"] = run.tool
        let subject = Incident.Subject.migration(run: run.id, target: run.target)
        var incident = Incident(
            id: id, episode: nextEpisode(of: subject.key, from: 0), subject: subject, severity: .info, openedAt: now,
            begin: run.begin, facts: facts(of: run, description, alerts: [:]), labels: labels)
        // It may have begun long before it was seen.
        incident.reached.reach(.info, at: now - max(.zero, serverTime - run.begin))
        return incident
    }

    func facts(of run: MigrationRun, _ description: RunDescription, alerts: [String: IncidentAlert]) -> IncidentFacts {
        var facts = description.facts(labels: policy.targetLabels[run.target] ?? [:])
        facts.runbookURL = alerts.values.compactMap { $0.annotations["runbook_url"] }.min()
        return facts
    }
}
