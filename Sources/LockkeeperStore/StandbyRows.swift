internal import GRDB
internal import LockkeeperCore

/// Messages of targets of which another agent tells: rows of the outbox that the courier does not see.
///
/// Their status is `standby` while they may have to be sent after all, and `elsewhere` once it is for another to have sent them. Of each
/// incident and receiver at most one is on standby: the newest, which says how things stand.
enum StandbyRows {
    /// How long before it begins to tell this agent looks back for ends: whoever told until then may have died before it sent them.
    static let lookBack = Duration.seconds(60)

    /// Inserts a delivery as `StateChangeRows` does, on standby.
    ///
    /// Whoever has told, or may have told, that something began tells how it ended, whoever leads by then: the receiver may know it by a
    /// name that no other agent has for it.
    ///
    /// - Parameter isEnd: whether the delivery tells that its incident is over.
    static func insert(isEnd: Bool) -> String {
        let status =
            isEnd
            ? """
            CASE WHEN EXISTS (
                SELECT 1 FROM delivery
                WHERE incident_id = ?2 AND receiver = ?3 AND (status IN ('pending', 'delivered') OR attempts > 0)
            ) THEN ?7 ELSE 'standby' END
            """ : "CASE ?7 WHEN 'pending' THEN 'standby' ELSE ?7 END"
        return """
            INSERT INTO delivery (id, incident_id, receiver, sequence, urgency, planned_at, status, attempts, next_attempt_at,
                finished_at, last_error, accepted_recipients, notification, target, incident_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, \(status), ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT (id) DO NOTHING
            """
    }

    /// Leaves to others all but the newest message on standby of an incident to a receiver. If a newer one is on its way, none is left.
    static let supersede = """
        UPDATE delivery AS older SET status = 'elsewhere', finished_at = planned_at
        WHERE incident_id = ?1 AND receiver = ?2 AND status = 'standby' AND EXISTS (
            SELECT 1 FROM delivery AS newer
            WHERE newer.incident_id = older.incident_id AND newer.receiver = older.receiver AND newer.rowid > older.rowid
                AND newer.status <> 'elsewhere'
        )
        """

    /// Leaves to others what is still to be sent of earlier episodes, once another agent tells of the next: a receiver that knows all episodes by
    /// one key would take their end for that of the next.
    static let leaveEarlierEpisodes = """
        UPDATE delivery SET status = 'elsewhere', finished_at = ?4
        WHERE receiver = ?1 AND incident_key = ?2 AND incident_id <> ?3 AND status = 'pending'
        """

    /// What became of no use long ago: nobody will ask for it.
    static let prune = """
        DELETE FROM delivery WHERE rowid IN (
            SELECT delivery.rowid FROM delivery WHERE status = 'standby' AND planned_at < ?1
                AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.id = incident_id AND incident.status = 'open')
            LIMIT ?2
        )
        """

    static func take(_ turn: StandbyOrders.Turn, in database: Database) throws {
        let now = turn.at.microseconds
        if turn.tells {
            // How things stand where they go on, and what ended so lately that nobody may have told it.
            try database.execute(
                sql: """
                    UPDATE delivery SET status = 'pending', planned_at = ?2, next_attempt_at = ?2
                    WHERE target = ?1 AND status = 'standby' AND (
                        planned_at >= ?3
                        OR NOT EXISTS (SELECT 1 FROM incident WHERE incident.id = incident_id AND incident.status = 'closed'))
                    """, arguments: [turn.target, now, (turn.at - lookBack).microseconds])
            try database.execute(
                sql:
                    "UPDATE delivery SET status = 'elsewhere', finished_at = ?2 WHERE target = ?1 AND status = 'standby'",
                arguments: [turn.target, now])
        } else {
            // The other has an incident of its own of what goes on. Of what is over it may never have known: that is sent from here.
            try database.execute(
                sql: """
                    UPDATE delivery SET status = 'standby'
                    WHERE target = ?1 AND status = 'pending' AND NOT json_extract(notification, '$.isResolved')
                        AND EXISTS (SELECT 1 FROM incident WHERE incident.id = incident_id AND incident.status = 'open')
                    """, arguments: [turn.target])
            let held = try Row.fetchAll(
                database,
                sql: "SELECT DISTINCT incident_id, receiver FROM delivery WHERE target = ? AND status = 'standby'",
                arguments: [turn.target])
            for row in held {
                let incident = try row.decode(String.self, forColumn: "incident_id")
                let receiver = try row.decode(String.self, forColumn: "receiver")
                try database.cachedStatement(sql: supersede).execute(arguments: [incident, receiver])
            }
        }
    }
}
