public import LockkeeperCore

/// Alerts for Alertmanager (`POST /api/v2/alerts`; its `api/v2/openapi.yaml`, `postableAlerts`).
///
/// An alert there is its set of labels, so nothing that changes while it lives is one: no pid, no duration. A migration is an alert of its
/// own, `LockkeeperMigration`, of severity info for as long as it runs; the alerts about it are beside it with their own severities.
public struct AlertmanagerAlerts: Sendable, Hashable {
    /// How often alerts that fire are sent again: Alertmanager keeps none over its restart.
    public static let interval = Duration.seconds(60)
    /// How long the end of an alert is sent again.
    public static let tellsResolvedFor = Duration.seconds(300)
    /// How long Alertmanager shall hold an alert for firing that is not sent again, because the agent is gone or the alert is: as
    /// long as Prometheus says it.
    static let lifetime = interval * 4

    struct Alert: Sendable, Hashable, Encodable {
        var labels: [String: String]
        var annotations: [String: String]
        /// RFC 3339, as `endsAt`.
        var startsAt: String
        var endsAt: String
        var generatorURL: String?
    }

    let alerts: [Alert]

    /// Renders a delivery.
    ///
    /// - Parameter now: from when alerts that fire are good for four minutes.
    public init(_ delivery: Delivery, at now: Timestamp) {
        self.init([StandingMessage(delivery: delivery, firing: delivery.notification.alerts)], at: now)
    }

    /// Renders what was told last of each incident, with the alerts as they are now.
    public init(_ standing: [StandingMessage], at now: Timestamp) {
        alerts = standing.flatMap { Self.alerts(of: $0, at: now) }
    }

    /// The body of the request.
    public func json() throws -> [UInt8] { try MessageJSON.encode(alerts) }

    private static func alerts(of standing: StandingMessage, at now: Timestamp) -> [Alert] {
        let notification = standing.delivery.notification
        // Nobody is to be called for it.
        guard notification.maintenance == nil else { return [] }
        // A test shall be over soon, by itself.
        let end = notification.isResolved ? notification.at : now + lifetime
        let receiver = standing.delivery.receiver
        let firing =
            notification.isResolved
            ? notification.alerts : standing.firing.filter { $0.failingReceiver != receiver }
        var alerts: [Alert] = []
        if notification.facts.run != nil || notification.alerts.isEmpty {
            alerts.append(ofIncident(notification, until: end, at: now))
        }
        alerts += firing.map { alert($0, of: notification, until: end, at: now) }
        for gone in notification.alerts
        where !firing.contains(where: { $0.labels == gone.labels && $0.name == gone.name }) {
            alerts.append(alert(gone, of: notification, until: now, at: now))
        }
        for ended in notification.ended
        where !firing.contains(where: { $0.labels == ended.alert.labels && $0.name == ended.alert.name }) {
            alerts.append(alert(ended.alert, of: notification, until: ended.at, at: now))
        }
        return alerts
    }

    private static func ofIncident(_ notification: Notification, until end: Timestamp, at now: Timestamp) -> Alert {
        let facts = notification.facts
        var labels = facts.labels
        labels["alertname"] =
            notification.isTest ? "LockkeeperTest" : facts.run == nil ? "LockkeeperIncident" : "LockkeeperMigration"
        labels["severity"] = Severity.info.rawValue
        labels["incident"] = notification.incidentKey
        labels["target"] = facts.target
        labels["database"] = facts.database
        labels["run"] = facts.run
        var annotations = ["summary": MessageWording(notification).title, "description": facts.summary]
        annotations["outcome"] = facts.outcome
        annotations["runbook_url"] = facts.runbookURL
        annotations["action"] = facts.actions.first.map {
            [$0.text, $0.command].compactMap { $0 }.joined(separator: ": ")
        }
        return make(labels, annotations, from: notification.since, until: end, link: notification.link, at: now)
    }

    private static func alert(
        _ alert: IncidentAlert, of notification: Notification, until end: Timestamp, at now: Timestamp
    ) -> Alert {
        var labels = alert.labels
        labels["alertname"] = alert.name
        labels["severity"] = alert.severity.rawValue
        return make(labels, alert.annotations, from: alert.activeAt, until: end, link: notification.link, at: now)
    }

    private static func make(
        _ labels: [String: String], _ annotations: [String: String], from begin: Timestamp, until end: Timestamp,
        link: String?, at now: Timestamp
    ) -> Alert {
        // Alertmanager refuses an alert that ends before it begins, as one does whose begin is told by another clock than its end.
        let begin = min(begin, end, now)
        return Alert(
            labels: labels.filter { !$0.value.isEmpty }, annotations: annotations.filter { !$0.value.isEmpty },
            startsAt: begin.rfc3339, endsAt: end.rfc3339, generatorURL: link)
    }
}
