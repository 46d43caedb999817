import LockkeeperCore

/// What concerns a whole server, the same from each of its databases. Nothing here looks at a table of a user. For PostgreSQL 13 to 18.
enum ServerHealthQueries {
    /// Where the WAL ends, a standby's as far as it has it.
    private static let position = """
        CASE WHEN pg_catalog.pg_is_in_recovery()
            THEN GREATEST(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
            ELSE pg_catalog.pg_current_wal_lsn() END
        """

    private static func bytes(since lsn: String) -> String {
        // GREATEST passes over NULL: what is not known would become 0.
        "CASE WHEN w.position < \(lsn) THEN 0 ELSE pg_catalog.pg_wal_lsn_diff(w.position, \(lsn))::int8 END"
    }

    private static func microseconds(_ time: String) -> String { "(EXTRACT(epoch FROM \(time)) * 1000000)::int8" }

    // MARK: Transaction ids

    /// Our own database first, whatever its age.
    static let databases = Query(
        name: "lockkeeper_database_ages",
        sql: """
            SELECT d.datname, pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid)
            FROM pg_catalog.pg_database AS d
            ORDER BY d.datname = pg_catalog.current_database() DESC,
                GREATEST(pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid)) DESC, d.oid
            LIMIT $1::int8
            """, parameters: [String(ServerHealth.databaseLimit)])

    static func readDatabases(_ rows: Rows) -> [DatabaseAge] {
        let ages: [DatabaseAge] = rows.compactMap { row in
            guard let name = row.text(0), let transactions: Int64 = row.integer(1) else { return nil }
            return DatabaseAge(database: name, transactions: transactions, multixacts: row.integer(2) ?? 0)
        }
        return ages.sorted { max($0.transactions, $0.multixacts) > max($1.transactions, $1.multixacts) }
    }

    // MARK: Snapshots

    /// A transaction that has written holds rows back by its own id, even while it has no snapshot. A VACUUM holds nobody up: the server
    /// leaves its snapshot out of the reckoning. A walsender has no transaction that began at some time: what it holds is what its
    /// replica has reported last. A slot's two horizons are a row each.
    static let snapshots = Query(
        name: "lockkeeper_snapshot_holders",
        sql: """
            SELECT * FROM (
                SELECT CASE WHEN a.backend_type = 'walsender' THEN 'standby' ELSE 'session' END AS kind,
                    GREATEST(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) AS transactions,
                    a.pid, a.application_name, a.usename::text, a.datname::text,
                    CASE WHEN a.backend_type = 'walsender' THEN NULL
                        ELSE \(microseconds("COALESCE(a.xact_start, a.backend_start)")) END AS since, a.state
                FROM pg_catalog.pg_stat_activity AS a
                WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
                    AND a.pid <> pg_catalog.pg_backend_pid() AND a.application_name IS DISTINCT FROM 'lockkeeper'
                    AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_stat_get_progress_info('VACUUM') AS v WHERE v.pid = a.pid)
                UNION ALL
                SELECT 'prepared_transaction', pg_catalog.age(x.transaction), 0, x.gid, x.owner::text, x.database::text,
                    \(microseconds("x.prepared")), NULL
                FROM pg_catalog.pg_prepared_xacts AS x
                UNION ALL
                SELECT x.kind, pg_catalog.age(x.horizon), COALESCE(s.active_pid, 0), s.slot_name::text, '', s.database::text,
                    NULL, NULL
                FROM pg_catalog.pg_replication_slots AS s
                CROSS JOIN LATERAL (VALUES ('slot', s.xmin), ('slot_catalogs', s.catalog_xmin)) AS x(kind, horizon)
                WHERE x.horizon IS NOT NULL
            ) AS h
            ORDER BY h.transactions DESC, h.since, h.pid LIMIT $1::int8
            """, parameters: [String(ServerHealth.snapshotHolderLimit)])

    static func readSnapshots(_ rows: Rows) -> [SnapshotHolder] {
        rows.compactMap { row in
            guard let kind = row.text(0).flatMap(SnapshotHolder.Kind.init), let age: Int64 = row.integer(1) else {
                return nil
            }
            return SnapshotHolder(
                kind: kind, transactions: age, pid: row.integer(2) ?? 0, name: row.text(3) ?? "",
                user: row.text(4) ?? "", database: row.text(5) ?? "",
                since: row.integer(6).map(Timestamp.init(microseconds:)),
                state: row.text(7).flatMap(Session.State.init) ?? .unknown)
        }
    }

    // MARK: Replication

    static func slots(_ server: Server) -> Query {
        let inactiveSince = server.majorVersion >= 17 ? microseconds("s.inactive_since") : "NULL::int8"
        let invalidation =
            switch server.majorVersion {
            case 17...: "s.invalidation_reason"
            case 16: "CASE WHEN s.conflicting THEN 'conflicting' END"
            default: "NULL::text"
            }
        return Query(
            name: "lockkeeper_slots",
            sql: """
                SELECT s.slot_name, s.slot_type = 'logical', s.plugin, s.database, s.active, s.active_pid, s.temporary,
                    s.wal_status, s.safe_wal_size, \(bytes(since: "s.restart_lsn")), \(bytes(since: "s.confirmed_flush_lsn")),
                    \(inactiveSince), \(invalidation)
                FROM pg_catalog.pg_replication_slots AS s CROSS JOIN (SELECT \(position) AS position) AS w
                ORDER BY s.restart_lsn, s.slot_name LIMIT $1::int8
                """, parameters: [String(ServerHealth.replicationLimit)])
    }

    static func readSlots(_ rows: Rows) -> [ReplicationSlot] {
        rows.compactMap { row in
            guard let name = row.text(0) else { return nil }
            return ReplicationSlot(
                name: name, isLogical: row.boolean(1) ?? false, plugin: row.text(2), database: row.text(3) ?? "",
                isActive: row.boolean(4) ?? false, activePID: row.integer(5), isTemporary: row.boolean(6) ?? false,
                walStatus: row.text(7), safeWALBytes: row.integer(8), retainedBytes: row.integer(9),
                unconfirmedBytes: row.integer(10), inactiveSince: row.integer(11).map(Timestamp.init(microseconds:)),
                invalidation: row.text(12))
        }
    }

    static let replicas = Query(
        name: "lockkeeper_replicas",
        sql: """
            SELECT r.pid, r.usename, r.application_name, pg_catalog.host(r.client_addr), r.state, r.sync_state,
                (SELECT s.slot_name FROM pg_catalog.pg_replication_slots AS s WHERE s.active_pid = r.pid LIMIT 1),
                \(bytes(since: "r.replay_lsn")), \(bytes(since: "r.sent_lsn")), \(microseconds("r.replay_lag"))
            FROM pg_catalog.pg_stat_replication AS r CROSS JOIN (SELECT \(position) AS position) AS w
            ORDER BY r.replay_lsn, r.pid LIMIT $1::int8
            """, parameters: [String(ServerHealth.replicationLimit)])

    static func readReplicas(_ rows: Rows) -> [Replica] {
        rows.compactMap { row in
            guard let pid: Int32 = row.integer(0) else { return nil }
            return Replica(
                pid: pid, user: row.text(1) ?? "", applicationName: row.text(2) ?? "",
                clientAddress: row.text(3) ?? "", state: row.text(4) ?? "", syncState: row.text(5) ?? "",
                slot: row.text(6), lagBytes: row.integer(7), unsentBytes: row.integer(8),
                replayLag: row.integer(9, as: Int64.self).map { .microseconds($0) })
        }
    }

    // MARK: WAL

    /// One row where WAL is archived, none where it is not. A standby archives only if told to do so always.
    static let archiver = Query(
        name: "lockkeeper_archiver",
        sql: """
            SELECT a.archived_count, a.failed_count, \(microseconds("a.last_archived_time")),
                \(microseconds("a.last_failed_time")), a.last_failed_wal, \(microseconds("a.stats_reset"))
            FROM pg_catalog.pg_stat_archiver AS a
            WHERE pg_catalog.current_setting('archive_mode') = 'always'
                OR pg_catalog.current_setting('archive_mode') = 'on' AND NOT pg_catalog.pg_is_in_recovery()
            """)

    static func readArchiver(_ rows: Rows) -> Archiver? {
        rows.first.map { row in
            func time(_ column: Int) -> Timestamp? { row.integer(column).map(Timestamp.init(microseconds:)) }
            return Archiver(
                archivedCount: row.integer(0) ?? 0, failedCount: row.integer(1) ?? 0, lastArchivedAt: time(2),
                lastFailedAt: time(3), lastFailedFile: row.text(4), statisticsSince: time(5))
        }
    }

    /// Lists one folder on the server: some microseconds for each file of 16 MB.
    static let walFolder = Query(
        name: "lockkeeper_wal_folder",
        sql: "SELECT pg_catalog.sum(f.size)::int8 FROM pg_catalog.pg_ls_waldir() AS f")

    // MARK: Settings

    /// What matters to migrations and their aftermath, and what the agent does not set for its own sessions: of those settings
    /// (`lock_timeout`, `statement_timeout`, `idle_in_transaction_session_timeout`) it sees its own values only.
    static let settingNames = [
        "archive_mode", "autovacuum", "autovacuum_freeze_max_age", "autovacuum_multixact_freeze_max_age",
        "client_connection_check_interval", "deadlock_timeout", "hot_standby_feedback", "idle_replication_slot_timeout",
        "idle_session_timeout", "log_lock_waits", "maintenance_work_mem", "max_connections",
        "max_locks_per_transaction", "max_parallel_maintenance_workers", "max_prepared_transactions",
        "max_slot_wal_keep_size", "max_standby_streaming_delay", "max_wal_size", "reserved_connections",
        "superuser_reserved_connections", "synchronous_standby_names", "tcp_keepalives_idle", "tcp_user_timeout",
        "track_activity_query_size", "transaction_timeout", "vacuum_failsafe_age", "wal_keep_size", "wal_level",
        "wal_sender_timeout",
    ]

    static let settings = Query(
        name: "lockkeeper_server_settings",
        sql: """
            SELECT s.name, s.setting, s.unit FROM pg_catalog.pg_settings AS s WHERE s.name = ANY ($1::text[])
            """, parameters: [TextArray.literal(settingNames)])

    static func readSettings(_ rows: Rows) -> [String: ServerHealth.Setting] {
        var settings: [String: ServerHealth.Setting] = [:]
        for row in rows {
            guard let name = row.text(0), let value = row.text(1) else { continue }
            settings[name] = ServerHealth.Setting(value: value, unit: row.text(2))
        }
        return settings
    }

    static let roleSettings = Query(
        name: "lockkeeper_role_settings",
        sql: """
            SELECT r.rolname, d.datname, pg_catalog.split_part(c.setting, '=', 1),
                pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1)
            FROM pg_catalog.pg_db_role_setting AS s
            CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c(setting)
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
            LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
            WHERE pg_catalog.split_part(c.setting, '=', 1) = ANY ($1::text[])
            ORDER BY 1, 2, 3 LIMIT $2::int8
            """,
        parameters: [
            TextArray.literal([
                "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
                "transaction_timeout",
            ]),
            String(ServerHealth.roleSettingLimit),
        ])

    static func readRoleSettings(_ rows: Rows) -> [ServerHealth.RoleSetting] {
        rows.compactMap { row in
            guard let name = row.text(2), let value = row.text(3) else { return nil }
            return ServerHealth.RoleSetting(role: row.text(0), database: row.text(1), name: name, value: value)
        }
    }
}
