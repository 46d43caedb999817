import LockkeeperCore

/// Finding and reading the migration tools' history tables.
enum HistoryQueries {
    /// Tables that may be a history: those with the name of one, with their columns and those neighbours in the schema that tell
    /// tools apart. Reads catalogs only. For PostgreSQL 13 to 18.
    static let candidates = Query(
        name: "lockkeeper_history_candidates",
        sql: """
            SELECT c.oid, c.relname, pg_catalog.format('%I.%I', n.nspname, c.relname),
                (SELECT pg_catalog.string_agg(a.attname, pg_catalog.chr(10)) FROM pg_catalog.pg_attribute AS a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                (SELECT pg_catalog.string_agg(s.relname, pg_catalog.chr(10)) FROM pg_catalog.pg_class AS s
                    WHERE s.relname = ANY ($2::text[]) AND s.relnamespace = c.relnamespace),
                (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8,
                pg_catalog.has_column_privilege(c.oid, 'xmin', 'SELECT')
            FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
            ORDER BY 3
            """,
        parameters: [
            TextArray.literal(MigrationTool.historyTableNames.sorted()),
            TextArray.literal(
                Set(MigrationTool.all.flatMap { $0.histories.flatMap { [$0.companion, $0.absentCompanion] } })
                    .compactMap { $0 }.sorted()),
        ])

    /// The server's clock, for a database without any history.
    static let clock = Query(
        name: "lockkeeper_clock", sql: "SELECT (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8")

    /// A table and the tool whose it is.
    struct Found: Sendable {
        var tool: String
        var shape: HistoryShape
        /// Quoted where SQL needs it.
        var relation: String
        var oid: UInt32
        /// Whether the role may know which transaction wrote a row: not if it may read single columns only.
        var tellsWriter: Bool
    }

    /// The first shape of the catalogue that fits has the table; a table that fits none is no history.
    static func identify(_ rows: Rows) -> [Found] {
        rows.compactMap { row in
            guard let oid: UInt32 = row.integer(0), let name = row.text(1), let relation = row.text(2) else {
                return nil
            }
            let columns = Set((row.text(3) ?? "").split(separator: "\n").map(String.init))
            let neighbours = Set((row.text(4) ?? "").split(separator: "\n").map(String.init))
            for tool in MigrationTool.all {
                for shape in tool.histories
                where shape.table == name && columns.isSuperset(of: shape.columns)
                    && columns.isDisjoint(with: shape.absentColumns)
                    && shape.companion.map(neighbours.contains) ?? true
                    && !(shape.absentCompanion.map(neighbours.contains) ?? false)
                {
                    return Found(
                        tool: tool.id, shape: shape, relation: relation, oid: oid, tellsWriter: row.boolean(6) ?? false)
                }
            }
            return nil
        }
    }

    /// The newest entries of a table in the tool's own order, the newest first. The one query that opens a user's table:
    /// it waits for its lock no longer than the session's `lock_timeout`.
    static func entries(_ found: Found, limit: Int) -> Query {
        let shape = found.shape
        // Outputs have names of their own: by default `(id)::text` is called "id", and ORDER BY would mean that text.
        func text(_ expression: String?) -> String { expression.map { "(\($0))::text" } ?? "NULL" }
        return Query(
            // Unnamed: the table is another one everywhere.
            name: "",
            sql: """
                SELECT \(text(shape.key)) AS lockkeeper_key, \(text(shape.migrationName)) AS lockkeeper_name,
                    \(text(shape.hash)) AS lockkeeper_hash,
                    \(shape.stamp.map { "(\($0))::int8" } ?? "NULL") AS lockkeeper_stamp,
                    \(shape.appliedAt.map { "(EXTRACT(epoch FROM (\($0))) * 1000000)::int8" } ?? "NULL")
                        AS lockkeeper_applied_at,
                    \(text(shape.state)) AS lockkeeper_state,
                    \(found.tellsWriter ? "xmin::text" : "NULL") AS lockkeeper_xmin
                FROM \(found.relation)
                ORDER BY \(shape.order) DESC LIMIT $1::int8
                """, parameters: [String(limit)])
    }

    static func read(_ rows: Rows) -> [HistoryEntry] {
        rows.reversed().compactMap { row in
            guard let key = row.text(0) else { return nil }
            return HistoryEntry(
                key: key, name: row.text(1), hash: row.text(2), stamp: row.integer(3),
                appliedAt: row.integer(4).map(Timestamp.init(microseconds:)),
                state: row.text(5).flatMap(HistoryEntry.State.init) ?? .applied,
                // Below the first normal id stand those of rows that were there from the start, or frozen long ago.
                transactionID: row.integer(6, as: UInt32.self).flatMap { $0 < 3 ? nil : $0 })
        }
    }

    /// Databases that the role may connect to. For PostgreSQL 13 to 18.
    static let databases = Query(
        name: "lockkeeper_databases",
        sql: """
            SELECT d.datname FROM pg_catalog.pg_database AS d
            WHERE d.datallowconn AND NOT d.datistemplate AND pg_catalog.has_database_privilege(d.oid, 'CONNECT')
            ORDER BY 1
            """)
}
