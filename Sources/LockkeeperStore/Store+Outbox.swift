internal import GRDB
public import LockkeeperCore

extension Store {
    /// How far ahead of the clock a retry can rightly be planned. One that is further ahead was planned before the clock was set
    /// back, and is due now: a correction of the clock must not keep the outbox silent for as long.
    static let horizon: Duration = .seconds(2 * 3600)

    /// The deliveries that may be begun now: pending, their time come, and no earlier one of the same key to the same receiver still
    /// unfinished. The most severe come first, then those planned first.
    public func due(receiver: String, at now: Timestamp, limit: Int) async throws -> [Delivery] {
        try await read("looking into the outbox") { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT * FROM delivery AS mine
                    WHERE receiver = ?1 AND status = 'pending' AND (next_attempt_at <= ?2 OR next_attempt_at > ?3)
                        AND \(Self.isFirstOfItsKey)
                    ORDER BY urgency DESC, planned_at, sequence LIMIT ?4
                    """)
            let arguments: StatementArguments = [
                receiver, now.microseconds, (now + Self.horizon).microseconds, max(0, limit),
            ]
            return try Row.fetchAll(statement, arguments: arguments).map(Delivery.init(row:))
        }
    }

    /// When the next delivery to a receiver that is not held back by another may be begun; it may lie in the past. `nil` if none is
    /// pending.
    public func nextDue(receiver: String) async throws -> Timestamp? {
        try await read("looking into the outbox") { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT min(next_attempt_at) FROM delivery AS mine
                    WHERE receiver = ? AND status = 'pending' AND \(Self.isFirstOfItsKey)
                    """)
            return try Int64.fetchOne(statement, arguments: [receiver]).map(Timestamp.init(microseconds:))
        }
    }

    /// Rows are numbered as they are planned: the end of an episode comes before the beginning of the next.
    ///
    /// A message that the receiver cannot digest, and says nothing better of than that it may be tried again, must not keep later episodes
    /// back for ever. While the receiver takes nothing else either, it is not the message's fault, and the order is kept (for about a day).
    private static let isFirstOfItsKey = """
        NOT EXISTS (
            SELECT 1 FROM delivery AS earlier
            WHERE earlier.receiver = mine.receiver AND earlier.incident_key = mine.incident_key
                AND earlier.status = 'pending' AND earlier.rowid < mine.rowid
                AND (earlier.incident_id = mine.incident_id OR NOT EXISTS (
                SELECT 1 FROM delivery AS stuck
                WHERE stuck.incident_id = earlier.incident_id AND stuck.receiver = mine.receiver AND stuck.status = 'pending'
                    AND (stuck.attempts >= 100 OR stuck.attempts >= 10 AND EXISTS (
                        SELECT 1 FROM receiver WHERE name = mine.receiver AND last_success_at > stuck.last_attempt_at
                    ))
            ))
        )
        """

    /// Counts an attempt before it is made, so that a crash in the middle of it leaves a trace.
    ///
    /// - Returns: the delivery as it is now, with what its receiver calls the incident, or `nil` if it is no longer to be made.
    public func begin(_ id: Delivery.ID, at now: Timestamp) async throws -> Delivery? {
        try await write("beginning a delivery") { database in
            try database.cachedStatement(
                sql: """
                    UPDATE delivery SET attempts = attempts + 1, last_attempt_at = ? WHERE id = ? AND status = 'pending'
                    """
            ).execute(arguments: [now.microseconds, id])
            guard database.changesCount == 1 else { return nil }
            guard
                var delivery = try Row.fetchOne(database, sql: "SELECT * FROM delivery WHERE id = ?", arguments: [id])
                    .map(Delivery.init(row:))
            else { return nil }
            let reference = try String.fetchOne(
                database, sql: "SELECT body FROM receiver_reference WHERE thread = ?", arguments: [delivery.thread])
            delivery.reference = try reference.map { try JSONColumn.decode(ReceiverReference.self, from: $0) }
            return delivery
        }
    }

    /// Once a receiver that goes by the key has been told how things stand now, nothing of earlier episodes may follow.
    private static let forgoEarlierEpisodes = """
        UPDATE delivery SET status = 'superseded', finished_at = ?2
        WHERE status = 'pending' AND (receiver, incident_key) = (SELECT receiver, incident_key FROM delivery WHERE id = ?1)
            AND incident_id <> (SELECT incident_id FROM delivery WHERE id = ?1)
            AND rowid < (SELECT rowid FROM delivery WHERE id = ?1 AND correlation > 0)
        """

    /// Stores how an attempt left a delivery: its status, the time of the next attempt or of its end, the last error and the recipients
    /// that have it, and what the receiver calls the incident. One that was finished before stays as it was; one that another agent has come
    /// to tell of meanwhile is not tried again, and one that was superseded meanwhile is so for good unless it was delivered.
    public func finish(_ delivery: Delivery) async throws {
        let accepted: String
        let reference: String?
        do {
            accepted = try JSONColumn.encode(delivery.acceptedRecipients)
            reference = try delivery.reference.map { try JSONColumn.encode($0) }
        } catch {
            throw StoreError(error, while: "encoding a delivery", in: folder)
        }
        try await write("recording a delivery") { database in
            try database.cachedStatement(
                sql: """
                    UPDATE delivery SET
                        status = CASE
                            WHEN ?1 = 'pending' OR status = 'superseded' AND ?1 <> 'delivered' THEN status ELSE ?1
                        END,
                        finished_at = CASE WHEN status = 'superseded' AND ?1 <> 'delivered' THEN finished_at ELSE ?3 END,
                        next_attempt_at = ?2, last_error = ?4, accepted_recipients = ?5
                    WHERE id = ?6 AND (
                        status IN ('pending', 'standby', 'superseded') OR status = 'elsewhere' AND ?1 = 'delivered')
                    """
            ).execute(arguments: [
                delivery.status.rawValue, delivery.nextAttemptAt.microseconds, delivery.finishedAt?.microseconds,
                delivery.lastError, accepted, delivery.id,
            ])
            guard database.changesCount == 1, delivery.status == .delivered, let end = delivery.finishedAt else {
                return
            }
            try database.cachedStatement(sql: Self.forgoEarlierEpisodes).execute(arguments: [
                delivery.id, end.microseconds,
            ])
            if let reference {
                try database.cachedStatement(
                    sql: """
                        INSERT INTO receiver_reference (thread, incident_id, receiver, stored_at, body) VALUES (?, ?, ?, ?, ?)
                        ON CONFLICT (thread) DO UPDATE SET stored_at = excluded.stored_at, body = excluded.body
                        """
                ).execute(arguments: [
                    delivery.thread, delivery.incidentID, delivery.receiver, end.microseconds, reference,
                ])
            }
            try database.cachedStatement(
                sql: """
                    INSERT INTO receiver (name, last_success_at) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET last_success_at = excluded.last_success_at
                    """
            ).execute(arguments: [delivery.receiver, end.microseconds])
        }
    }

    /// Makes everything that waits for another try with a receiver due now, because the receiver answers again. What failed while it did not
    /// is no sign that it cannot digest a message.
    public func expedite(receiver: String, at now: Timestamp) async throws {
        try await write("rescheduling deliveries") { database in
            try database.execute(
                sql: """
                    UPDATE delivery SET next_attempt_at = ?1, attempts = min(attempts, 9)
                    WHERE receiver = ?2 AND status = 'pending' AND next_attempt_at > ?1
                    """, arguments: [now.microseconds, receiver])
        }
    }

    /// Remembers until when a receiver asked to be left in peace.
    public func pause(receiver: String, until end: Timestamp) async throws {
        try await write("recording what a receiver asked for") { database in
            try database.cachedStatement(
                sql: """
                    INSERT INTO receiver (name, paused_until) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET paused_until = excluded.paused_until
                    """
            ).execute(arguments: [receiver, end.microseconds])
        }
    }

    /// Makes everything due now that waits for another try with a receiver, as after a start or with a new configuration, and what it
    /// refused last of each incident that is open: it is to know how things stand.
    ///
    /// - Returns: until when the receiver last asked to be left in peace; it may lie in the past. `nil` if it never did.
    public func resume(receiver: String, at now: Timestamp) async throws -> Timestamp? {
        try await expedite(receiver: receiver, at: now)
        return try await write("rescheduling deliveries") { database in
            try database.execute(
                sql: """
                    UPDATE delivery SET status = 'pending', next_attempt_at = ?1, finished_at = NULL
                    WHERE status = 'failed' AND rowid IN (
                        SELECT max(mine.rowid) FROM incident
                        CROSS JOIN delivery AS mine ON mine.incident_id = incident.id AND mine.receiver = ?2
                        WHERE incident.status = 'open' GROUP BY incident.id
                    )
                    """, arguments: [now.microseconds, receiver])
            return try Int64.fetchOne(
                database, sql: "SELECT paused_until FROM receiver WHERE name = ?", arguments: [receiver]
            ).map(Timestamp.init(microseconds:))
        }
    }

    /// What a receiver was told last of each incident that is open, or that has ended since a time; of one that is over only its end, and
    /// that only if it has not begun again since.
    public func standing(receiver: String, endedSince time: Timestamp) async throws -> [StandingMessage] {
        try await read("looking into the outbox") { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT delivery.*, incident.body AS incident_body FROM incident
                    JOIN delivery ON delivery.rowid = (
                        SELECT max(rowid) FROM delivery
                        WHERE incident_id = incident.id AND receiver = ?1 AND status = 'delivered'
                    )
                    WHERE incident.status = 'open' OR incident.closed_at >= ?2 AND NOT EXISTS (
                        SELECT 1 FROM incident AS newer
                        WHERE newer.incident_key = incident.incident_key AND newer.episode > incident.episode
                    )
                    ORDER BY incident.opened_at, incident.id
                    """)
            return try Row.fetchAll(statement, arguments: [receiver, time.microseconds]).compactMap { row in
                let delivery = try Delivery(row: row)
                let body = try row.decode(String.self, forColumn: "incident_body")
                let incident = try JSONColumn.decode(Incident.self, from: body)
                guard incident.status == .open || delivery.notification.isResolved else { return nil }
                // An incident that is open again under the same name has had no message yet.
                guard incident.status == .closed || !delivery.notification.isResolved else { return nil }
                return StandingMessage(
                    delivery: delivery,
                    firing: incident.firing.filter { $0.value.audibleSince != nil }.sorted { $0.key < $1.key }.map(
                        \.value))
            }
        }
    }

    /// The receivers for which something is pending.
    public func pendingReceivers() async throws -> Set<String> {
        try await read("looking into the outbox") { database in
            try Set(String.fetchAll(database, sql: "SELECT DISTINCT receiver FROM delivery WHERE status = 'pending'"))
        }
    }

    /// Gives up everything that is pending for a receiver.
    ///
    /// - Returns: how many deliveries.
    public func abandon(receiver: String, reason: String, at now: Timestamp) async throws -> Int {
        try await write("giving up deliveries") { database in
            try database.execute(
                sql: """
                    UPDATE delivery SET status = 'failed', finished_at = ?, last_error = ?
                    WHERE receiver = ? AND status = 'pending'
                    """, arguments: [now.microseconds, reason, receiver])
            return database.changesCount
        }
    }

    /// How the outbox stands, for every receiver that has something pending or ever had a delivery, in order of their names.
    public func outboxSummary() async throws -> [OutboxSummary] {
        try await read("summing up the outbox") { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT names.name, pending.count, pending.oldest, receiver.last_success_at
                    FROM (
                        SELECT name FROM receiver UNION SELECT receiver FROM delivery WHERE status = 'pending'
                    ) AS names
                    LEFT JOIN (
                        SELECT receiver, count(*) AS count, min(planned_at) AS oldest
                        FROM delivery WHERE status = 'pending' GROUP BY receiver
                    ) AS pending ON pending.receiver = names.name
                    LEFT JOIN receiver ON receiver.name = names.name
                    ORDER BY names.name
                    """)
            return try rows.map { row in
                OutboxSummary(
                    receiver: try row.decode(forColumn: "name"),
                    pending: try row.decode(Int?.self, forColumn: "count") ?? 0,
                    oldestPlannedAt: try row.timestamp("oldest"),
                    lastSuccessAt: try row.timestamp("last_success_at"))
            }
        }
    }
}
