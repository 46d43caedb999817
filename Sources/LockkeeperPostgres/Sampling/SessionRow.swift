import LockkeeperCore

/// Reads rows of `pg_stat_activity`.
enum SessionRow {
    /// Columns of `LookQueries.sessions`.
    ///
    /// - Parameter nextTransactionID: the first full transaction id not yet given out, to complete the 32 bits of `backend_xid`.
    static func read(_ row: Rows.Row, nextTransactionID: UInt64) -> Session? {
        guard let pid: Int32 = row.integer(0) else { return nil }
        func time(_ column: Int) -> Timestamp? { row.integer(column).map(Timestamp.init(microseconds:)) }
        return Session(
            // Hidden, as nearly everything, from a role without the privilege.
            pid: pid, backendStart: time(1) ?? Timestamp(microseconds: 0), backendType: row.text(2) ?? "",
            database: row.text(3) ?? "", user: row.text(4) ?? "", applicationName: row.text(5) ?? "",
            clientAddress: row.text(6) ?? "", clientPort: row.integer(7) ?? 0,
            state: row.text(8).flatMap(Session.State.init) ?? .unknown, transactionStart: time(9), queryStart: time(10),
            stateChange: time(11), waitEventType: row.text(12), waitEvent: row.text(13),
            transactionID: row.integer(14, as: UInt32.self).map { fullID($0, next: nextTransactionID) },
            holdsSnapshot: row.boolean(15) ?? false, query: row.text(16) ?? "", leaderPID: row.integer(17))
    }

    /// The full id nearest to the next one that has these low 32 bits. It may be a little beyond it: given out between
    /// the two queries.
    static func fullID(_ low: UInt32, next: UInt64) -> UInt64 {
        let difference = Int64(Int32(bitPattern: low &- UInt32(truncatingIfNeeded: next)))
        return UInt64(bitPattern: Int64(bitPattern: next) &+ difference)
    }
}
