internal import LockkeeperCore

/// What customers are told on a status page: how it is for them, and nothing of what engineers are told. No name of a server, database,
/// table, person or migration is in it, and no query.
struct PublicNotice: Sendable, Hashable {
    /// How it stands, as status pages tell it.
    enum Progress: Sendable, Hashable, CaseIterable {
        case investigating, identified, monitoring, resolved
    }

    let title: String
    let body: String
    let progress: Progress
    /// How bad it is while it is not resolved.
    let severity: Severity
    /// Tells the incident from all others, on pages that cannot keep a key where nobody sees it.
    let key: String

    /// The same for what looks the same to customers.
    var digest: String { StableIdentifier.derive(from: title, body, "\(progress)", severity.rawValue) }

    /// The notification with the words for customers in place of those for engineers, or with those of a receiver's templates, which see the
    /// words for customers as `title` and `text`.
    static func notification(
        _ notification: Notification, in templates: MessageTemplates = MessageTemplates(), to receiver: String
    ) -> Notification {
        var result = notification
        if let maintenance = notification.maintenance {
            result.title = "Planned maintenance of our database"
            result.facts.summary = body(maintenance, endedAt: notification.isResolved ? notification.at : nil)
        } else {
            result.title = notification.facts.run != nil ? "Database maintenance" : "Database problem"
            result.facts.summary = body(notification, isMigration: notification.facts.run != nil)
        }
        result.facts.actions = []
        return templates.apply(to: result, receiver: receiver)
    }

    /// Renders a notification that ``notification(_:in:to:)`` has put into words for customers.
    init(_ notification: Notification) {
        let isMigration = notification.facts.run != nil
        severity = notification.severity
        key = "LK-" + StableIdentifier.derive(from: notification.incidentKey)
        title = MessageWording.cut(units: MessageWording.singleLine(notification.title), to: 200)
        body = MessageWording.cut(units: notification.facts.summary, to: 4000)
        progress =
            if notification.isResolved {
                .resolved
            } else if notification.reason == .deescalated {
                .monitoring
            } else if isMigration || notification.acknowledgement != nil {
                .identified
            } else {
                .investigating
            }
    }

    /// The same as long as the plan is the same, whenever it is told.
    private static func body(_ maintenance: MaintenanceWindow, endedAt end: Timestamp?) -> String {
        switch end.map(maintenance.ending) {
        case nil:
            "Planned work on our database: \(maintenance.readable). Some requests may be slow or fail during that time."
        case .over: "The planned work on our database is complete. Everything works as usual again."
        case .early:
            "The planned work on our database has ended earlier than announced. Everything works as usual again."
        case .calledOff:
            "The planned work on our database that was announced for \(maintenance.readable) does not take place."
        }
    }

    private static func body(_ notification: Notification, isMigration: Bool) -> String {
        if notification.isResolved {
            if Badge(notification).isBad {
                return "The work on our database has ended. If you still notice a problem, please tell us."
            }
            return isMigration
                ? "The work on our database is complete. Everything works as usual again."
                : "The problem with our database is over. Everything works as usual again."
        }
        let effect =
            switch notification.severity {
            case .critical: "Some requests are slow or fail at the moment."
            case .warning: "Some requests may be slower than usual."
            case .info: "You should not notice anything of it."
            }
        let cause =
            switch (isMigration, notification.severity) {
            case (true, .info): "We are changing something in our database."
            case (true, _): "A change to our database takes longer than planned."
            case (false, _): "There is a problem with our database."
            }
        let action = notification.severity == .info ? "" : " We are working on it."
        return "\(cause) \(effect)\(notification.reason == .deescalated ? " It is getting better." : action)"
    }
}
