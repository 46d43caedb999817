extension IncidentBook {
    /// The newest lines that a message carries, and that one carries which is the only one to its receiver.
    private static let shownTimeline = 8, shownTimelineOfDigest = 40

    /// Plans what the receivers are to be told of an open incident as it stands: each at most one message.
    func tell(
        _ incident: inout Incident, title: String, at now: Timestamp, serverTime: Timestamp, into ledger: inout Ledger
    ) {
        incident.follow(clock: now)
        guard let loudest = incident.audibleSeverity else { return }
        incident.audiblePeak = max(incident.audiblePeak ?? loudest, loudest)
        let routed = policy.receivers
        for receiver in routed + incident.toldReceivers.filter({ !routed.contains($0) }) {
            guard let severity = incident.audibleSeverity(for: receiver),
                let reason = news(of: incident, at: severity, for: receiver, now: now)
            else { continue }
            plan(
                &incident, reason, at: severity, to: receiver, title: title, at: now, serverTime: serverTime,
                into: &ledger)
        }
    }

    /// Why a receiver has to be told of an open incident now; `nil` if it has not.
    ///
    /// - Parameter severity: of what is not muted and the receiver's to hear of.
    private func news(
        of incident: Incident, at severity: Severity, for receiver: String, now: Timestamp
    ) -> Notification.Reason? {
        let mayHear = policy.hold(of: receiver, incident, at: severity, now: now) == nil
        guard let listener = incident.listeners[receiver] else { return mayHear ? .opened : nil }
        if mayHear, severity > listener.severity { return .escalated }
        // Good news goes to all who heard the bad, whatever their routes.
        if incident.severity < listener.severity { return .deescalated }
        if let acknowledgement = incident.acknowledgementInForce,
            listener.acknowledgedAt.map({ $0 < acknowledgement.at }) ?? true
        {
            return .acknowledged
        }
        if hasJoined(incident, since: listener, receiver, at: severity, now: now) { return .changed }
        guard mayHear, incident.acknowledgementInForce == nil,
            let interval = policy.reminderInterval(of: receiver, incident, at: severity, now: now)
        else { return nil }
        return now - listener.at >= interval ? .reminder : nil
    }

    /// Whether another alert fires that a receiver wants to hear of and has not heard of. Of one rule often several join one after the other:
    /// the first waits a while for the others, and later ones wait longer, so that a receiver is told now and then of those that come and go.
    private func hasJoined(
        _ incident: Incident, since listener: Listener, _ receiver: String, at severity: Severity, now: Timestamp
    ) -> Bool {
        guard incident.lowerSince == nil else { return false }
        let isRun = if case .migration = incident.subject { true } else { false }
        if !isRun, let told = listener.changedAt, now - told < Self.changing { return false }
        let wait = isRun ? .zero : Self.joining
        return incident.firing(for: receiver).values.contains { alert in
            alert.mutedBy == nil && alert.severity <= severity
                && alert.audibleSince.map { $0 > listener.knownUntil && now - $0 >= wait } ?? false
                && policy.hold(of: receiver, incident, at: alert.severity, now: now) == nil
        }
    }

    /// Closes an incident: tells those who heard of it, and those whom its end concerns.
    ///
    /// - Parameter severity: of the end itself; `nil` if it is no news to those who heard nothing.
    mutating func close(
        _ incident: inout Incident, title: String, at now: Timestamp, serverTime: Timestamp,
        severity: Severity? = nil, into ledger: inout Ledger
    ) {
        incident.status = .closed
        incident.closedAt = now
        incident.headline = title
        let told = incident.toldReceivers
        for receiver in told {
            plan(
                &incident, .resolved, at: incident.severity, to: receiver, title: title, at: now,
                serverTime: serverTime, into: &ledger)
        }
        // That all went well in a silence is nobody's news; that it did not is owed to those who had heard nothing.
        incident.endSeverity = incident.mutedBy != nil && severity == .info ? nil : severity
        let concerned = policy.receivers.filter { incident.firing.isEmpty || !incident.firing(for: $0).isEmpty }
        for receiver in concerned where !told.contains(receiver) {
            switch policy.hold(of: receiver, end: incident, at: incident.endSeverity, now: now) {
            case nil:
                plan(
                    &incident, .resolved, at: incident.severity, to: receiver, title: title, at: now,
                    serverTime: serverTime, into: &ledger)
            case let hold? where hold.isDebt: incident.owed.append(receiver)
            default: break
            }
        }
        incident.firing = [:]
        incident.ended = [:]
        open[incident.id] = nil
        unstoredWords[incident.id] = nil
        pastEpisodes[incident.key] = PastEpisode(number: incident.episode, closedAt: now)
        if !incident.owed.isEmpty { owing[incident.id] = incident }
        ledger.incidents[incident.id] = incident
    }

    /// Tells the ends that receivers were to be told when their hours begin, or when the silence is over. A receiver that no route leads to
    /// any more is owed nothing.
    mutating func payDebts(at now: Timestamp, into ledger: inout Ledger) {
        for var incident in owing.values.sorted(by: { $0.id < $1.id }) {
            let before = incident
            if incident.endSeverity != nil { mute(&incident, at: now) }
            for receiver in incident.owed {
                switch policy.hold(of: receiver, end: incident, at: incident.endSeverity, now: now) {
                case nil:
                    plan(
                        &incident, .resolved, at: incident.severity, to: receiver, title: incident.headline ?? "",
                        at: now, serverTime: now, into: &ledger)
                case let hold? where hold.isDebt: continue
                default: break
                }
                incident.owed.removeAll { $0 == receiver }
            }
            keep(incident, since: before, into: &ledger)
        }
    }

    /// Forgives the debts of what a later run of the same tool in the same database has made good, or has made its own by ending as badly. It is
    /// what `MigrationFailed` goes by: the last run that has ended. What waits for a receiver's hours alone is told in any case.
    mutating func forgiveDebts(
        since run: MigrationRun, endedAt severity: Severity, at now: Timestamp, into ledger: inout Ledger
    ) {
        let id = Self.incidentID(ofRun: run.id)
        let labels = ["target": run.target, "database": run.database, "tool": run.tool]
        for var incident in owing.values.sorted(by: { $0.id < $1.id }) where incident.id != id {
            guard case .migration = incident.subject, labels.allSatisfy({ incident.labels[$0] == $1 }),
                let end = incident.end, end <= run.end ?? now,
                let owed = incident.endSeverity, severity == .info || severity >= owed
            else { continue }
            let before = incident
            incident.owed = before.owed.filter { policy.hold(of: $0, end: before, at: owed, now: now) != .muted }
            guard incident.owed != before.owed else { continue }
            incident.note("A later run has ended: nobody else is told of this one.", .info, at: now)
            keep(incident, since: before, into: &ledger)
        }
    }

    /// Keeps what is over for as long as it owes somebody its end.
    private mutating func keep(_ incident: Incident, since before: Incident, into ledger: inout Ledger) {
        guard incident != before else { return }
        owing[incident.id] = incident.owed.isEmpty ? nil : incident
        ledger.incidents[incident.id] = incident
    }

    /// - Parameter severity: of the news.
    func plan(
        _ incident: inout Incident, _ reason: Notification.Reason, at severity: Severity, to receiver: String,
        title: String, at now: Timestamp, serverTime: Timestamp, into ledger: inout Ledger
    ) {
        let before = incident.listeners[receiver]
        // A silence over a part of it makes it no less severe for who knows.
        let isFall = reason == .deescalated || reason == .resolved
        let severity = isFall ? severity : max(severity, before?.severity ?? .info)
        var listener = before ?? Listener(messages: 0, severity: severity, at: now)
        let place = listener.count(reason, severity, at: serverTime - incident.begin)
        let isOver = incident.status == .closed
        let alerts = incident.firing(for: receiver)
        let shownAlerts = alerts.filter { isOver ? $0.value.audibleSince != nil : $0.value.mutedBy == nil }
        listener.severity = severity
        // What it tells of it knows, though the clock was set back meanwhile.
        listener.at = max(now, shownAlerts.values.compactMap(\.audibleSince).max() ?? now)
        // Whom only the state concerns may be told by it no more than that somebody looks after what is known.
        if reason != .acknowledged || !policy.stateReceivers.contains(receiver) { listener.knownUntil = listener.at }
        if reason == .changed { listener.changedAt = now }
        if let acknowledgement = incident.acknowledgementInForce { listener.acknowledgedAt = acknowledgement.at }
        incident.listeners[receiver] = listener
        // Who is not told of all of it is told in the words of the rest.
        let leading = alerts.count < incident.firing.count ? Self.leading(alerts) : nil
        let shown = isOver && before == nil ? Self.shownTimelineOfDigest : Self.shownTimeline
        let notification = Notification(
            incidentID: incident.id, incidentKey: incident.key, episode: incident.episode,
            thread: incident.thread(to: receiver), reason: reason, severity: severity, isResolved: isOver,
            title: leading == nil || isOver ? title : Self.title(alerts),
            since: incident.begin, at: now,
            duration: max(.zero, (incident.end ?? incident.closedAt ?? serverTime) - incident.begin),
            facts: leading.map { facts(of: $0, firing: alerts) } ?? incident.facts,
            alerts: shownAlerts.sorted { $0.key < $1.key }.map(\.value),
            joined: reason == .changed ? Self.joined(shownAlerts, since: before?.knownUntil) : [],
            ended: incident.untoldEnds(for: receiver), timeline: incident.timeline.suffix(shown),
            link: link(to: incident), sender: policy.sender,
            acknowledgement: isOver ? nil : incident.acknowledgementInForce, maintenance: incident.maintenance)
        if !policy.isReplaceable(reason, to: receiver) { incident.noteEndsTold(to: receiver) }
        // By what it says and not by its position: an agent that comes late begins with what the other said later.
        let id = StableIdentifier.derive(
            from: incident.key, String(incident.episode), receiver, reason.rawValue, severity.rawValue,
            (reason == .opened || reason == .resolved ? incident.life + incident.ending : place) + incident.plan)
        ledger.deliveries.append(
            Delivery(
                id: id, incidentID: incident.id, receiver: receiver, sequence: listener.messages,
                notification: notification, replaces: policy.reasonsReplaced(by: notification, to: receiver),
                correlation: policy.correlation(of: receiver), leadingTarget: policy.leadingTarget(of: incident),
                plannedAt: now))
    }

    /// What the alerts say that have joined, in the order in which they did.
    private static func joined(_ alerts: [String: IncidentAlert], since time: Timestamp?) -> [String] {
        guard let time else { return [] }
        let joined = alerts.filter { $0.value.audibleSince.map { $0 > time } ?? false }
        return joined.sorted { ($0.value.audibleSince ?? time, $0.key) < ($1.value.audibleSince ?? time, $1.key) }
            .map { $0.value.annotations["summary"] ?? $0.value.name }
    }

    private func link(to incident: Incident) -> String? {
        policy.externalURL.map { "\($0)/?incident=\(incident.id)" }
    }
}

extension Incident {
    private static let keptTimeline = 200

    mutating func note(_ text: String, _ severity: Severity, at now: Timestamp) {
        timeline.append(TimelineEntry(at: now, severity: severity, text: text))
        if timeline.count > Self.keptTimeline { timeline.remove(at: 1) }
    }

    /// What has happened is at most this much later than now, be it of the same step or seen by another look.
    private static let lead = Duration.seconds(1)

    /// Dates back what has happened later than now, since the clock was set back: else what waits for a while would wait until that time comes
    /// again. What was first stays first.
    mutating func follow(clock now: Timestamp) {
        let latest = (listeners.values.map(\.at) + firing.values.compactMap(\.audibleSince)).max() ?? now
        if latest > now + Self.lead {
            let leap = latest - now
            listeners = listeners.mapValues { $0.dated(back: leap) }
            firing = firing.mapValues { $0.dated(back: leap) }
            ended = ended.mapValues { untold in
                var untold = untold
                untold.end.alert = untold.end.alert.dated(back: leap)
                return untold
            }
        }
        lowerSince = lowerSince.map { min($0, now) }
        audibleAgainAt = audibleAgainAt.map { min($0, now) }
        if let lapsed = acknowledgement?.lapsedAt, lapsed > now { acknowledgement?.lapsedAt = now }
        for severity in Severity.allCases { reached[severity] = reached[severity].map { min($0, now) } }
    }
}
