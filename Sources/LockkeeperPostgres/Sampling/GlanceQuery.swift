import LockkeeperCore

/// The cheap look. Reads the server's array of sessions once, and looks closer only at those that are doing something or
/// have since the last glance (of what sits idle in its transaction since before that, the last glance has told); the lock table is read only when one of these speaks of advisory locks.
enum GlanceQuery {
    /// - Parameters:
    ///   - since: begin of the last glance by the server's clock, in microseconds; `nil` before the first.
    ///   - tracked: sessions to be reported whatever they do.
    ///   - databases: those whose sessions may be suspect; `nil` for all. Waiters count in all.
    static func query(since: Int64?, tracked: [Int32], databases: [String]?, canReadAllStats: Bool) -> Query {
        Query(
            name: canReadAllStats ? "lockkeeper_glance" : "lockkeeper_glance_unprivileged",
            sql: canReadAllStats ? privileged : unprivileged,
            parameters: [
                since.map(String.init), "{" + tracked.map(String.init).joined(separator: ",") + "}",
                databases.map(TextArray.literal),
            ])
    }

    /// For PostgreSQL 13 to 18.
    private static let privileged = sql(waiters: "SELECT count(*) FROM activity WHERE wait_event_type = 'Lock'")

    /// Without `pg_read_all_stats` other users' wait events are hidden; `pg_locks` hides nothing.
    private static let unprivileged = sql(
        waiters: "SELECT count(DISTINCT pid) FROM pg_catalog.pg_lock_status() WHERE NOT granted")

    /// The first row: server's clock, begin of the glance, number of waiters. Then a row for each session that may be
    /// suspect (surely, if the last column says so) and each advisory lock of a session that speaks of them.
    private static func sql(waiters: String) -> String {
        """
        WITH activity AS MATERIALIZED (
            SELECT a.pid, a.datid, a.state, a.query_start, a.wait_event_type, a.query,
                (a.state NOT IN ('idle', 'idle in transaction', 'idle in transaction (aborted)')
                    OR a.state_change > pg_catalog.to_timestamp($1::int8 / 1000000.0)
                    OR $1::int8 IS NULL AND a.state <> 'idle')
                    AND ($3::text[] IS NULL OR a.datid = ANY (ARRAY(
                        SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = ANY ($3::text[])))) AS is_fresh
            FROM pg_catalog.pg_stat_get_activity(NULL) AS a
            WHERE a.application_name IS DISTINCT FROM 'lockkeeper' AND a.pid <> pg_catalog.pg_backend_pid()
        ), suspects AS MATERIALIZED (
            SELECT a.pid, a.datid, a.state, a.query_start, a.wait_event_type,
                a.pid = ANY ($2::int4[]) OR (a.is_fresh AND
                    CASE WHEN a.query ~* '\(hint)' THEN a.query ~* '\(pattern)' ELSE false END) AS is_sure
            FROM activity AS a
            WHERE a.is_fresh OR a.pid = ANY ($2::int4[])
        ), asking AS MATERIALIZED (
            SELECT a.pid, a.datid FROM activity AS a WHERE a.is_fresh AND a.query ILIKE '%advisory%'
        )
        SELECT 'clock', (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8,
            (EXTRACT(epoch FROM pg_catalog.statement_timestamp()) * 1000000)::int8, (\(waiters)), NULL, NULL
        UNION ALL
        SELECT 'session', s.pid, (EXTRACT(epoch FROM s.query_start) * 1000000)::int8,
            (s.wait_event_type IS NOT DISTINCT FROM 'Lock')::int4, s.state, s.is_sure::text
        FROM suspects AS s
        WHERE s.is_sure OR s.pid IN (SELECT a.pid FROM asking AS a)
        UNION ALL
        SELECT 'advisory', l.pid, l.classid::int8, l.objid::int8, d.datname, l.objsubid::text
        FROM pg_catalog.pg_lock_status() AS l
        JOIN asking AS a ON a.pid = l.pid
        LEFT JOIN pg_catalog.pg_database AS d ON d.oid = a.datid
        WHERE EXISTS (SELECT FROM asking) AND l.locktype = 'advisory'
        """
    }

    /// The words without one of which `pattern` never matches. Looking for them costs a twentieth of it (6 against 130 µs for a statement
    /// of 80 characters), and on a busy server nearly every session has a fresh statement.
    static let hint: String = {
        let verbs = [
            "create", "alter", "drop", "reindex", "cluster", "comment", "do", "security", "import", "vacuum",
        ]
        return #"\m(\#((verbs + tables).joined(separator: "|")))\M"#
    }()

    private static let tables = MigrationTool.tellingTables.keys.sorted()

    /// A statement that begins with a word of schema change, after comments, or after another statement; or a write to a
    /// table that is surely a migration tool's history. The full look decides what it really is.
    static let pattern: String = {
        let space = #"(\s|--[^\n]*(\n|$)|/\*([^*]|\*[^/])*\*+/)*"#
        let words = [
            #"create\s+(?!((or\s+replace|global|local)\s+)*temp(orary)?\M)"#,
            #"(alter|drop|reindex|cluster|comment|do)\M"#, #"security\s+label\M"#, #"import\s+foreign\M"#,
            #"vacuum\M[^;]*\mfull\M"#, #"(insert|update|delete)\M[^;]{0,80}\m(\#(tables.joined(separator: "|")))\M"#,
        ]
        return "(^|;)" + space + "(" + words.joined(separator: "|") + ")"
    }()

    /// What the glance says, and when it began by the server's clock, in microseconds.
    static func read(_ rows: Rows) -> (glance: Glance, began: Int64)? {
        guard let clock = rows.first, clock.text(0) == "clock", let now: Int64 = clock.integer(1),
            let began: Int64 = clock.integer(2), let waiters: Int = clock.integer(3)
        else { return nil }
        let lockHolders = Set(
            rows.compactMap { row -> Int32? in
                guard row.text(0) == "advisory", let key = LockRows.advisoryKey(row, classid: 2, objid: 3, objsubid: 5),
                    MigrationTool.owning(key, database: row.text(4) ?? "") != nil
                else { return nil }
                return row.integer(1)
            })
        let suspects = rows.compactMap { row -> Glance.Suspect? in
            guard row.text(0) == "session", let pid: Int32 = row.integer(1),
                row.text(5) == "true" || lockHolders.contains(pid)
            else { return nil }
            return Glance.Suspect(
                pid: pid, state: row.text(4).flatMap(Session.State.init) ?? .unknown,
                queryStart: row.integer(2).map(Timestamp.init(microseconds:)), isWaitingForLock: row.integer(3) == 1)
        }
        // In a fixed order, or the same sessions would look like news.
        let glance = Glance(
            serverTime: Timestamp(microseconds: now), lockWaiters: waiters,
            suspects: suspects.sorted { $0.pid < $1.pid })
        return (glance, began)
    }
}
