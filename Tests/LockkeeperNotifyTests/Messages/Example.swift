import LockkeeperCore
import LockkeeperNotify

/// The notifications that the golden files hold: one of each kind, as the incident book makes them.
enum Example: String, CaseIterable, Sendable {
    case started, runningLong, blockedByForgottenTransaction, committed, failed, test, otherAlert, otherAlertResolved

    static let begin = Timestamp(microseconds: 1_795_400_168_000_000)

    /// As it would lie in the outbox.
    var delivery: Delivery {
        var notification = notification
        if !notification.isTest {
            notification.thread = StableIdentifier.derive(from: notification.incidentKey, "0", "incidents")
        }
        return Delivery(
            id: StableIdentifier.derive(from: notification.incidentID, "incidents", String(sequence)),
            incidentID: notification.incidentID, receiver: "incidents", sequence: sequence, notification: notification,
            plannedAt: notification.at)
    }

    private var sequence: Int {
        switch self {
        case .started, .test, .otherAlert: 1
        case .runningLong, .otherAlertResolved: 2
        case .blockedByForgottenTransaction, .failed: 3
        case .committed: 4
        }
    }

    var notification: Notification {
        switch self {
        case .started:
            migration(.opened, .info, "started", after: .milliseconds(140), summary: Self.working, details: [])
        case .runningLong:
            migration(
                .escalated, .warning, "is running for 10m", after: .seconds(600), summary: Self.working,
                details: [.init("Holds", "ACCESS EXCLUSIVE on public.orders")],
                actions: [.init("Nothing is in its way: wait. Stopping it now would roll its work back")],
                alerts: [Self.long])
        case .blockedByForgottenTransaction:
            migration(
                .escalated, .critical, "is blocked by pid 4711 (idle in transaction) for 2m 5s, holding up 23 sessions",
                after: .seconds(1862),
                summary:
                    "It waits for ACCESS EXCLUSIVE on public.orders, behind pid 4711 (idle in transaction) of reports (psql) from "
                    + "10.0.3.17, idle for 41m 7s, transaction open for 43m 2s. 23 sessions wait in the queue behind it.",
                details: [
                    .init(
                        "Blocked by",
                        "pid 4711 (idle in transaction) of reports (psql) from 10.0.3.17, idle for 41m 7s, "
                            + "transaction open for 43m 2s"),
                    .init(
                        "Its last query", "SELECT count(*) FROM orders WHERE total > $1 AND note <> $2", isCode: true),
                    .init("Holds up", "23 sessions, longest wait 2m 4s"),
                ],
                actions: [
                    .init(
                        "Let the queue go at once by cancelling the migration",
                        command: "SELECT pg_cancel_backend(4802)"),
                    .init(
                        "Ask reports to finish, or end pid 4711 (it rolls back)",
                        command: "SELECT pg_terminate_backend(4711)"),
                    .init("Then run the migration again with lock_timeout set, such as SET lock_timeout = '5s'"),
                ], alerts: [Self.long, Self.tooLong])
        case .committed:
            migration(
                .resolved, .critical, "committed after 31m 20s", after: .seconds(1880),
                summary: "Applied: 0042_orders_total.",
                details: [.init("Ended", (Self.begin + .seconds(1880)).readable)], actions: [],
                alerts: [Self.long, Self.tooLong], outcome: "committed")
        case .failed:
            migration(
                .resolved, .critical, "FAILED after 12m 3s", after: .seconds(723),
                summary:
                    "Its last statement ended in an error and the transaction was rolled back; the history table has no new row.",
                details: [.init("Ended", (Self.begin + .seconds(723)).readable)],
                actions: [
                    .init("Read the tool's output or the server's log for the error of the last statement"),
                    .init("Check what is applied before running it again; the last transaction left nothing behind"),
                ], alerts: [Self.long], outcome: "failed")
        case .test:
            .test(
                receiver: "incidents", sender: "lockkeeper 1.0.0 on watch-1", at: Self.begin,
                link: "https://lockkeeper.example.org/")
        case .otherAlert: forgotten(.opened)
        case .otherAlertResolved: forgotten(.resolved)
        }
    }

    private static let working = "It is at work, waits for no lock and holds nobody up."

    private static var long: IncidentAlert {
        IncidentAlert(
            name: "MigrationRunningLong", severity: .warning,
            labels: [
                "alertname": "MigrationRunningLong", "severity": "warning", "target": "app-production", "run": "7k2m",
            ],
            annotations: [
                "summary": "Migration 0042_orders_total on app-production (app) has been running for 10m 0s",
                "runbook_url": "https://www.postgresql.org/docs/current/progress-reporting.html",
            ], activeAt: begin + .seconds(600))
    }

    private static var tooLong: IncidentAlert {
        IncidentAlert(
            name: "MigrationRunningTooLong", severity: .critical,
            labels: [
                "alertname": "MigrationRunningTooLong", "severity": "critical", "target": "app-production",
                "run": "7k2m",
            ],
            annotations: [
                "summary":
                    "Migration 0042_orders_total on app-production (app) has been running for 31m 2s, over 30 minutes"
            ], activeAt: begin + .seconds(1800))
    }

    private func migration(
        _ reason: Notification.Reason, _ severity: Severity, _ predicate: String, after duration: Duration,
        summary: String,
        details: [IncidentFacts.Detail], actions: [IncidentFacts.Action]? = nil, alerts: [IncidentAlert] = [],
        outcome: String? = nil
    ) -> Notification {
        let at = Self.begin + duration
        let title = "Migration 0042_orders_total on app-production \(predicate)"
        var timeline = [
            TimelineEntry(
                at: Self.begin + .milliseconds(140), severity: .info,
                text: "Migration 0042_orders_total on app-production started.")
        ]
        for alert in alerts {
            timeline.append(
                TimelineEntry(
                    at: alert.activeAt, severity: alert.severity, text: alert.annotations["summary"] ?? alert.name))
        }
        if outcome != nil { timeline.append(TimelineEntry(at: at, severity: severity, text: title + ".")) }
        let common: [IncidentFacts.Detail] = [
            .init("Migration", "0042_orders_total"), .init("Tool", "Drizzle"), .init("Database", "app"),
            .init("Started", Self.begin.readable), .init("Run by", "deploy from 10.0.1.5 (drizzle-kit), pid 4802"),
        ]
        let statement = IncidentFacts.Detail(
            outcome == nil ? "Statement" : "Last statement seen",
            "ALTER TABLE \"orders\" ADD COLUMN \"total\" numeric(12, 2) NOT NULL DEFAULT $1", isCode: true)
        return Notification(
            incidentID: "run-7k2m", reason: reason, severity: severity, isResolved: outcome != nil, title: title,
            since: Self.begin, at: at, duration: duration,
            facts: IncidentFacts(
                target: "app-production", database: "app", labels: ["env": "production"], summary: summary,
                details: common + details + [statement],
                actions: actions ?? [.init("Nothing is in its way: wait. Stopping it now would roll its work back")],
                outcome: outcome, run: "7k2m",
                runbookURL: alerts.isEmpty ? nil : "https://www.postgresql.org/docs/current/progress-reporting.html"),
            alerts: alerts, timeline: timeline, link: "https://lockkeeper.example.org/?incident=run-7k2m",
            sender: "lockkeeper 1.0.0 on watch-1")
    }

    private func forgotten(_ reason: Notification.Reason) -> Notification {
        let alert = IncidentAlert(
            name: "IdleInTransaction", severity: .warning,
            labels: [
                "alertname": "IdleInTransaction", "severity": "warning", "target": "app-production", "database": "app",
            ],
            annotations: [
                "summary": "A session on app-production (app) has been idle in its transaction for 5m 12s",
                "description": "It keeps its locks and holds back vacuum. The next ALTER TABLE will queue behind it.",
                "action": "Find it with `lockkeeper top` and end it, or set idle_in_transaction_session_timeout.",
                "runbook_url": "https://www.postgresql.org/docs/current/runtime-config-client.html",
            ], activeAt: Self.begin)
        let isResolved = reason == .resolved
        let end = Self.begin + .seconds(754)
        return Notification(
            incidentID: "alert-2f9c", incidentKey: "alert-8hq1", reason: reason, severity: .warning,
            isResolved: isResolved,
            title: isResolved
                ? "Resolved: IdleInTransaction on app-production" : alert.annotations["summary"] ?? alert.name,
            since: Self.begin, at: isResolved ? end : Self.begin + .seconds(30),
            duration: isResolved ? .seconds(754) : .seconds(30),
            facts: IncidentFacts(
                target: "app-production", database: "app", labels: ["env": "production"],
                summary: alert.annotations["description"] ?? "",
                details: [.init("Alert", "IdleInTransaction"), .init("database", "app")],
                actions: [.init(alert.annotations["action"] ?? "")], runbookURL: alert.annotations["runbook_url"]),
            alerts: [alert],
            timeline: [
                TimelineEntry(
                    at: Self.begin + .seconds(30), severity: .warning, text: alert.annotations["summary"] ?? "")
            ] + (isResolved ? [TimelineEntry(at: end, severity: .info, text: "Resolved.")] : []),
            link: "https://lockkeeper.example.org/?incident=alert-2f9c", sender: "lockkeeper 1.0.0 on watch-1")
    }
}
