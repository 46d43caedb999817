internal import GRDB
internal import LockkeeperCore

/// The statements that store a change, with their values ready to be bound.
struct StateChangeRows: Sendable {
    private var rows: [(statement: String, arguments: StatementArguments)] = []

    /// - Parameter following: the targets of which another agent tells.
    init(_ change: StateChange, following: Set<String> = []) throws {
        for (target, memory) in change.memories {
            rows.append((Self.memory, [target, try JSONColumn.encode(memory)]))
        }
        if let alerts = change.alerts {
            rows.append((Self.alerts, [try JSONColumn.encode(alerts)]))
        }
        for run in change.runs {
            rows.append(
                (
                    Self.run,
                    [
                        run.id, run.target, run.database, run.tool, run.begin.microseconds, run.end?.microseconds,
                        run.outcome?.label, try JSONColumn.encode(run),
                    ]
                ))
        }
        for incident in change.incidents {
            let run: String? = if case .migration(let run, _) = incident.subject { run } else { nil }
            rows.append(
                (
                    Self.incident,
                    [
                        incident.id, incident.target, run, incident.status.rawValue, incident.severity.rawValue,
                        incident.openedAt.microseconds, incident.closedAt?.microseconds,
                        try JSONColumn.encode(incident),
                    ]
                ))
        }
        for silence in change.silences { try add(silence) }
        for delivery in change.deliveries {
            let target = delivery.notification.facts.target
            // What is about the agent itself, no other agent tells.
            let isStandby = !target.isEmpty && following.contains(target)
            rows.append(
                (
                    isStandby ? StandbyRows.insert(isEnd: delivery.notification.isResolved) : Self.delivery,
                    [
                        delivery.id, delivery.incidentID, delivery.receiver, delivery.sequence,
                        Severity.allCases.count { $0 < delivery.notification.severity },
                        delivery.plannedAt.microseconds, delivery.status.rawValue, delivery.attempts,
                        delivery.nextAttemptAt.microseconds, delivery.finishedAt?.microseconds, delivery.lastError,
                        try JSONColumn.encode(delivery.acceptedRecipients),
                        try JSONColumn.encode(delivery.notification), target,
                    ]
                ))
            if isStandby { rows.append((StandbyRows.supersede, [delivery.incidentID, delivery.receiver])) }
        }
    }

    mutating private func add(_ silence: Silence) throws {
        rows.append((Self.silence, [silence.id, silence.end.microseconds, try JSONColumn.encode(silence)]))
    }

    func write(to database: Database) throws {
        for row in rows {
            try database.cachedStatement(sql: row.statement).execute(arguments: row.arguments)
        }
    }

    private static let memory = """
        INSERT INTO target_memory (target, body) VALUES (?, ?)
        ON CONFLICT (target) DO UPDATE SET body = excluded.body
        """

    private static let alerts = """
        INSERT INTO alerts (only, body) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET body = excluded.body
        """

    private static let run = """
        INSERT INTO run (id, target, database, tool, began_at, ended_at, outcome, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET target = excluded.target, database = excluded.database, tool = excluded.tool,
            began_at = excluded.began_at, ended_at = excluded.ended_at, outcome = excluded.outcome, body = excluded.body
        """

    private static let incident = """
        INSERT INTO incident (id, target, run, status, severity, opened_at, closed_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET target = excluded.target, run = excluded.run, status = excluded.status,
            severity = excluded.severity, opened_at = excluded.opened_at, closed_at = excluded.closed_at,
            body = excluded.body
        """

    private static let silence = """
        INSERT INTO silence (id, ends_at, body) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body
        """

    private static let delivery = """
        INSERT INTO delivery (id, incident_id, receiver, sequence, urgency, planned_at, status, attempts, next_attempt_at,
            finished_at, last_error, accepted_recipients, notification, target)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """
}
