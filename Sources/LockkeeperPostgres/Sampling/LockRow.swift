import LockkeeperCore

/// Reads rows of `pg_locks`.
enum LockRow {
    /// Columns of `LookQueries.locks`.
    static func read(_ row: Rows.Row) -> HeldLock? {
        guard let kind = row.text(1).flatMap(HeldLock.Kind.init), let mode = row.text(2).flatMap(LockMode.init),
            let isGranted = row.boolean(3)
        else { return nil }
        let relation: HeldLock.Relation? = row.integer(6).map { oid in
            HeldLock.Relation(
                oid: oid, name: row.text(7), isSystem: oid < 16_384 || row.boolean(8) ?? false, kind: row.text(9),
                isTemporary: row.boolean(10) ?? false)
        }
        return HeldLock(
            // A prepared transaction's locks have no pid.
            pid: row.integer(0) ?? 0, kind: kind, mode: mode, isGranted: isGranted,
            waitStart: row.integer(4).map(Timestamp.init(microseconds:)), database: row.text(5) ?? "",
            relation: relation,
            advisoryKey: kind == .advisory ? advisoryKey(row, classid: 11, objid: 12, objsubid: 13) : nil)
    }

    /// The key of an advisory lock: one bigint in halves (`objsubid` 1), or two ints (2). Source: the manual, "pg_locks".
    static func advisoryKey(_ row: Rows.Row, classid: Int, objid: Int, objsubid: Int) -> AdvisoryKey? {
        guard let high: UInt32 = row.integer(classid), let low: UInt32 = row.integer(objid) else { return nil }
        switch row.text(objsubid) {
        case "1": return .single(Int64(bitPattern: UInt64(high) << 32 | UInt64(low)))
        case "2": return .pair(Int32(bitPattern: high), Int32(bitPattern: low))
        default: return nil
        }
    }
}
