import LockkeeperCore

/// What a database's catalogs say of leftovers of schema changes and of old transaction ids. No user's table is opened, and no
/// function looks at one (`pg_get_indexdef` and `pg_relation_size` lock it): none of these queries waits behind a lock that is queued
/// on a table. For PostgreSQL 13 to 18.
enum CatalogQueries {
    /// Indexes that somebody is working on. The views of progress name the index that is being built just now; REINDEX and DROP INDEX
    /// CONCURRENTLY, which have more than one in hand, hold a lock on each from begin to end that nothing else takes for long.
    private static let indexesInWork = """
        SELECT p.index_relid
        FROM pg_catalog.pg_stat_progress_create_index AS p
        WHERE p.datname = pg_catalog.current_database() AND p.index_relid <> 0
        UNION
        SELECT l.relation
        FROM pg_catalog.pg_locks AS l
        WHERE l.locktype = 'relation' AND l.granted AND l.mode IN ('ShareUpdateExclusiveLock', 'AccessExclusiveLock')
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
        """

    /// The same, asked in advance: a build that ends while the next query runs is neither invalid for long nor in work any more.
    static let builds = Query(
        name: "lockkeeper_index_builds",
        sql: "SELECT w.index_relid FROM (\(indexesInWork)) AS w LIMIT 10000")

    /// Invalid indexes that nobody works on. A partitioned index is no leftover: it is invalid until each partition has one attached.
    ///
    /// A build that has just made its index visible names it a moment later, and to a role without the privilege it never does:
    /// while one runs on the table, none of the table's invalid indexes can be called a leftover.
    static let invalidIndexes = Query(
        name: "lockkeeper_invalid_indexes",
        sql: """
            WITH invalid AS MATERIALIZED (
                SELECT i.indexrelid, i.indrelid, i.indisunique, i.indisready, i.indislive, c.relname, c.relnamespace, c.relpages
                FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                WHERE NOT i.indisvalid AND c.relkind = 'i' AND c.relpersistence <> 't'
            ), work AS MATERIALIZED (\(indexesInWork)), unnamed AS MATERIALIZED (
                SELECT p.relid FROM pg_catalog.pg_stat_progress_create_index AS p
                WHERE p.datname = pg_catalog.current_database() AND p.index_relid IS NOT DISTINCT FROM 0
                UNION ALL
                SELECT l.relation
                FROM pg_catalog.pg_stat_progress_create_index AS p
                JOIN pg_catalog.pg_locks AS l ON l.pid = p.pid AND l.locktype = 'relation'
                WHERE p.datname = pg_catalog.current_database() AND p.relid IS NULL
            )
            SELECT invalid.indexrelid, pg_catalog.format('%I.%I', n.nspname, invalid.relname),
                pg_catalog.format('%I.%I', tn.nspname, t.relname), invalid.indisunique, invalid.indisready,
                invalid.relpages::int8 * pg_catalog.current_setting('block_size')::int8, invalid.relname,
                pg_catalog.count(*) OVER (), invalid.indislive
            FROM invalid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = invalid.relnamespace
            JOIN pg_catalog.pg_class AS t ON t.oid = invalid.indrelid
            JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
            WHERE NOT EXISTS (SELECT FROM work WHERE work.index_relid = invalid.indexrelid)
                AND NOT EXISTS (SELECT FROM unnamed WHERE unnamed.relid = invalid.indrelid)
            ORDER BY invalid.relpages DESC, invalid.indexrelid LIMIT $1::int8
            """, parameters: [String(CatalogReading.indexLimit)])

    /// - Parameter builds: the rows of `builds`, asked before.
    static func readInvalidIndexes(_ rows: Rows, builds: Rows, into reading: inout CatalogReading) {
        let building = Set(builds.compactMap { $0.integer(0, as: UInt32.self) })
        reading.invalidIndexes = rows.compactMap { row in
            guard let oid: UInt32 = row.integer(0), !building.contains(oid), let name = row.text(1),
                let table = row.text(2)
            else { return nil }
            return InvalidIndex(
                oid: oid, name: name, table: table, isUnique: row.boolean(3) ?? false,
                isReady: row.boolean(4) ?? false, isLive: row.boolean(8) ?? true,
                estimatedBytes: row.integer(5) ?? 0, leftover: leftover(named: row.text(6) ?? ""))
        }
        let total: Int = rows.first?.integer(7) ?? 0
        reading.invalidIndexCount = total - (rows.count - reading.invalidIndexes.count)
    }

    /// REINDEX CONCURRENTLY appends `_ccnew` or `_ccold`, and a number where that name is taken (the manual, "Rebuilding Indexes
    /// Concurrently").
    private static func leftover(named name: String) -> InvalidIndex.Leftover {
        let digits = name.reversed().prefix { ("0"..."9").contains($0) }.count
        let stem = name.dropLast(digits)
        return stem.hasSuffix("_ccnew") ? .newCopy : stem.hasSuffix("_ccold") ? .oldCopy : .none
    }

    /// Constraints that wait for their VALIDATE. One that a partition or a child has from its parent is validated there; one that is NOT
    /// ENFORCED (PostgreSQL 18) never is.
    static func constraints(_ server: Server) -> Query {
        let enforced = server.majorVersion >= 18 ? "AND c.conenforced" : ""
        return Query(
            name: "lockkeeper_constraints",
            sql: """
                SELECT pg_catalog.format('%I', c.conname),
                    pg_catalog.format('%I.%I', COALESCE(rn.nspname, tn.nspname), COALESCE(r.relname, t.typname)),
                    c.contype, c.contypid <> 0,
                    CASE WHEN f.oid IS NOT NULL THEN pg_catalog.format('%I.%I', fn.nspname, f.relname) END,
                    COALESCE(r.relpages::int8 * pg_catalog.current_setting('block_size')::int8, 0),
                    pg_catalog.count(*) OVER ()
                FROM pg_catalog.pg_constraint AS c
                LEFT JOIN pg_catalog.pg_class AS r ON r.oid = c.conrelid
                LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
                LEFT JOIN pg_catalog.pg_type AS t ON t.oid = c.contypid
                LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace
                LEFT JOIN pg_catalog.pg_class AS f ON f.oid = c.confrelid
                LEFT JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace
                WHERE NOT c.convalidated AND c.contype IN ('c', 'f', 'n') AND c.conislocal \(enforced)
                    AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_constraint AS p WHERE p.oid = c.conparentid AND NOT p.convalidated)
                    AND COALESCE(r.oid, t.oid) IS NOT NULL
                ORDER BY COALESCE(r.relpages, 0) DESC, c.oid LIMIT $1::int8
                """, parameters: [String(CatalogReading.constraintLimit)])
    }

    static func readConstraints(_ rows: Rows, into reading: inout CatalogReading) {
        reading.notValidatedConstraints = rows.compactMap { row in
            guard let name = row.text(0), let relation = row.text(1) else { return nil }
            let kind: NotValidatedConstraint.Kind =
                switch row.text(2) {
                case "f": .foreignKey
                case "n": .notNull
                default: row.boolean(3) == true ? .domainCheck : .check
                }
            return NotValidatedConstraint(
                name: name, relation: relation, kind: kind,
                referencedTable: row.text(4), estimatedBytes: row.integer(5) ?? 0)
        }
        reading.notValidatedConstraintCount = rows.first?.integer(6) ?? 0
    }

    /// The tables that make their database old; none of a database that is not old, so that a catalog of many tables is not sorted for
    /// nothing: a database is at least as old as its oldest table (`vac_update_datfrozenxid` in vacuum.c), and most never get old. By the
    /// ids of which the database has used more: those of transactions, or those of multixacts.
    ///
    /// - Parameter age: the least age of the database in transactions or multixacts.
    static func oldestTables(from age: Int64) -> Query {
        Query(
            name: "lockkeeper_oldest_tables",
            sql: """
                SELECT a.name, a.transactions, a.bytes, a.multixacts
                FROM (
                    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
                        GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(t.relfrozenxid)) AS transactions,
                        GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(t.relminmxid)) AS multixacts,
                        (c.relpages::int8 + COALESCE(t.relpages, 0)) * pg_catalog.current_setting('block_size')::int8 AS bytes
                    FROM pg_catalog.pg_class AS c
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
                    WHERE c.relkind IN ('r', 'm') AND c.relfrozenxid <> '0'::xid
                        AND (SELECT GREATEST(pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid)) >= $2::int8
                            FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
                ) AS a
                ORDER BY
                    CASE WHEN (SELECT pg_catalog.mxid_age(d.datminmxid) > pg_catalog.age(d.datfrozenxid)
                        FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
                    THEN a.multixacts ELSE a.transactions END DESC, a.bytes DESC
                LIMIT $1::int8
                """, parameters: [String(CatalogReading.tableLimit), String(age)])
    }

    static func readOldestTables(_ rows: Rows) -> [TableAge] {
        rows.compactMap { row in
            guard let table = row.text(0), let age: Int64 = row.integer(1) else { return nil }
            return TableAge(
                table: table, transactions: age, multixacts: row.integer(3) ?? 0, estimatedBytes: row.integer(2) ?? 0)
        }
    }
}
