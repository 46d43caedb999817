public import LockkeeperCore

/// Drizzle's migrator on stage, by the sequence of its statements.
extension Stage {
    /// Lets virtual time pass up to so long after the play's begin; what is over already stays over.
    mutating func wait(until time: Duration) {
        let left = Stage.origin + time - now
        if left > .zero { wait(left) }
    }

    /// A folder of migrations as Drizzle 0.x keeps it.
    public static func drizzleFolder(_ names: String...) -> MigrationFolder {
        MigrationFolder(
            tool: "drizzle", rule: .watermark,
            entries: names.enumerated().map { index, name in
                .init(name: name, hash: "hash\(index + 1)", stamp: stamp(of: index + 1), statementCount: 1)
            })
    }

    /// The history with the first migrations of such a folder.
    public static func drizzleHistory(rows: Int) -> HistoryTable {
        HistoryTable(
            tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400,
            entries: .read(
                (0..<rows).map { HistoryEntry(key: String($0 + 1), hash: "hash\($0 + 1)", stamp: stamp(of: $0 + 1)) }))
    }

    private static func stamp(of row: Int) -> Int64 { 1_760_000_000_000 + Int64(row) * 86_400_000 }

    /// The migrator begins, and its statement is running.
    public mutating func beginDrizzle(
        _ pid: Int32 = 100, user: String = "deploy", _ statement: String = "ALTER TABLE orders ADD COLUMN note text",
        transactionID: UInt64 = 900
    ) {
        connect(pid, user: user)
        run(pid, "begin")
        finish(pid, inTransaction: true)
        run(pid, statement, transactionID: transactionID)
        hold(pid, .accessExclusive, on: "public.orders")
    }

    /// Its statement ends, it notes the migration in the history, and commits.
    public mutating func commitDrizzle(_ pid: Int32 = 100, rows: Int, transactionID: UInt64 = 900) {
        finish(pid, inTransaction: true)
        run(pid, #"insert into "drizzle"."__drizzle_migrations" ("hash","created_at") values ($1, $2)"#)
        finish(pid, inTransaction: true)
        run(pid, "commit")
        finish(pid)
        fates[transactionID] = .committed
        history = [Self.drizzleHistory(rows: rows)]
    }

    /// Its statement fails, and it rolls back.
    public mutating func failDrizzle(_ pid: Int32 = 100, transactionID: UInt64 = 900) {
        finish(pid, inTransaction: true, failed: true)
        run(pid, "rollback")
        finish(pid)
        fates[transactionID] = .aborted
    }
}
