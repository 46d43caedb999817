import LockkeeperCore

/// The full look: queries that go out together and read one moment as nearly as the server allows. None of them opens a user's
/// table, so none waits behind a lock that is queued on one.
enum LookQueries {
    /// The queries in the order that `read` expects.
    static func queries(_ server: Server, transactionIDs: [UInt64]) -> [Query] {
        var queries = [moment, sessions(server), locks(server), preparedTransactions]
        if server.majorVersion >= 14 { queries.append(endings) }
        if !transactionIDs.isEmpty { queries.append(fates(transactionIDs)) }
        return queries
    }

    /// The server's clock, whether it is in recovery, and the next full transaction id. For PostgreSQL 13 to 18.
    static let moment = Query(
        name: "lockkeeper_moment",
        sql: """
            SELECT (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8, pg_catalog.pg_is_in_recovery(),
                pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
            """)

    /// Sessions with, for those that wait for a lock, who blocks them. In one query, so that blockers and waiters come from one
    /// reading. `pg_blocking_pids` holds up all lock traffic for an instant, so it is called for waiters only.
    static func sessions(_ server: Server) -> Query {
        server.canReadAllStats
            ? Query(name: "lockkeeper_sessions", sql: sessionsSQL(isWaiting: "a.wait_event_type = 'Lock'"))
            // Wait events of other users are hidden then; pg_locks hides nothing.
            : Query(
                name: "lockkeeper_sessions_unprivileged",
                sql: sessionsSQL(
                    isWaiting: "a.pid IN (SELECT l.pid FROM pg_catalog.pg_lock_status() AS l WHERE NOT l.granted)"))
    }

    /// For PostgreSQL 13 to 18. Left out are processes that serve no client and take no locks that one could wait for.
    private static func sessionsSQL(isWaiting: String) -> String {
        """
        SELECT a.pid, (EXTRACT(epoch FROM a.backend_start) * 1000000)::int8, a.backend_type, a.datname, a.usename,
            a.application_name, pg_catalog.host(a.client_addr), a.client_port, a.state,
            (EXTRACT(epoch FROM a.xact_start) * 1000000)::int8, (EXTRACT(epoch FROM a.query_start) * 1000000)::int8,
            (EXTRACT(epoch FROM a.state_change) * 1000000)::int8, a.wait_event_type, a.wait_event,
            a.backend_xid::text, a.backend_xmin IS NOT NULL, a.query, a.leader_pid,
            CASE WHEN \(isWaiting) THEN pg_catalog.pg_blocking_pids(a.pid) END
        FROM pg_catalog.pg_stat_activity AS a
        WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.application_name IS DISTINCT FROM 'lockkeeper'
            AND (a.backend_type IS NULL OR a.backend_type NOT IN (
                'archiver', 'autovacuum launcher', 'background writer', 'checkpointer', 'io worker', 'logger',
                'logical replication launcher', 'slotsync worker', 'walreceiver', 'walsummarizer', 'walwriter'))
        """
    }

    static func locks(_ server: Server) -> Query {
        server.majorVersion >= 14
            ? Query(
                name: "lockkeeper_locks",
                sql: locksSQL(waitStart: "(EXTRACT(epoch FROM l.waitstart) * 1000000)::int8"))
            // PostgreSQL 13 does not know when a wait began.
            : Query(name: "lockkeeper_locks_13", sql: locksSQL(waitStart: "NULL::int8"))
    }

    /// Names are looked up once for each relation, by its oid, and only in this database's catalog: `oid::regclass` and the like would
    /// do so for each lock. Rows that nobody can be interested in stay on the server: AccessShare on system catalogs and
    /// each transaction's lock on its own virtual id, unless somebody waits for them.
    private static func locksSQL(waitStart: String) -> String {
        """
        WITH l AS MATERIALIZED (
            SELECT * FROM pg_catalog.pg_lock_status() AS s WHERE s.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
        ), kept AS MATERIALIZED (
            SELECT l.pid, l.locktype, l.mode, l.granted, \(waitStart) AS waitstart, l.database, l.relation,
                l.classid, l.objid, l.objsubid
            FROM l
            WHERE NOT l.granted
                OR NOT (l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
                    OR l.locktype = 'relation' AND l.mode = 'AccessShareLock' AND l.relation::int8 < 16384)
                OR EXISTS (SELECT FROM l AS w WHERE NOT w.granted AND w.locktype = l.locktype
                    AND w.database IS NOT DISTINCT FROM l.database AND w.relation IS NOT DISTINCT FROM l.relation
                    AND w.virtualxid IS NOT DISTINCT FROM l.virtualxid)
        ), relations AS MATERIALIZED (
            SELECT r.relation, c.name, c.is_system, c.relkind, c.is_temporary
            FROM (SELECT DISTINCT k.relation FROM kept AS k
                WHERE k.relation IS NOT NULL AND k.database IN (0,
                    (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))) AS r
            CROSS JOIN LATERAL (
                SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
                    n.nspname IN ('pg_catalog', 'information_schema') AS is_system, c.relkind,
                    c.relpersistence = 't' AS is_temporary
                FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.oid = r.relation
                OFFSET 0) AS c
        )
        SELECT k.pid, k.locktype, k.mode, k.granted, k.waitstart, d.datname, k.relation, r.name, r.is_system, r.relkind,
            r.is_temporary, k.classid, k.objid, k.objsubid
        FROM kept AS k
        LEFT JOIN relations AS r ON r.relation = k.relation AND k.database IN (0,
            (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
        LEFT JOIN pg_catalog.pg_database AS d ON d.oid = k.database
        """
    }

    /// For PostgreSQL 13 to 18.
    static let preparedTransactions = Query(
        name: "lockkeeper_prepared",
        sql: """
            SELECT p.gid, (EXTRACT(epoch FROM p.prepared) * 1000000)::int8, p.owner, p.database
            FROM pg_catalog.pg_prepared_xacts AS p
            """)

    /// How many sessions were terminated. For PostgreSQL 14 to 18.
    static let endings = Query(
        name: "lockkeeper_endings",
        sql: """
            SELECT d.datname, pg_catalog.pg_stat_get_db_sessions_killed(d.oid)
            FROM pg_catalog.pg_database AS d
            WHERE d.datallowconn
            """)

    /// What became of transactions. An id that the server has not given out (after it lost its last ones in a crash) would be
    /// an error, so it is left out. For PostgreSQL 13 to 18.
    static func fates(_ ids: [UInt64]) -> Query {
        Query(
            name: "lockkeeper_fates",
            sql: """
                SELECT x.id, pg_catalog.pg_xact_status(x.id)
                FROM pg_catalog.unnest($1::pg_catalog.xid8[]) AS x (id)
                WHERE x.id < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
                """, parameters: ["{" + ids.map(String.init).joined(separator: ",") + "}"])
    }

    /// Puts the answers together.
    ///
    /// - Throws: the first error among the queries without which there is no picture: clock, sessions, locks.
    static func read(
        _ results: [Result<Rows, PostgresError>], server: Server
    ) throws(PostgresError) -> Observation {
        guard results.count >= 4 else { throw unreadable }
        guard let moment = try results[0].get().first, let now: Int64 = moment.integer(0),
            let next: UInt64 = moment.integer(2)
        else { throw unreadable }
        var server = server
        server.isInRecovery = moment.boolean(1) ?? server.isInRecovery

        var sessions: [Session] = []
        var blockers: [Int32: [Int32]] = [:]
        for row in try results[1].get() {
            guard let session = SessionRow.read(row, nextTransactionID: next) else { continue }
            sessions.append(session)
            if let blocking: [Int32] = row.integers(18), !blocking.isEmpty {
                // A parallel query's leader is named once for each of its processes.
                var seen: Set<Int32> = []
                blockers[session.pid] = blocking.filter { seen.insert($0).inserted }
            }
        }
        let pids = Set(sessions.map(\.pid)).union([0])
        let locks = try results[2].get().compactMap(LockRow.read).filter { pids.contains($0.pid) }
        // What is missing here hides nothing else.
        let prepared = (try? results[3].get()) ?? .empty
        var others = results.dropFirst(4)
        let endings = server.majorVersion >= 14 ? (try? others.popFirst()?.get()) ?? .empty : .empty
        let fates = (try? others.popFirst()?.get()) ?? .empty
        return Observation(
            server: server, serverTime: Timestamp(microseconds: now), sessions: sessions, locks: locks,
            blockers: blockers,
            preparedTransactions: prepared.compactMap { row in
                guard let gid = row.text(0), let time: Int64 = row.integer(1) else { return nil }
                return PreparedTransaction(
                    gid: gid, preparedAt: Timestamp(microseconds: time), owner: row.text(2) ?? "",
                    database: row.text(3) ?? "")
            },
            transactionFates: Dictionary(
                fates.compactMap { row in
                    guard let id: UInt64 = row.integer(0), let fate = row.text(1).flatMap(TransactionFate.init) else {
                        return nil
                    }
                    return (id, fate)
                }, uniquingKeysWith: { $1 }),
            sessionsKilled: Dictionary(
                endings.compactMap { row in
                    guard let database = row.text(0), let count: Int64 = row.integer(1) else { return nil }
                    return (database, count)
                }, uniquingKeysWith: { $1 }))
    }

    private static var unreadable: PostgresError {
        PostgresError(
            kind: .protocolViolation, stage: .query("lockkeeper_moment"), message: "the answer could not be read",
            hint: "check what answers at this address")
    }
}
