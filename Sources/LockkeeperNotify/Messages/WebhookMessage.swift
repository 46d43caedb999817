public import LockkeeperCore

/// A message for a generic webhook in the shape of Alertmanager's version "4" (prometheus.io: Alerting, Configuration,
/// `<webhook_config>`), which many receivers read already, with all that Lockkeeper knows under `lockkeeper`.
///
/// A migration is an alert of its own, `LockkeeperMigration`, that fires while it runs; the alerts about it follow. Planned maintenance is one,
/// `LockkeeperMaintenance`, from when it is announced.
public struct WebhookMessage: Sendable, Hashable, Encodable {
    /// One alert as Alertmanager writes it.
    struct Alert: Sendable, Hashable, Encodable {
        /// `firing` or `resolved`.
        var status: String
        var labels: [String: String]
        var annotations: [String: String]
        /// RFC 3339.
        var startsAt: String
        /// RFC 3339; Go's zero time while the end is not known.
        var endsAt: String
        var generatorURL: String
        /// The same for the same labels.
        var fingerprint: String
    }

    /// What Alertmanager's shape has no place for.
    struct Incident: Sendable, Hashable, Encodable {
        var incident: String
        var key: String
        /// Tells the lives of the key apart: the highest is the newest, and once a life is resolved it stays so.
        var episode: Int
        var delivery: String
        var sequence: Int
        var reason: String
        var severity: String
        var resolved: Bool
        var test: Bool
        var title: String
        var summary: String
        var target: String
        var database: String
        var run: String?
        var outcome: String?
        var since: String
        var at: String
        var durationSeconds: Double
        var details: [Detail]
        var actions: [Action]
        var timeline: [Entry]
        var link: String?
        var sender: String
        var maintenance: Maintenance?

        private enum CodingKeys: String, CodingKey {
            case incident, key, episode, delivery, sequence, reason, severity, resolved, test, title, summary, target,
                database,
                run
            case outcome, since, at, details, actions, timeline, link, sender, maintenance
            case durationSeconds = "duration_seconds"
        }

        /// A fact with its name.
        struct Detail: Sendable, Hashable, Encodable {
            var name: String
            var value: String
            var code: Bool
        }

        /// Something to do.
        struct Action: Sendable, Hashable, Encodable {
            var text: String
            var command: String?
        }

        /// When planned maintenance takes place, and why.
        struct Maintenance: Sendable, Hashable, Encodable {
            /// RFC 3339.
            var startsAt: String
            /// RFC 3339.
            var endsAt: String
            var comment: String?

            private enum CodingKeys: String, CodingKey {
                case comment
                case startsAt = "starts_at"
                case endsAt = "ends_at"
            }
        }

        /// A line of the timeline.
        struct Entry: Sendable, Hashable, Encodable {
            var at: String
            var severity: String
            var text: String
        }
    }

    let version = "4"
    /// The same for all messages of one incident, whenever it comes again and whichever agent tells of it.
    let groupKey: String
    let truncatedAlerts = 0
    let receiver: String
    /// `firing` or `resolved`.
    let status: String
    let groupLabels: [String: String]
    let commonLabels: [String: String]
    let commonAnnotations: [String: String]
    let externalURL: String
    let alerts: [Alert]
    let lockkeeper: Incident

    private enum CodingKeys: String, CodingKey {
        case version, groupKey, truncatedAlerts, receiver, status, groupLabels, commonLabels, commonAnnotations,
            externalURL
        case alerts, lockkeeper
    }

    /// Renders a delivery. Rendered again it is the same.
    public init(_ delivery: Delivery) {
        let notification = delivery.notification
        groupKey = "lockkeeper:\(notification.incidentKey)"
        receiver = delivery.receiver
        status = notification.isResolved ? "resolved" : "firing"
        externalURL = notification.link ?? ""
        let facts = notification.facts
        var own: [Alert] = []
        if facts.run != nil || notification.alerts.isEmpty { own.append(Self.incidentAlert(notification)) }
        alerts =
            own
            + notification.alerts.map {
                Self.alert($0, in: notification, endedAt: notification.isResolved ? notification.at : nil)
            }
            + notification.ended.map { Self.alert($0.alert, in: notification, endedAt: $0.at) }
        groupLabels = ["incident": notification.incidentKey]
        commonLabels = Self.common(alerts.map(\.labels))
        commonAnnotations = Self.common(alerts.map(\.annotations))
        lockkeeper = Incident(
            incident: notification.incidentID, key: notification.incidentKey, episode: notification.episode,
            delivery: delivery.id,
            sequence: delivery.sequence,
            reason: notification.reason.rawValue, severity: notification.severity.rawValue,
            resolved: notification.isResolved, test: notification.isTest, title: notification.title,
            summary: facts.summary, target: facts.target, database: facts.database, run: facts.run,
            outcome: facts.outcome, since: notification.since.rfc3339, at: notification.at.rfc3339,
            durationSeconds: notification.duration.inSeconds,
            details: facts.details.map { .init(name: $0.name, value: $0.value, code: $0.isCode) },
            actions: facts.actions.map { .init(text: $0.text, command: $0.command) },
            timeline: notification.timeline.map {
                .init(at: $0.at.rfc3339, severity: $0.severity.rawValue, text: $0.text)
            },
            link: notification.link, sender: notification.sender,
            maintenance: notification.maintenance.map {
                .init(startsAt: $0.begin.rfc3339, endsAt: $0.end.rfc3339, comment: $0.comment)
            })
    }

    /// The payload to post.
    public func json() throws -> [UInt8] { try MessageJSON.encode(self) }

    private static func incidentAlert(_ notification: Notification) -> Alert {
        let facts = notification.facts
        // A label must not change while the alert lives, or receivers see another alert: the severity is no label here.
        var labels = facts.labels
        labels["alertname"] =
            if notification.isTest {
                "LockkeeperTest"
            } else if notification.maintenance != nil {
                "LockkeeperMaintenance"
            } else {
                facts.run == nil ? "LockkeeperIncident" : "LockkeeperMigration"
            }
        labels["incident"] = notification.incidentKey
        if !facts.target.isEmpty { labels["target"] = facts.target }
        if !facts.database.isEmpty { labels["database"] = facts.database }
        labels["run"] = facts.run
        var annotations = ["summary": notification.title, "description": facts.summary]
        annotations["severity"] = notification.severity.rawValue
        annotations["outcome"] = facts.outcome
        annotations["runbook_url"] = facts.runbookURL
        if let first = facts.actions.first {
            annotations["action"] = [first.text, first.command].compactMap { $0 }.joined(separator: ": ")
        }
        // What is called off ends before it begins.
        let begin = notification.isResolved ? min(notification.since, notification.at) : notification.since
        return Alert(
            status: notification.isResolved ? "resolved" : "firing", labels: labels, annotations: annotations,
            startsAt: begin.rfc3339, endsAt: text(of: notification.isResolved ? notification.at : nil),
            generatorURL: notification.link ?? "",
            fingerprint: StableIdentifier.derive(from: notification.incidentKey))
    }

    private static func alert(_ alert: IncidentAlert, in notification: Notification, endedAt end: Timestamp?) -> Alert {
        var labels = alert.labels
        labels["alertname"] = alert.name
        labels["severity"] = alert.severity.rawValue
        let sorted = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return Alert(
            status: end == nil ? "firing" : "resolved", labels: labels, annotations: alert.annotations,
            startsAt: alert.activeAt.rfc3339, endsAt: text(of: end), generatorURL: notification.link ?? "",
            fingerprint: StableIdentifier.derive(from: sorted.joined(separator: "\u{0}")))
    }

    private static func text(of end: Timestamp?) -> String { end?.rfc3339 ?? "0001-01-01T00:00:00Z" }

    /// The pairs that all have.
    private static func common(_ sets: [[String: String]]) -> [String: String] {
        guard let first = sets.first else { return [:] }
        return sets.dropFirst().reduce(first) { common, next in common.filter { next[$0.key] == $0.value } }
    }
}
