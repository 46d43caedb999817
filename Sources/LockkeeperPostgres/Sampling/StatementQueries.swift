import LockkeeperCore

/// The statistics of statements, databases, tables and indexes. None of these queries opens a user's table or looks at one by a
/// function that locks it, so none waits behind a lock that is queued on one.
enum StatementQueries {
    // MARK: Statements

    /// Where the extension lies in the database that is asked, and in which version. For PostgreSQL 13 to 18.
    static let location = Query(
        name: "lockkeeper_statements_location",
        sql: """
            SELECT pg_catalog.format('%I', n.nspname), e.extversion, pg_catalog.current_database()
            FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
            WHERE e.extname = 'pg_stat_statements'
            """)

    /// `pg_stat_statements` in a database.
    struct Location: Sendable, Hashable {
        /// Quoted where SQL needs it.
        var schema: String
        /// Of the extension's objects, which may be older than the server: `ALTER EXTENSION … UPDATE` is easily forgotten.
        var version: String
        var database: String

        init?(_ rows: Rows) {
            guard let row = rows.first, let schema = row.text(0), let version = row.text(1), let database = row.text(2)
            else { return nil }
            self.schema = schema
            self.version = version
            self.database = database
        }

        /// Whether the objects are of that version 1.x or a later one.
        func isAtLeast(_ minor: Int) -> Bool {
            let parts = version.split(separator: ".").compactMap { Int($0) }
            guard parts.count >= 2 else { return true }
            return (parts[0], parts[1]) >= (1, minor)
        }

        var source: StatementReading.Source { .statistics(version: version, schema: schema, database: database) }
    }

    /// The numbers without the texts, for which the server would read its whole file of texts. What was called a few times only, and not for
    /// long, cannot be compared with anything and stays there: that spares most of a table full of statements.
    ///
    /// Times go as whole nanoseconds, which are written and read in a fraction of the time that the shortest decimals of a float take;
    /// and where all entries fit into the answer none are sorted.
    static func entries(_ location: Location) -> Query {
        // 1.8 (PostgreSQL 13) renamed the times, 1.9 (PostgreSQL 14) tells nested statements apart.
        let time =
            location.isAtLeast(8) ? ("s.total_exec_time", "s.stddev_exec_time") : ("s.total_time", "s.stddev_time")
        return Query(
            // Unnamed: the schema is another one everywhere.
            name: "",
            sql: """
                SELECT s.dbid, s.userid, s.queryid, \(location.isAtLeast(9) ? "s.toplevel" : "true"), s.calls,
                    (\(time.0) * 1000000)::int8, (\(time.1) * 1000000)::int8, s.shared_blks_hit, s.shared_blks_read
                FROM \(location.schema).pg_stat_statements(false) AS s
                WHERE s.calls >= 10 OR \(time.0) > 60000
                ORDER BY CASE WHEN (SELECT pg_catalog.current_setting('pg_stat_statements.max')::int8 >= $1::int8) THEN \(time.0) END
                    DESC
                LIMIT $1::int8
                """, parameters: [String(StatementReading.limit + 1)])
    }

    /// When entries were dropped. From version 1.9 (PostgreSQL 14) on.
    static func info(_ location: Location) -> Query {
        Query(
            name: "",
            sql: """
                SELECT i.dealloc, (EXTRACT(epoch FROM i.stats_reset) * 1000000)::int8
                FROM \(location.schema).pg_stat_statements_info() AS i
                """)
    }

    /// The texts of a few statements. The server reads its whole file of texts for that (60 ms of a core for 20 MB), so it is asked seldom.
    static func texts(_ location: Location, of queryIDs: [Int64]) -> Query {
        Query(
            name: "",
            sql: """
                SELECT DISTINCT ON (s.dbid, s.queryid) s.dbid, s.queryid, pg_catalog.left(s.query, $2::int4)
                FROM \(location.schema).pg_stat_statements(true) AS s
                WHERE s.queryid = ANY ($1::int8[])
                LIMIT 1000
                """,
            parameters: [
                "{" + queryIDs.map(String.init).joined(separator: ",") + "}", String(StatementTexts.lengthLimit),
            ])
    }

    static func readEntries(_ rows: Rows, into reading: inout StatementReading) {
        reading.isComplete = rows.count <= StatementReading.limit
        reading.entries.reserveCapacity(rows.count)
        for row in rows.prefix(StatementReading.limit) {
            // Other users' entries have no id for a role without the privilege.
            guard let queryID: Int64 = row.integer(2) else {
                reading.hiddenEntries += 1
                continue
            }
            guard let database: UInt32 = row.integer(0), let user: UInt32 = row.integer(1),
                let calls: Int64 = row.integer(4), let totalTime: Int64 = row.integer(5)
            else { continue }
            reading.entries.append(
                StatementEntry(
                    key: .init(
                        databaseOID: database, userOID: user, queryID: queryID, isTopLevel: row.boolean(3) ?? true),
                    calls: calls, totalTime: Double(totalTime) / 1e6,
                    deviation: Double(row.integer(6) ?? Int64(0)) / 1e6,
                    sharedBlocksHit: row.integer(7) ?? 0, sharedBlocksRead: row.integer(8) ?? 0))
        }
    }

    static func readTexts(_ rows: Rows) -> [StatementTexts.Text] {
        rows.compactMap { row in
            guard let database: UInt32 = row.integer(0), let queryID: Int64 = row.integer(1), let text = row.text(2)
            else { return nil }
            return StatementTexts.Text(databaseOID: database, queryID: queryID, text: text)
        }
    }

    // MARK: Databases and server

    /// The work of each database, those that are watched first: not all of a server's have room. `sessions_killed` is known from
    /// PostgreSQL 14 on.
    ///
    /// - Parameter watched: the names of those that are watched, besides the one that the connection leads to.
    static func databases(_ server: Server, watched: [String], limit: Int = 200) -> Query {
        let killed = server.majorVersion >= 14 ? "d.sessions_killed" : "NULL::int8"
        return Query(
            name: "lockkeeper_database_work",
            sql: """
                SELECT d.datid, d.datname, d.xact_commit, d.xact_rollback, d.blks_hit, d.blks_read, d.temp_files, d.temp_bytes,
                    d.deadlocks, \(killed), (EXTRACT(epoch FROM d.stats_reset) * 1000000)::int8
                FROM pg_catalog.pg_stat_database AS d JOIN pg_catalog.pg_database AS b ON b.oid = d.datid
                WHERE b.datallowconn AND NOT b.datistemplate
                ORDER BY b.datname <> pg_catalog.current_database(),
                    b.datname <> ALL (SELECT pg_catalog.unnest(pg_catalog.string_to_array($1::text, pg_catalog.chr(10)))), d.datid
                LIMIT $2::int8
                """, parameters: [watched.joined(separator: "\n"), String(limit)])
    }

    static func readDatabases(_ rows: Rows) -> [DatabaseWork] {
        rows.compactMap { row in
            guard let oid: UInt32 = row.integer(0), let name = row.text(1) else { return nil }
            return DatabaseWork(
                oid: oid, name: name, commits: row.integer(2) ?? 0, rollbacks: row.integer(3) ?? 0,
                blocksHit: row.integer(4) ?? 0, blocksRead: row.integer(5) ?? 0, temporaryFiles: row.integer(6) ?? 0,
                temporaryBytes: row.integer(7) ?? 0, deadlocks: row.integer(8) ?? 0, sessionsKilled: row.integer(9),
                resetAt: row.integer(10).map(Timestamp.init(microseconds:)))
        }
    }

    /// The position in the WAL in bytes, a standby's as far as it has replayed. For PostgreSQL 13 to 18.
    static let walPosition = Query(
        name: "lockkeeper_wal_position",
        sql: """
            SELECT pg_catalog.pg_wal_lsn_diff(
                CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                    ELSE pg_catalog.pg_current_wal_lsn() END, '0/0')::int8
            """)

    /// PostgreSQL 17 moved the checkpoints' counts.
    static func checkpoints(_ server: Server) -> Query {
        server.majorVersion >= 17
            ? Query(
                name: "lockkeeper_checkpoints",
                sql: "SELECT c.num_timed, c.num_requested FROM pg_catalog.pg_stat_checkpointer AS c")
            : Query(
                name: "lockkeeper_checkpoints_16",
                sql: "SELECT b.checkpoints_timed, b.checkpoints_req FROM pg_catalog.pg_stat_bgwriter AS b")
    }

    /// Sizes of databases: waits for no lock, but asks the file system for each file. For PostgreSQL 13 to 18.
    static func sizes(of databases: [String]) -> Query {
        Query(
            name: "lockkeeper_database_sizes",
            sql: """
                SELECT d.oid, pg_catalog.pg_database_size(d.oid)
                FROM pg_catalog.pg_database AS d
                WHERE d.datname = ANY (SELECT pg_catalog.unnest(pg_catalog.string_to_array($1::text, pg_catalog.chr(10))))
                    AND (pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                        OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
                """, parameters: [databases.joined(separator: "\n")])
    }

    // MARK: Tables and indexes

    /// The largest user tables that are no temporary ones, and the partitioned tables that they belong to, which have no size of their own
    /// and are what queries name. Who is whose partition is read from `pg_inherits`: the functions that tell it lock the tables.
    private static let userTables = """
        RECURSIVE largest AS MATERIALIZED (
            SELECT l.*, pg_catalog.row_number() OVER (ORDER BY l.relpages DESC, l.oid) AS place
            FROM (
                SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.reltuples, c.relfilenode, c.relpages, c.relispartition
                FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.oid >= 16384
                    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
                ORDER BY c.relpages DESC, c.oid LIMIT $1::int8
            ) AS l
        ), ancestors (oid, place, ancestor) AS (
            SELECT l.oid, l.place, i.inhparent
            FROM largest AS l JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = l.oid
            WHERE l.relispartition
            UNION
            SELECT a.oid, a.place, i.inhparent
            FROM ancestors AS a
            JOIN pg_catalog.pg_class AS c ON c.oid = a.ancestor AND c.relispartition
            JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = a.ancestor
        ), roots AS MATERIALIZED (
            SELECT a.oid, a.place, a.ancestor AS root
            FROM ancestors AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.ancestor AND NOT c.relispartition
        ), t AS MATERIALIZED (
            SELECT l.oid, l.relnamespace, l.relname, l.relkind, l.reltuples, l.relfilenode, l.place, r.root
            FROM largest AS l LEFT JOIN roots AS r ON r.oid = l.oid
            UNION ALL
            SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.reltuples, c.relfilenode, r.place, NULL
            FROM (SELECT r.root, pg_catalog.min(r.place) AS place FROM roots AS r GROUP BY r.root) AS r
            JOIN pg_catalog.pg_class AS c ON c.oid = r.root
        )
        """

    /// For PostgreSQL 13 to 18. `reltuples` is -1 for a table that was never analysed; in PostgreSQL 13 it is 0 then.
    static func tables(limit: Int = RelationStatistics.tableLimit) -> Query {
        Query(
            name: "lockkeeper_tables",
            sql: """
                WITH \(userTables)
                SELECT t.oid, n.nspname, t.relname, pg_catalog.pg_stat_get_numscans(t.oid),
                    pg_catalog.pg_stat_get_live_tuples(t.oid), NULLIF(t.reltuples, -1),
                    (EXTRACT(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_analyze_time(t.oid),
                        pg_catalog.pg_stat_get_last_autoanalyze_time(t.oid))) * 1000000)::int8,
                    t.relfilenode, (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8,
                    (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()),
                    t.relkind = 'p', t.root
                FROM t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
                ORDER BY t.place, t.relkind = 'p' DESC, t.oid
                """, parameters: [String(limit + 1)])
    }

    /// For PostgreSQL 13 to 18. In the order of their tables, so that a list that has to be cut off ends at the same one each time.
    static func indexes(
        tableLimit: Int = RelationStatistics.tableLimit, limit: Int = RelationStatistics.indexLimit
    ) -> Query {
        Query(
            name: "lockkeeper_indexes",
            sql: """
                WITH \(userTables)
                SELECT i.indexrelid, i.indrelid, x.relname, i.indisvalid AND i.indisready AND i.indislive,
                    pg_catalog.pg_stat_get_numscans(i.indexrelid),
                    CASE WHEN x.relispartition
                        THEN (SELECT h.inhparent FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = x.oid LIMIT 1) END
                FROM t
                JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
                JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                ORDER BY t.place, t.relkind = 'p' DESC, t.oid, i.indexrelid
                LIMIT $2::int8
                """, parameters: [String(tableLimit), String(limit + 1)])
    }

    static func readRelations(
        tables: Rows, indexes: Rows, database: String, tableLimit: Int = RelationStatistics.tableLimit,
        indexLimit: Int = RelationStatistics.indexLimit
    ) -> RelationStatistics? {
        guard let first = tables.first, let oid: UInt32 = first.integer(9), let time: Int64 = first.integer(8) else {
            return nil
        }
        var result = RelationStatistics(
            database: database, databaseOID: oid, serverTime: Timestamp(microseconds: time),
            isComplete: indexes.count <= indexLimit)
        var count = 0
        for row in tables {
            guard let oid: UInt32 = row.integer(0), let schema = row.text(1), let name = row.text(2) else { continue }
            let isPartitioned = row.boolean(10) ?? false
            // The limit is on those that have rows of their own.
            if !isPartitioned { count += 1 }
            guard count <= tableLimit else {
                result.isComplete = false
                break
            }
            result.tables.append(
                RelationStatistics.Table(
                    oid: oid, schema: schema, name: name, sequentialScans: row.integer(3) ?? 0,
                    liveRows: row.integer(4) ?? 0, estimatedRows: row.text(5).flatMap(Double.init),
                    analyzedAt: row.integer(6).map(Timestamp.init(microseconds:)), fileNode: row.integer(7) ?? 0,
                    isPartitioned: isPartitioned, rootOID: row.integer(11)))
        }
        result.indexes = indexes.prefix(indexLimit).compactMap { row in
            guard let oid: UInt32 = row.integer(0), let table: UInt32 = row.integer(1), let name = row.text(2) else {
                return nil
            }
            return RelationStatistics.Index(
                oid: oid, tableOID: table, name: name, isUsable: row.boolean(3) ?? true, scans: row.integer(4) ?? 0,
                parentOID: row.integer(5))
        }
        return result
    }
}
