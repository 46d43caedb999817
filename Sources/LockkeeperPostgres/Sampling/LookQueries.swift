import LockkeeperCore

/// The full look: queries that go out together and read one moment as nearly as the server allows. None of them opens a user's
/// table, so none waits behind a lock that is queued on one.
enum LookQueries {
    /// The queries in the order that `read` expects.
    ///
    /// - Parameter historyTables: of the connection's database, whose sequences are wanted.
    static func queries(
        _ server: Server, transactionIDs: [UInt64], trackedPIDs: [Int32] = [], historyTables: [UInt32] = []
    ) -> [Query] {
        var queries = [moment, sessions(server), locks(server, trackedPIDs: trackedPIDs), preparedTransactions]
        queries.append(ProgressQuery.query(server))
        if !historyTables.isEmpty { queries.append(SequenceQuery.query(of: historyTables)) }
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

    /// The sessions. PostgreSQL 13 does not tell when a wait began, so there each waiter's blockers are asked for: `pg_blocking_pids`
    /// holds up all lock traffic for an instant, so it is called for waiters only, and not at all from 14 on.
    static func sessions(_ server: Server) -> Query {
        guard server.majorVersion < 14 else {
            return Query(name: "lockkeeper_sessions", sql: sessionsSQL(blockingPIDs: "NULL::int4[]"))
        }
        return server.canReadAllStats
            ? Query(
                name: "lockkeeper_sessions_13",
                sql: sessionsSQL(
                    blockingPIDs: "CASE WHEN a.wait_event_type = 'Lock' THEN pg_catalog.pg_blocking_pids(a.pid) END"))
            // Wait events of other users are hidden then; pg_locks hides nothing.
            : Query(
                name: "lockkeeper_sessions_13_unprivileged",
                sql: sessionsSQL(
                    blockingPIDs: """
                        CASE WHEN a.pid IN (SELECT l.pid FROM pg_catalog.pg_lock_status() AS l WHERE NOT l.granted)
                            THEN pg_catalog.pg_blocking_pids(a.pid) END
                        """))
    }

    /// Microseconds since 1970. By a double, which is exact for the next two centuries, and a fraction of the work of EXTRACT's numeric.
    private static func microseconds(of time: String) -> String {
        "(pg_catalog.date_part('epoch', \(time)) * 1000000)::int8"
    }

    /// For PostgreSQL 13 to 18. Left out are processes that serve no client and take no locks that one could wait for.
    private static func sessionsSQL(blockingPIDs: String) -> String {
        """
        SELECT a.pid, \(microseconds(of: "a.backend_start")), a.backend_type, a.datname, a.usename,
            a.application_name, pg_catalog.host(a.client_addr), a.client_port, a.state,
            \(microseconds(of: "a.xact_start")), \(microseconds(of: "a.query_start")),
            \(microseconds(of: "a.state_change")), a.wait_event_type, a.wait_event,
            a.backend_xid::text, a.backend_xmin IS NOT NULL, a.query, a.leader_pid,
            \(blockingPIDs)
        FROM pg_catalog.pg_stat_activity AS a
        WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.application_name IS DISTINCT FROM 'lockkeeper'
            AND (a.backend_type IS NULL OR a.backend_type NOT IN (
                'archiver', 'autovacuum launcher', 'background writer', 'checkpointer', 'io worker', 'logger',
                'logical replication launcher', 'slotsync worker', 'walreceiver', 'walsummarizer', 'walwriter'))
        """
    }

    /// - Parameter trackedPIDs: sessions whose locks are all wanted.
    static func locks(_ server: Server, trackedPIDs: [Int32] = []) -> Query {
        let parameters: [String?] = ["{" + trackedPIDs.map(String.init).joined(separator: ",") + "}"]
        return server.majorVersion >= 14
            ? Query(
                name: "lockkeeper_locks", sql: locksSQL(waitStart: microseconds(of: "(k.strong).waitstart")),
                parameters: parameters)
            // PostgreSQL 13 does not know when a wait began.
            : Query(name: "lockkeeper_locks_13", sql: locksSQL(waitStart: "NULL::int8"), parameters: parameters)
    }

    /// One reading of the lock table, from which the core computes who waits for whom.
    ///
    /// Most rows of a busy server are locks of readers and writers on relations that nobody waits for. They stay there, and only their
    /// number is told: sending them is what costs. So do each transaction's lock on its own virtual id, and all of this on system catalogs. A
    /// lock that the fast path has granted is waited for by nobody: the first who would moves it to the shared table. Who holds a
    /// strong lock, waits, or is asked about is shown with all locks.
    ///
    /// `weak` is the place of a row's mode in `LockRows.weakModes`, negative on a system catalog, 0 for a lock that is neither counted nor
    /// shown, NULL for all others. What else the lock table knows is carried for those others only, as one value: to form wide rows
    /// of all locks would cost more than to read them.
    ///
    /// Names are looked up once for each relation, by its oid, and only in this database's catalog: `oid::regclass` and the like would
    /// do so for each lock.
    private static func locksSQL(waitStart: String) -> String {
        """
        WITH l AS MATERIALIZED (
            SELECT CASE
                WHEN NOT s.granted THEN NULL
                WHEN s.relation IS NULL THEN CASE WHEN s.fastpath THEN 0 END
                WHEN s.mode = 'SIReadLock' THEN 0
                -- A lock on a row has a mode of its own, which may be a weak one's, and is waited for.
                WHEN s.locktype <> 'relation' THEN NULL
                WHEN s.mode = 'AccessShareLock' THEN CASE WHEN s.relation >= '16384'::pg_catalog.oid THEN 1 ELSE -1 END
                WHEN s.mode = 'RowExclusiveLock' THEN CASE WHEN s.relation >= '16384'::pg_catalog.oid THEN 2 ELSE -2 END
                WHEN s.mode = 'RowShareLock' THEN CASE WHEN s.relation >= '16384'::pg_catalog.oid THEN 3 ELSE -3 END
                END AS weak, s.fastpath, s.database, s.relation, s.pid,
                -- Of a prepared transaction, which has no pid, all is wanted: it says whose the lock is.
                CASE WHEN s.granted AND s.pid IS NOT NULL AND CASE WHEN s.relation IS NULL THEN s.fastpath
                        ELSE s.mode = 'SIReadLock' OR s.locktype = 'relation'
                            AND s.mode IN ('AccessShareLock', 'RowExclusiveLock', 'RowShareLock') END
                    THEN NULL ELSE s END AS strong
            FROM pg_catalog.pg_locks AS s
        ), telling AS MATERIALIZED (
            SELECT t.pid, (t.strong).granted, t.relation
            FROM l AS t
            WHERE t.weak IS NULL
                AND (NOT (t.strong).granted OR t.relation >= '16384'::pg_catalog.oid AND (t.strong).locktype = 'relation')
            UNION ALL
            SELECT p.pid, true, NULL FROM pg_catalog.unnest($1::int4[]) AS p (pid)
        ), kept AS MATERIALIZED (
            SELECT l.*
            FROM l
            WHERE l.weak IS NULL
                OR NOT l.fastpath AND l.weak <> 0 AND l.relation IN (
                    SELECT t.relation FROM telling AS t WHERE NOT t.granted AND t.relation IS NOT NULL)
                OR l.weak > 0 AND l.pid IN (SELECT t.pid FROM telling AS t WHERE t.pid IS NOT NULL)
        ), relations AS MATERIALIZED (
            SELECT r.relation, r.database, c.name, c.is_system, c.relkind, c.is_temporary
            FROM (SELECT DISTINCT k.relation, own.oid AS database
                FROM kept AS k
                JOIN pg_catalog.pg_database AS own ON own.datname = pg_catalog.current_database()
                WHERE k.relation IS NOT NULL AND k.database IN (0, own.oid)) AS r
            CROSS JOIN LATERAL (
                SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
                    n.nspname IN ('pg_catalog', 'information_schema') AS is_system, c.relkind,
                    c.relpersistence = 't' AS is_temporary
                FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.oid = r.relation
                OFFSET 0) AS c
        ), counts AS MATERIALIZED (
            SELECT p.database, p.weak, count(*) AS count
            FROM l AS p
            WHERE p.weak > 0
            GROUP BY p.database, p.weak
        )
        SELECT k.pid, COALESCE((k.strong).locktype, 'relation'),
            COALESCE((k.strong).mode, (ARRAY['AccessShareLock', 'RowExclusiveLock', 'RowShareLock'])[abs(k.weak)]),
            COALESCE((k.strong).granted, true), k.fastpath, \(waitStart),
            CASE WHEN k.pid IS NULL THEN (k.strong).virtualtransaction END, k.database, k.relation, (k.strong).page,
            (k.strong).tuple, (k.strong).virtualxid, (k.strong).transactionid, (k.strong).classid, (k.strong).objid,
            (k.strong).objsubid
        FROM kept AS k
        UNION ALL
        SELECT NULL, 'relation name', r.name, r.is_system, r.is_temporary, NULL, r.relkind::text,
            r.database, r.relation, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM relations AS r
        UNION ALL
        SELECT NULL, 'database name', d.datname, NULL, NULL, NULL, NULL,
            d.oid, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM pg_catalog.pg_database AS d
        WHERE d.oid IN (SELECT k.database FROM kept AS k UNION ALL SELECT c.database FROM counts AS c)
        UNION ALL
        SELECT c.weak, 'count', NULL, NULL, NULL, c.count, NULL,
            c.database, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM counts AS c
        """
    }

    /// For PostgreSQL 13 to 18.
    static let preparedTransactions = Query(
        name: "lockkeeper_prepared",
        sql: """
            SELECT p.gid, (EXTRACT(epoch FROM p.prepared) * 1000000)::int8, p.owner, p.database,
                p.transaction
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
    /// - Parameter hasSequences: whether sequences were asked for.
    /// - Throws: the first error among the queries without which there is no picture: clock, sessions, locks.
    static func read(
        _ results: [Result<Rows, PostgresError>], server: Server, hasSequences: Bool = false
    ) throws(PostgresError) -> Observation {
        guard results.count >= 4 else { throw unreadable }
        guard let moment = try results[0].get().first, let now: Int64 = moment.integer(0),
            let next: UInt64 = moment.integer(2)
        else { throw unreadable }
        var server = server
        server.isInRecovery = moment.boolean(1) ?? server.isInRecovery

        var sessions: [Session] = []
        var blockingPIDs: [Int32: [Int32]] = [:]
        for row in try results[1].get() {
            guard let session = SessionRow.read(row, nextTransactionID: next) else { continue }
            sessions.append(session)
            if let blocking: [Int32] = row.integers(18), !blocking.isEmpty {
                // A parallel query's leader is named once for each of its processes.
                var seen: Set<Int32> = []
                blockingPIDs[session.pid] = blocking.filter { seen.insert($0).inserted }
            }
        }
        let pids = Set(sessions.map(\.pid)).union([0])
        let locks = LockRows(try results[2].get())
        // What is missing here hides nothing else.
        let prepared = (try? results[3].get()) ?? .empty
        var others = results.dropFirst(4)
        let progress = (try? others.popFirst()?.get()) ?? .empty
        let sequences = hasSequences ? (try? others.popFirst()?.get()) ?? .empty : .empty
        let endings = server.majorVersion >= 14 ? (try? others.popFirst()?.get()) ?? .empty : .empty
        let fates = (try? others.popFirst()?.get()) ?? .empty
        return Observation(
            server: server, serverTime: Timestamp(microseconds: now), sessions: sessions,
            locks: locks.locks.filter { pids.contains($0.pid) }, unlistedLocks: locks.unlisted,
            blockingPIDs: blockingPIDs,
            preparedTransactions: prepared.compactMap { row in
                guard let gid = row.text(0), let time: Int64 = row.integer(1) else { return nil }
                return PreparedTransaction(
                    gid: gid, preparedAt: Timestamp(microseconds: time), owner: row.text(2) ?? "",
                    database: row.text(3) ?? "", transactionID: row.integer(4))
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
                }, uniquingKeysWith: { $1 }), progress: ProgressQuery.read(progress),
            sequenceValues: SequenceQuery.read(sequences))
    }

    private static var unreadable: PostgresError {
        PostgresError(
            kind: .protocolViolation, stage: .query("lockkeeper_moment"), message: "the answer could not be read",
            hint: "check what answers at this address")
    }
}
