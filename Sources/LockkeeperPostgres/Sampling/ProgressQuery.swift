import LockkeeperCore

/// What long commands say of how far they are: the views `pg_stat_progress_*`, all in one query.
///
/// They are read from the server's memory. Names are looked up in the catalog of this database only, by oid, so that no relation is opened.
enum ProgressQuery {
    static func query(_ server: Server) -> Query {
        Query(name: "lockkeeper_progress", sql: sql(majorVersion: server.majorVersion))
    }

    /// For PostgreSQL 13 to 18. Source: the manual, "Progress Reporting", and `system_views.sql` of each version.
    private static func sql(majorVersion: Int) -> String {
        let rows = [
            createIndex, cluster, majorVersion >= 14 ? copy : nil, vacuum(majorVersion: majorVersion), analyze,
            baseBackup,
        ].compactMap { $0 }.joined(separator: "\nUNION ALL\n")
        // Without rows, which is nearly always, nothing is looked up.
        return """
            SELECT p.*, r.name, i.name
            FROM (
            \(rows)
            ) AS p
            LEFT JOIN LATERAL (\(name(of: "p.relid"))) AS r ON true
            LEFT JOIN LATERAL (\(name(of: "p.indexrelid"))) AS i ON true
            """
    }

    /// The same oid means another relation in another database.
    private static func name(of oid: String) -> String {
        """
        SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.oid = \(oid) AND p.datname = pg_catalog.current_database() OFFSET 0
        """
    }

    /// What is 0 there is not known (yet).
    private static let createIndex = """
        SELECT 'create_index' AS kind, v.pid, v.command AS operation, v.datname, v.relid,
            NULLIF(v.index_relid, 0::oid) AS indexrelid, v.phase, v.blocks_done, v.blocks_total, v.tuples_done,
            v.tuples_total, NULL::int8 AS bytes_done, NULL::int8 AS bytes_total, v.lockers_done, v.lockers_total,
            v.current_locker_pid, v.partitions_done, v.partitions_total, NULL::int8 AS parts_done,
            NULL::int8 AS parts_total
        FROM pg_catalog.pg_stat_progress_create_index AS v
        """

    /// When sorted tuples are written, as many will be as have been scanned.
    private static let cluster = """
        SELECT 'cluster', v.pid, v.command, v.datname, v.relid, NULLIF(v.cluster_index_relid, 0::oid), v.phase,
            v.heap_blks_scanned, v.heap_blks_total,
            CASE v.phase WHEN 'writing new heap' THEN v.heap_tuples_written ELSE v.heap_tuples_scanned END,
            CASE v.phase WHEN 'writing new heap' THEN v.heap_tuples_scanned END,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, v.index_rebuild_count, NULL
        FROM pg_catalog.pg_stat_progress_cluster AS v
        """

    private static let copy = """
        SELECT 'copy', v.pid, v.command, v.datname, NULLIF(v.relid, 0::oid), NULL, '', NULL, NULL,
            v.tuples_processed, NULL, v.bytes_processed, v.bytes_total, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM pg_catalog.pg_stat_progress_copy AS v
        """

    /// Before PostgreSQL 17 nothing says how many indexes there are in a round.
    private static func vacuum(majorVersion: Int) -> String {
        """
        SELECT 'vacuum', v.pid, 'VACUUM', v.datname, v.relid, NULL, v.phase,
            CASE v.phase WHEN 'vacuuming heap' THEN v.heap_blks_vacuumed ELSE v.heap_blks_scanned END,
            v.heap_blks_total, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            \(majorVersion >= 17 ? "v.indexes_processed, v.indexes_total" : "NULL, NULL")
        FROM pg_catalog.pg_stat_progress_vacuum AS v
        """
    }

    private static let analyze = """
        SELECT 'analyze', v.pid, 'ANALYZE', v.datname, v.relid, NULL, v.phase, v.sample_blks_scanned,
            v.sample_blks_total, NULL, NULL, NULL, NULL, NULL, NULL, NULL, v.child_tables_done, v.child_tables_total,
            v.ext_stats_computed, v.ext_stats_total
        FROM pg_catalog.pg_stat_progress_analyze AS v
        """

    private static let baseBackup = """
        SELECT 'base_backup', v.pid, 'BASE BACKUP', NULL, NULL, NULL, v.phase, NULL, NULL, NULL, NULL,
            v.backup_streamed, v.backup_total, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM pg_catalog.pg_stat_progress_basebackup AS v
        """

    static func read(_ rows: Rows) -> [Progress] {
        rows.compactMap { row in
            guard let command = row.text(0).flatMap(Progress.Command.init), let pid: Int32 = row.integer(1),
                // A role without the privilege sees that there is something, and nothing of what.
                let operation = row.text(2), let phase = row.text(6)
            else { return nil }
            func counter(_ column: Int) -> Progress.Counter? {
                guard let done: Int64 = row.integer(column) else { return nil }
                return Progress.Counter(done, of: row.integer(column + 1).flatMap { $0 > 0 ? $0 : nil })
            }
            func relation(_ column: Int, name: Int) -> Progress.Relation? {
                row.integer(column).map { Progress.Relation(oid: $0, name: row.text(name)) }
            }
            let locker: Int32? = row.integer(15)
            return Progress(
                pid: pid, command: command, operation: operation, database: row.text(3) ?? "",
                relation: relation(4, name: 20), index: relation(5, name: 21), phase: phase, blocks: counter(7),
                tuples: counter(9), bytes: counter(11), lockers: counter(13),
                currentLockerPID: locker.flatMap { $0 == 0 ? nil : $0 }, partitions: counter(16), parts: counter(18))
        }
    }
}
