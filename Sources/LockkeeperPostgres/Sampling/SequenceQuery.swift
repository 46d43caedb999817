/// Reads how far the sequences are that number the rows of migration tools' histories.
enum SequenceQuery {
    /// For PostgreSQL 13 to 18. Reading a sequence takes ROW EXCLUSIVE on it, which would wait for an ALTER SEQUENCE: where anybody holds or
    /// awaits a lock that conflicts with that, the sequence is not touched. The session's `lock_timeout` is for the instant between.
    ///
    /// The first part is apart from the second since asking for the privilege on what is no sequence (the TOAST table) is an error.
    ///
    /// - Parameter tables: the histories' tables, of the connection's database.
    static func query(of tables: [UInt32]) -> Query {
        Query(
            name: "lockkeeper_history_sequences",
            sql: """
                WITH owned AS MATERIALIZED (
                    SELECT d.refobjid AS history, d.objid AS sequence
                    FROM pg_catalog.pg_depend AS d
                    WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = ANY ($1::oid[])
                        AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
                        AND EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = d.objid AND c.relkind = 'S')
                ), sequences AS MATERIALIZED (
                    SELECT o.history, o.sequence FROM owned AS o
                    WHERE pg_catalog.has_sequence_privilege(o.sequence, 'SELECT, USAGE')
                ), strong AS MATERIALIZED (
                    SELECT l.relation FROM pg_catalog.pg_lock_status() AS l
                    WHERE l.locktype = 'relation' AND l.relation IN (SELECT s.sequence FROM sequences AS s)
                        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                )
                SELECT s.history, COALESCE(pg_catalog.pg_sequence_last_value(s.sequence), 0)
                FROM sequences AS s
                WHERE NOT EXISTS (SELECT FROM strong AS l WHERE l.relation = s.sequence)
                """, parameters: ["{" + tables.map(String.init).joined(separator: ",") + "}"])
    }

    /// The value of each history's sequence, 0 for one that was never used; by the table's oid.
    static func read(_ rows: Rows) -> [UInt32: Int64] {
        Dictionary(
            rows.compactMap { row in
                guard let table: UInt32 = row.integer(0), let value: Int64 = row.integer(1) else { return nil }
                return (table, value)
            }, uniquingKeysWith: max)
    }
}
