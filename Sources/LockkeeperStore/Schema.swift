internal import GRDB
internal import LockkeeperCore

/// The tables of the state file.
///
/// Values are kept as JSON in a column `body`; what is asked for has a column of its own beside it. Times are microseconds since
/// the Unix epoch. There are no foreign keys between deliveries and incidents on purpose: a message that is to be sent must not
/// be refused because a row that it belongs to is not there.
///
/// A change to a stored type that its older JSON cannot be decoded into needs a migration here, just as a new column does.
enum Schema {
    /// The version of the newest migration, kept in `user_version` of the file's header, so that an older program can name both.
    static let version = 6

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: version1)
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: version2)
            try database.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: version3)
            try database.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("4") { database in
            try database.execute(sql: version4)
            try database.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("5") { database in
            // Needed nowhere else, and so gone afterwards.
            let thread = DatabaseFunction("lockkeeper_thread", argumentCount: 2, pure: true) { values in
                guard let key = String.fromDatabaseValue(values[0]),
                    let receiver = String.fromDatabaseValue(values[1])
                else { return nil }
                return StableIdentifier.derive(from: key, "0", receiver)
            }
            database.add(function: thread)
            defer { database.remove(function: thread) }
            try database.execute(sql: version5)
            try database.execute(sql: "PRAGMA user_version = 5")
        }
        migrator.registerMigration("6") { database in
            try database.execute(sql: version6)
            try database.execute(sql: "PRAGMA user_version = 6")
        }
        return migrator
    }

    private static let version6 = """
        -- Until when the receiver asked to be left in peace (`Retry-After`).
        ALTER TABLE receiver ADD COLUMN paused_until INTEGER;

        -- What the receiver makes of the key: `Correlation`.
        ALTER TABLE delivery ADD COLUMN correlation INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX delivery_by_key ON delivery (incident_key, receiver);
        CREATE INDEX delivery_standing_by ON delivery (incident_id, receiver) WHERE status = 'standby';
        CREATE INDEX delivery_standing_by_key ON delivery (receiver, incident_key) WHERE status = 'standby';
        """

    private static let version5 = """
        -- What receivers know an incident by, and the number of its life. Those that there are keep the name that receivers were told.
        ALTER TABLE incident ADD COLUMN incident_key TEXT NOT NULL DEFAULT '';
        ALTER TABLE incident ADD COLUMN episode INTEGER NOT NULL DEFAULT 0;
        UPDATE incident SET incident_key = id,
            body = json_set(body, '$.key', id, '$.episode', 0, '$.ended', json_object());
        CREATE INDEX incident_by_key ON incident (incident_key, episode);

        ALTER TABLE delivery ADD COLUMN incident_key TEXT NOT NULL DEFAULT '';
        -- Of what is finished nobody asks for it, and it may be much.
        UPDATE delivery SET incident_key = incident_id WHERE status IN ('pending', 'standby');
        DROP INDEX delivery_order;
        CREATE INDEX delivery_order ON delivery (receiver, incident_key) WHERE status = 'pending';

        -- A thread is named by key, episode and receiver. Of those that one run had of old, the newest goes on.
        DELETE FROM receiver_reference
        WHERE rowid NOT IN (SELECT max(rowid) FROM receiver_reference GROUP BY incident_id, receiver);
        UPDATE receiver_reference SET thread = lockkeeper_thread(incident_id, receiver);
        UPDATE delivery SET notification = json_set(notification, '$.thread', lockkeeper_thread(incident_id, receiver))
        WHERE status IN ('pending', 'standby');
        """

    private static let version4 = """
        -- The target that the message is about, "" for the agent itself.
        ALTER TABLE delivery ADD COLUMN target TEXT NOT NULL DEFAULT '';
        UPDATE delivery SET target = coalesce(json_extract(notification, '$.facts.target'), '');
        CREATE INDEX delivery_standby ON delivery (target, incident_id, receiver) WHERE status = 'standby';
        """

    private static let version3 = """
        CREATE TABLE silence (
            id TEXT NOT NULL PRIMARY KEY,
            ends_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX silence_by_end ON silence (ends_at);

        -- Of the receivers only the number of messages was kept: what they know is taken to be how the incident stood.
        UPDATE incident SET body = json_remove(
            json_set(
                body, '$.reached', json_object(), '$.owed', json_array(),
                '$.firing', (
                    SELECT json_group_object(
                        alert.key, json_set(alert.value, '$.audibleSince', alert.value -> '$.activeAt'))
                    FROM json_each(body, '$.firing') AS alert
                ),
                '$.listeners', (
                    SELECT json_group_object(
                        told.key,
                        json_object(
                            'messages', told.value, 'severity', body ->> '$.severity',
                            'at', coalesce(body -> '$.timeline[#-1].at', opened_at)))
                    FROM json_each(body, '$.told') AS told
                )),
            '$.told');
        CREATE INDEX incident_owing ON incident (id) WHERE json_array_length(body, '$.owed') > 0;
        """

    private static let version2 = """
        -- What a receiver calls an incident, by the thread of its messages.
        CREATE TABLE receiver_reference (
            thread TEXT NOT NULL PRIMARY KEY,
            incident_id TEXT NOT NULL,
            receiver TEXT NOT NULL,
            stored_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX receiver_reference_by_time ON receiver_reference (stored_at);
        """

    private static let version1 = """
        CREATE TABLE target_memory (
            target TEXT NOT NULL PRIMARY KEY,
            body TEXT NOT NULL
        ) STRICT;

        -- The complete set of live alerts: one row.
        CREATE TABLE alerts (
            only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
            body TEXT NOT NULL
        ) STRICT;

        CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY,
            target TEXT NOT NULL,
            database TEXT NOT NULL,
            tool TEXT NOT NULL,
            began_at INTEGER NOT NULL,
            ended_at INTEGER,
            outcome TEXT,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX run_by_begin ON run (began_at);
        CREATE INDEX run_by_end ON run (ended_at);

        CREATE TABLE incident (
            id TEXT NOT NULL PRIMARY KEY,
            target TEXT NOT NULL,
            run TEXT,
            status TEXT NOT NULL,
            severity TEXT NOT NULL,
            opened_at INTEGER NOT NULL,
            closed_at INTEGER,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX incident_by_opening ON incident (opened_at);
        CREATE INDEX incident_by_closing ON incident (closed_at);
        CREATE INDEX incident_open ON incident (id) WHERE status = 'open';

        CREATE TABLE delivery (
            id TEXT NOT NULL PRIMARY KEY,
            incident_id TEXT NOT NULL,
            receiver TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            -- The rank of the notification's severity: of what is due, the most severe goes first.
            urgency INTEGER NOT NULL,
            planned_at INTEGER NOT NULL,
            status TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_attempt_at INTEGER NOT NULL,
            last_attempt_at INTEGER,
            finished_at INTEGER,
            last_error TEXT,
            accepted_recipients TEXT NOT NULL,
            notification TEXT NOT NULL
        ) STRICT;
        CREATE INDEX delivery_pending ON delivery (receiver, urgency DESC, planned_at, sequence) WHERE status = 'pending';
        CREATE INDEX delivery_order ON delivery (receiver, incident_id, sequence) WHERE status = 'pending';
        CREATE INDEX delivery_by_incident ON delivery (incident_id, receiver, sequence);
        CREATE INDEX delivery_by_plan ON delivery (planned_at);
        CREATE INDEX delivery_by_finish ON delivery (finished_at);

        -- Outlives the deliveries, which retention removes.
        CREATE TABLE receiver (
            name TEXT NOT NULL PRIMARY KEY,
            last_success_at INTEGER
        ) STRICT;
        """
}
