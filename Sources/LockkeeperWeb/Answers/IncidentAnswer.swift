import LockkeeperCore

/// `GET /api/v1/incidents`, newest first.
struct IncidentsAnswer: Encodable {
    let incidents: [IncidentAnswer]
}

/// An incident in the JSON API.
struct IncidentAnswer: Encodable {
    let id: String
    /// What receivers know it by, such as PagerDuty's `dedup_key`.
    let key: String
    /// `migration`, `alerts` or `maintenance`
    let kind: String
    /// The run's id, or the name of the rule or of the maintenance window.
    let subject: String
    let target: String
    let database: String
    let labels: [String: String]
    let severity: String
    let peak: String
    let status: String
    let begin: String
    let end: String?
    let openedAt: String
    let closedAt: String?
    let summary: String
    let details: [DetailAnswer]
    let actions: [ActionAnswer]
    let outcome: String?
    let run: String?
    let runbookURL: String?
    let firing: [AlertAnswer]
    let toldReceivers: [String]
    let acknowledgement: AcknowledgementAnswer?
    /// The silence or maintenance window that holds back news of it.
    let mutedBy: String?
    let maintenance: MaintenanceAnswer?
    /// In the detailed answer only.
    let timeline: [TimelineAnswer]?
    /// In the detailed answer only.
    let deliveries: [DeliveryAnswer]?

    struct AcknowledgementAnswer: Encodable {
        let author: String
        let comment: String
        let at: String
        /// Whether it still holds: not if the incident has become more severe since.
        let isInForce: Bool
    }

    /// When planned maintenance is to take place.
    struct MaintenanceAnswer: Encodable {
        let startsAt: String
        let endsAt: String
        let comment: String?
    }

    struct DetailAnswer: Encodable {
        let name: String
        let value: String
        /// Whether the value is SQL or another text to be set in a fixed-width face.
        let isCode: Bool
    }

    struct ActionAnswer: Encodable {
        let text: String
        let command: String?
    }

    struct AlertAnswer: Encodable {
        let name: String
        let severity: String
        let labels: [String: String]
        let annotations: [String: String]
        let activeAt: String
    }

    struct TimelineAnswer: Encodable {
        let at: String
        let severity: String
        let text: String
    }

    /// - Parameter deliveries: given for the detailed answer.
    init(_ incident: Incident, deliveries: [Delivery]? = nil) {
        id = incident.id
        key = incident.key
        switch incident.subject {
        case .migration(let run, _):
            kind = "migration"
            subject = run
        case .alerts(let name, _):
            kind = "alerts"
            subject = name
        case .maintenance(let name):
            kind = "maintenance"
            subject = name
        }
        target = incident.target
        database = incident.facts.database
        labels = incident.facts.labels
        severity = incident.severity.rawValue
        peak = incident.peak.rawValue
        status = incident.status.rawValue
        begin = incident.begin.rfc3339
        end = incident.end?.rfc3339
        openedAt = incident.openedAt.rfc3339
        closedAt = incident.closedAt?.rfc3339
        summary = incident.facts.summary
        details = incident.facts.details.map { DetailAnswer(name: $0.name, value: $0.value, isCode: $0.isCode) }
        actions = incident.facts.actions.map { ActionAnswer(text: $0.text, command: $0.command) }
        outcome = incident.facts.outcome
        run = incident.facts.run
        runbookURL = incident.facts.runbookURL
        firing = incident.firing.sorted { $0.key < $1.key }.map { _, alert in
            AlertAnswer(
                name: alert.name, severity: alert.severity.rawValue, labels: alert.labels,
                annotations: alert.annotations, activeAt: alert.activeAt.rfc3339)
        }
        toldReceivers = incident.toldReceivers
        acknowledgement = incident.acknowledgement.map {
            AcknowledgementAnswer(
                author: $0.author, comment: $0.comment, at: $0.at.rfc3339,
                isInForce: incident.acknowledgementInForce != nil)
        }
        mutedBy = incident.mutedBy
        maintenance = incident.maintenance.map {
            MaintenanceAnswer(startsAt: $0.begin.rfc3339, endsAt: $0.end.rfc3339, comment: $0.comment)
        }
        timeline =
            deliveries == nil
            ? nil
            : incident.timeline.map {
                TimelineAnswer(at: $0.at.rfc3339, severity: $0.severity.rawValue, text: $0.text)
            }
        self.deliveries = deliveries?.map(DeliveryAnswer.init)
    }
}
