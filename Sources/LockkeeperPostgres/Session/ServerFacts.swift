public import LockkeeperCore

/// What is found out about server, role and way there when connecting.
public struct ServerFacts: Sendable, Hashable {
    /// Version, start, role, privileges, pooler.
    public var server: Server
    public var isSuperuser: Bool
    /// Member of `pg_monitor` (or superuser).
    public var isMonitor: Bool
    /// The database connected to.
    public var database: String
    public var databaseOID: UInt32
    /// The server process; behind a pooler only that of the moment.
    public var backendPID: Int32
    /// Whether the settings asked for at the start are in force for the whole session. Where not (a pooler), they are set
    /// anew in each transaction, and for that transaction only.
    public var keepsSettings: Bool
    /// Whether the session is one server process for itself: no pooler in between.
    public var isDirect: Bool { server.pooler == nil }

    /// One row, read with no settings of ours in force, to see which are. Works on every version from 13.
    static let query = Query(
        name: "lockkeeper_server_facts",
        sql: """
            SELECT pg_catalog.current_setting('server_version_num'),
                (EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8,
                pg_catalog.pg_is_in_recovery(),
                CURRENT_USER,
                (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER),
                pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
                pg_catalog.pg_has_role('pg_monitor', 'USAGE'),
                pg_catalog.current_database(),
                (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
                pg_catalog.pg_backend_pid(),
                pg_catalog.current_setting('application_name'),
                pg_catalog.current_setting('port')::pg_catalog.int4
            """)

    /// - Parameters:
    ///   - row: a row of `query`.
    ///   - settingsInForce: whether the profile's settings were found in force.
    ///   - announcedPID: the process id that the startup packet's answer announced. A pooler announces one of its own.
    ///   - pooler: what is known about it from its refusals.
    init?(row: Rows.Row, settingsInForce: Bool, announcedPID: Int32, pooler: String?) {
        guard let version: Int = row.integer(0), let start: Int64 = row.integer(1), let recovery = row.boolean(2),
            let role = row.text(3), let database = row.text(7), let pid: Int32 = row.integer(9)
        else { return nil }
        isSuperuser = row.boolean(4) ?? false
        isMonitor = isSuperuser || row.boolean(6) ?? false
        self.database = database
        databaseOID = row.integer(8) ?? 0
        backendPID = pid
        server = Server(
            versionNumber: version, startedAt: Timestamp(microseconds: start), database: database,
            isInRecovery: recovery,
            role: role,
            canReadAllStats: isSuperuser || row.boolean(5) ?? false,
            pooler: pooler ?? (pid == announcedPID ? nil : "pooler"), port: row.integer(11))
        // A pooler's next transaction may meet a server process that was never asked.
        keepsSettings = settingsInForce && server.pooler == nil
    }
}
