/// How a folder of migrations and a database's history differ, by the tool's own rule.
public struct PendingMigrations: Sendable, Hashable, Codable {
    /// In the folder and in the history, also those whose file has changed since.
    public var applied: [MigrationFolder.Entry]
    /// What the tool applies when it runs next, in its order.
    public var pending: [MigrationFolder.Entry]
    /// What the tool passes over in silence: not in the history, and older than its newest row.
    public var skipped: [MigrationFolder.Entry]
    /// Applied, but the file is not what it was then.
    public var drifted: [Drift]
    /// Rows that nothing in the folder explains: another branch's migrations, or deleted files.
    public var unexplained: [HistoryEntry]

    /// A migration whose file was edited after it had been applied.
    public struct Drift: Sendable, Hashable, Codable {
        public var entry: MigrationFolder.Entry
        /// SHA-256 in hex of the file as it was applied.
        public var appliedHash: String

        public init(entry: MigrationFolder.Entry, appliedHash: String) {
            self.entry = entry
            self.appliedHash = appliedHash
        }
    }

    public init(
        applied: [MigrationFolder.Entry] = [], pending: [MigrationFolder.Entry] = [],
        skipped: [MigrationFolder.Entry] = [], drifted: [Drift] = [], unexplained: [HistoryEntry] = []
    ) {
        self.applied = applied
        self.pending = pending
        self.skipped = skipped
        self.drifted = drifted
        self.unexplained = unexplained
    }

    /// Compares by the folder's rule.
    ///
    /// - Parameter isHistoryComplete: whether `rows` is the whole history. If it is not, entries stamped before its oldest row count as
    ///   applied.
    public static func compare(
        _ folder: MigrationFolder, with rows: [HistoryEntry], isHistoryComplete: Bool = true
    ) -> PendingMigrations {
        let partners = partners(in: folder, rows: rows)
        let horizon = isHistoryComplete ? nil : rows.compactMap(\.stamp).min()
        let watermark = watermark(of: rows)
        var result = PendingMigrations()
        for (index, entry) in folder.entries.enumerated() {
            let row = partners[index].map { rows[$0] }
            if let row, let then = row.hash, let now = entry.hash, then != now {
                result.drifted.append(Drift(entry: entry, appliedHash: then))
            }
            if isPending(entry, row: row, rule: folder.rule, watermark: watermark, horizon: horizon) {
                result.pending.append(entry)
            } else if row != nil || isBefore(entry, horizon) {
                result.applied.append(entry)
            } else if folder.rule == .watermark, entry.stamp != nil {
                result.skipped.append(entry)
            }
            // What has no stamp and no row is in no list: a journal that cannot be read stops Drizzle altogether.
        }
        let explained = Set(partners.compactMap(\.self))
        result.unexplained = rows.indices.filter { !explained.contains($0) }.map { rows[$0] }
        return result
    }

    private static func isPending(
        _ entry: MigrationFolder.Entry, row: HistoryEntry?, rule: MigrationFolder.Rule, watermark: Int64?,
        horizon: Int64?
    ) -> Bool {
        switch rule {
        case .name:
            return row == nil && !isBefore(entry, horizon)
        case .watermark:
            guard let stamp = entry.stamp else { return false }
            guard let watermark else { return true }
            // Even with a row of the same hash: a journal stamped anew is applied again.
            return stamp > watermark
        }
    }

    private static func isBefore(_ entry: MigrationFolder.Entry, _ horizon: Int64?) -> Bool {
        guard let horizon, let stamp = entry.stamp else { return false }
        return stamp < horizon
    }

    /// The `created_at` that Drizzle 0.x compares with: that of the row which `ORDER BY created_at DESC LIMIT 1` finds; `nil` without rows.
    private static func watermark(of rows: [HistoryEntry]) -> Int64? {
        guard !rows.isEmpty else { return nil }
        // PostgreSQL sorts NULL first in descending order, and JavaScript's Number(null) is 0: then everything is applied again.
        if rows.contains(where: { $0.stamp == nil }) { return 0 }
        return rows.compactMap(\.stamp).max()
    }

    /// For each entry of the folder the row that stands for it. A row stands for one entry: the surest partners find each other first.
    private static func partners(in folder: MigrationFolder, rows: [HistoryEntry]) -> [Int?] {
        var partners = [Int?](repeating: nil, count: folder.entries.count)
        var free = Array(rows.indices)
        func pair(_ belong: (MigrationFolder.Entry, HistoryEntry) -> Bool) {
            for (index, entry) in folder.entries.enumerated() where partners[index] == nil {
                guard let position = free.firstIndex(where: { belong(entry, rows[$0]) }) else { continue }
                partners[index] = free.remove(at: position)
            }
        }
        if folder.rule == .name { pair { entry, row in row.name == entry.name } }
        // A row that has a name belongs to that name alone.
        func isNameless(_ row: HistoryEntry) -> Bool { folder.rule == .watermark || row.name == nil }
        pair { entry, row in
            isNameless(row) && folder.isStamped(entry, as: row) && entry.hash != nil && entry.hash == row.hash
        }
        pair { entry, row in isNameless(row) && folder.isStamped(entry, as: row) }
        pair { entry, row in isNameless(row) && entry.hash != nil && entry.hash == row.hash }
        return partners
    }
}
