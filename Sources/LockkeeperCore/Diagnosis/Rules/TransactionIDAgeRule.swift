/// Databases that are running out of transaction ids: vacuum cannot keep up, or something keeps it from freezing.
///
/// Source: PostgreSQL manual, "Preventing Transaction ID Wraparound Failures".
enum TransactionIDAgeRule {
    static func findings(_ situation: Situation) -> [Finding] {
        (situation.server?.databases ?? []).compactMap { database in
            let age = max(database.transactions, database.multixacts)
            guard age >= situation.thresholds.transactionIDAge else { return nil }
            let used: (TableAge) -> Int64 =
                switch database.scarcer {
                case .transactions: { $0.transactions }
                case .multixacts: { $0.multixacts }
                }
            let tables = (situation.catalogs.first { $0.database == database.database }?.oldestTables ?? [])
                .sorted { used($0) > used($1) }
            let oldest = tables.prefix(3).map { "\($0.table) (\(used($0).readableNumber))" }
            let kind = database.scarcer == .transactions ? "transaction ids" : "multixact ids"
            return situation.finding(
                .transactionIDAge,
                age >= situation.thresholds.transactionIDAgeCritical ? .critical : .warning,
                database: database.database,
                summary: "Database \(database.database) has used \(age.readableNumber) of 2147 million \(kind)",
                evidence: [
                    "At 2147 million the server refuses to write, until the oldest tables have been vacuumed.",
                    oldest.isEmpty ? "" : "The oldest tables: \(oldest.joined(separator: ", ")).",
                ].filter { !$0.isEmpty },
                actions: [
                    .init(
                        "Vacuum the oldest table, outside of any transaction",
                        command: tables.first.map { "VACUUM (FREEZE, VERBOSE) \($0.table)" }),
                    .init(
                        "See to old transactions, prepared transactions and slots first: they keep vacuum from freezing"
                    ),
                ], weight: Double(age))
        }
    }
}
