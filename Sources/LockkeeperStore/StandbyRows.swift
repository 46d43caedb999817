internal import GRDB
internal import LockkeeperCore

/// Messages of targets of which another agent tells: rows of the outbox that the courier does not see.
///
/// Their status is `standby` while they may have to be sent after all, and `elsewhere` once it is for another to have sent them. Of each
/// incident and receiver at most one is on standby: the newest, which says how things stand, and besides an acknowledgement that came after it.
enum StandbyRows {
    /// How long before it begins to tell this agent looks back for ends: whoever told until then may have died before it sent them.
    static let lookBack = Duration.seconds(60)

    /// Inserts a delivery as `StateChangeRows` does, on standby.
    ///
    /// Whoever has told, or may have told, that something began tells how it ended, whoever leads by then: the receiver may know it by a
    /// name that no other agent has for it. Where the receiver goes by the key, that counts for the next episode, too, if the end of this
    /// one was never told.
    ///
    /// Whoever told an end late, to a receiver that goes by the key, may have ended what another agent had told of meanwhile; so it tells of
    /// the next episode, too. The receiver takes both for one.
    ///
    /// - Parameter isEnd: whether the delivery tells that its incident is over.
    static func insert(isEnd: Bool) -> String {
        let isToBeSent =
            isEnd
            ? """
            EXISTS (
                SELECT 1 FROM delivery
                WHERE incident_id = ?2 AND receiver = ?3 AND (status IN ('pending', 'delivered') OR attempts > 0)
            ) OR ?16 > 0 AND (SELECT NOT json_extract(notification, '$.isResolved') FROM delivery WHERE rowid = \(toldLast))
            """
            : """
            ?16 > 0 AND (
                SELECT json_extract(notification, '$.isResolved')
                    AND coalesce(finished_at, ?6) - planned_at > \(lookBack.microseconds)
                    AND coalesce(finished_at, ?6) > ?6 - \(longestDelay.microseconds)
                FROM delivery WHERE rowid = \(toldLast)
            )
            """
        return """
            INSERT INTO delivery (id, incident_id, receiver, sequence, urgency, planned_at, status, attempts, next_attempt_at,
                finished_at, last_error, accepted_recipients, notification, target, incident_key, correlation)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?7 <> 'pending' OR \(isToBeSent) THEN ?7 ELSE 'standby' END,
                ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ON CONFLICT (id) DO NOTHING
            """
    }

    /// How long after a late end the next episode may begin that it may have ended: rules wait before they fire.
    private static let longestDelay = Duration.seconds(3600)

    /// The last of the messages of a key that a receiver was told, or may have been.
    private static let toldLast = """
        (
            SELECT rowid FROM delivery
            WHERE incident_key = ?15 AND receiver = ?3 AND (status = 'delivered' OR status = 'pending' AND attempts > 0)
            ORDER BY rowid DESC LIMIT 1
        )
        """

    /// Leaves to others all but the newest message on standby of an incident to a receiver. If a newer one is on its way, none is left. That
    /// somebody looks after it says nothing of what it is.
    static let supersede = """
        UPDATE delivery AS older SET status = 'elsewhere', finished_at = planned_at
        WHERE incident_id = ?1 AND receiver = ?2 AND status = 'standby' AND EXISTS (
            SELECT 1 FROM delivery AS newer
            WHERE newer.incident_id = older.incident_id AND newer.receiver = older.receiver AND newer.rowid > older.rowid
                AND newer.status <> 'elsewhere' AND (
                    json_extract(newer.notification, '$.reason') <> 'acknowledged'
                    OR json_extract(older.notification, '$.reason') = 'acknowledged'
                )
        )
        """

    /// What became of no use long ago: nobody will ask for it.
    static let prune = """
        DELETE FROM delivery WHERE rowid IN (
            SELECT delivery.rowid FROM delivery WHERE status = 'standby' AND planned_at < ?1
                AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.id = incident_id AND incident.status = 'open')
            LIMIT ?2
        )
        """

    /// Leaves to others what is still to be sent of earlier episodes where the next one is theirs to tell.
    private static let leaveEarlierEpisodes = """
        UPDATE delivery AS earlier SET status = 'elsewhere', finished_at = ?2
        WHERE target = ?1 AND status = 'pending' AND correlation > 0 AND EXISTS (
            SELECT 1 FROM delivery AS later
            WHERE later.receiver = earlier.receiver AND later.incident_key = earlier.incident_key AND later.status = 'standby'
                AND later.rowid > earlier.rowid AND later.incident_id <> earlier.incident_id
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
            // So it is with what a receiver refused last: with another configuration it is for the other to try it again.
            try database.execute(
                sql: """
                    UPDATE delivery SET status = 'standby', finished_at = NULL
                    WHERE status = 'failed' AND target = ?1 AND rowid IN (
                        SELECT max(mine.rowid) FROM incident CROSS JOIN delivery AS mine ON mine.incident_id = incident.id
                        WHERE incident.status = 'open' GROUP BY incident.id, mine.receiver
                    )
                    """, arguments: [turn.target])
            let held = try Row.fetchAll(
                database,
                sql: "SELECT DISTINCT incident_id, receiver FROM delivery WHERE target = ? AND status = 'standby'",
                arguments: [turn.target])
            try database.execute(sql: leaveEarlierEpisodes, arguments: [turn.target, now])
            for row in held {
                let incident = try row.decode(String.self, forColumn: "incident_id")
                let receiver = try row.decode(String.self, forColumn: "receiver")
                try database.cachedStatement(sql: supersede).execute(arguments: [incident, receiver])
            }
        }
    }
}
