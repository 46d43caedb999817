/// How surely a run wrote an entry of a history table, as far as the transaction tells that wrote the entry's row.
enum Authorship: Sendable, Comparable {
    /// All its transactions were rolled back; or nobody looked when it began or ended, and its transactions are others.
    case impossible
    /// Nothing speaks against it: a migration of it that was over quickly, or a savepoint, has an id of its own.
    case possible
    /// One of its transactions ended without ever showing its id.
    case likely
    /// The row is one of its transactions'.
    case certain
}

extension TrackedRun {
    func authorship(of entry: HistoryEntry) -> Authorship {
        guard let writer = entry.transactionID else { return .possible }
        let ids = transactions.compactMap(\.transactionID).map(UInt32.init(truncatingIfNeeded:))
        if ids.contains(writer) { return .certain }
        // That a migration begins or has failed is noted in a transaction of its own.
        guard entry.state == .applied else { return .possible }
        if transactions.contains(where: { $0.transactionID == nil && !$0.isRolledBack }) { return .likely }
        if transactions.allSatisfy(\.isRolledBack), forgottenCommits == nil { return .impossible }
        if transactions.contains(where: \.endedUnseen) { return .impossible }
        if run.wasUnderwayAtFirstLook, ids.allSatisfy({ Self.precedes(writer, $0) }) { return .impossible }
        return .possible
    }

    /// In the order in which ids are given out, which begins anew after 2³².
    private static func precedes(_ first: UInt32, _ second: UInt32) -> Bool {
        Int32(bitPattern: first &- second) < 0
    }
}
