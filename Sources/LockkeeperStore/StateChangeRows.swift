internal import GRDB
internal import LockkeeperCore

/// The statements that store a change, with their values ready to be bound.
struct StateChangeRows: Sendable {
    private var rows: [Row] = []

    private struct Row {
        var statement: String
        var arguments: StatementArguments
        /// The receiver whose messages it makes needless.
        var superseding: String?

        init(_ statement: String, _ arguments: StatementArguments, superseding: String? = nil) {
            self.statement = statement
            self.arguments = arguments
            self.superseding = superseding
        }
    }

    /// - Parameter following: the targets of which another agent tells.
    init(_ change: StateChange, following: Set<String> = []) throws {
        for (target, memory) in change.memories {
            rows.append(Row(Self.memory, [target, try JSONColumn.encode(memory)]))
        }
        if let alerts = change.alerts {
            rows.append(Row(Self.alerts, [try JSONColumn.encode(alerts)]))
        }
        for run in change.runs {
            rows.append(
                Row(
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
                Row(
                    Self.incident,
                    [
                        incident.id, incident.key, incident.episode, incident.target, run, incident.status.rawValue,
                        incident.severity.rawValue,
                        incident.openedAt.microseconds, incident.closedAt?.microseconds,
                        try JSONColumn.encode(incident),
                    ]
                ))
        }
        for silence in change.silences { try add(silence) }
        for delivery in change.deliveries {
            let target = delivery.leadingTarget ?? delivery.notification.facts.target
            // What is about the agent itself, no other agent tells.
            let isStandby = !target.isEmpty && following.contains(target)
            rows.append(
                Row(
                    isStandby ? StandbyRows.insert(isEnd: delivery.notification.isResolved) : Self.delivery,
                    [
                        delivery.id, delivery.incidentID, delivery.receiver, delivery.sequence,
                        Severity.allCases.count { $0 < delivery.notification.severity },
                        delivery.plannedAt.microseconds, delivery.status.rawValue, delivery.attempts,
                        delivery.nextAttemptAt.microseconds, delivery.finishedAt?.microseconds, delivery.lastError,
                        try JSONColumn.encode(delivery.acceptedRecipients),
                        try JSONColumn.encode(delivery.notification), target, delivery.incidentKey,
                        delivery.correlation.rawValue,
                    ]
                ))
            // Also one that is to be sent: what an incident is about may have changed, and with it who tells of it.
            rows.append(Row(StandbyRows.supersede, [delivery.incidentID, delivery.receiver]))
            if delivery.correlation != .none {
                rows.append(
                    Row(
                        Self.forgoEarlierEpisodes,
                        [
                            delivery.id, delivery.incidentID, delivery.incidentKey, delivery.receiver,
                            delivery.plannedAt.microseconds, delivery.correlation == .stateOnly,
                        ], superseding: isStandby ? nil : delivery.receiver))
            }
            if !delivery.replaces.isEmpty {
                rows.append(
                    Row(
                        Self.supersede,
                        [
                            delivery.id, delivery.incidentID, delivery.incidentKey, delivery.receiver,
                            delivery.plannedAt.microseconds,
                            try JSONColumn.encode(delivery.replaces.map(\.rawValue).sorted()),
                        ], superseding: delivery.receiver))
            }
        }
    }

    mutating private func add(_ silence: Silence) throws {
        rows.append(Row(Self.silence, [silence.id, silence.end.microseconds, try JSONColumn.encode(silence)]))
    }

    /// - Returns: how many messages have become needless, by receiver; without those for which there are none.
    func write(to database: Database) throws -> [String: Int] {
        var superseded: [String: Int] = [:]
        for row in rows {
            try database.cachedStatement(sql: row.statement).execute(arguments: row.arguments)
            if let receiver = row.superseding, database.changesCount > 0 {
                superseded[receiver, default: 0] += database.changesCount
            }
        }
        return superseded
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
        INSERT INTO incident (id, incident_key, episode, target, run, status, severity, opened_at, closed_at, body)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET episode = excluded.episode, target = excluded.target, run = excluded.run,
            status = excluded.status, severity = excluded.severity, opened_at = excluded.opened_at, closed_at = excluded.closed_at,
            body = excluded.body
        """

    private static let silence = """
        INSERT INTO silence (id, ends_at, body) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body
        """

    private static let delivery = """
        INSERT INTO delivery (id, incident_id, receiver, sequence, urgency, planned_at, status, attempts, next_attempt_at,
            finished_at, last_error, accepted_recipients, notification, target, incident_key, correlation)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """

    /// A receiver that goes by the key would take the end of an earlier episode for that of the next. So what is still to be sent of the earlier
    /// is needless where only the state counts, and is left where another agent tells of the next.
    private static let forgoEarlierEpisodes = """
        UPDATE delivery AS earlier SET finished_at = ?5,
            status = CASE WHEN earlier.status = 'pending' AND mine.status = 'pending' THEN 'superseded' ELSE 'elsewhere' END
        FROM (SELECT rowid AS number, status FROM delivery WHERE id = ?1 AND status IN ('pending', 'standby')) AS mine
        WHERE earlier.rowid IN (
                SELECT rowid FROM delivery WHERE receiver = ?4 AND incident_key = ?3 AND status = 'pending'
                UNION ALL SELECT rowid FROM delivery WHERE receiver = ?4 AND incident_key = ?3 AND status = 'standby'
            )
            AND earlier.incident_id <> ?2 AND earlier.rowid < mine.number
            AND (?6 OR earlier.status = 'pending' AND mine.status = 'standby')
        """

    /// What a message makes needless of those planned before it, if it is itself to be sent. Planned again, it makes nothing newer needless.
    private static let supersede = """
        UPDATE delivery SET status = 'superseded', finished_at = ?5
        WHERE receiver = ?4 AND incident_key = ?3 AND incident_id = ?2 AND status = 'pending'
            AND rowid < (SELECT rowid FROM delivery WHERE id = ?1 AND status = 'pending')
            AND json_extract(notification, '$.reason') IN (SELECT value FROM json_each(?6))
        """
}
