/// What a run that did not succeed has left in the database, or taken back, besides what its tool's history says.
public struct PartialWork: Sendable, Hashable, Codable {
    /// How many changes of the schema are committed for which no entry of the history stands: transactions of it, each of them one
    /// statement where it was in none.
    public var unrecordedCommits: Int
    /// How many migrations were done within the transaction that was rolled back, by the gap in the sequence of the history's keys.
    public var rolledBackMigrations: Int

    public init(unrecordedCommits: Int = 0, rolledBackMigrations: Int = 0) {
        self.unrecordedCommits = unrecordedCommits
        self.rolledBackMigrations = rolledBackMigrations
    }

    /// Whether the schema is neither as it was before the migration nor as the migration should have left it.
    public var isAppliedInPart: Bool { unrecordedCommits > 0 }

    /// A sentence each, for people.
    var evidence: [String] {
        var evidence: [String] = []
        if unrecordedCommits > 0 {
            let verb = unrecordedCommits == 1 ? "is" : "are"
            evidence.append(
                "\(unrecordedCommits.readable("change")) of the schema before that \(verb) committed and there to stay, with no entry in a history: the migration is applied in part."
            )
        }
        if rolledBackMigrations > 0 {
            let verb = rolledBackMigrations == 1 ? "was" : "were"
            evidence.append(
                "\(rolledBackMigrations.readable("migration")) of it \(verb) done already and rolled back with it, as the gap in the keys of its history tells."
            )
        }
        return evidence
    }
}

extension TrackedRun {
    /// - Parameter isHistoryKnown: whether the history of its tool was read after its end, or it has none.
    /// - Returns: `nil` for a run that has succeeded, or of which nothing is known to be half done.
    func partialWork(isHistoryKnown: Bool) -> PartialWork? {
        switch (run.outcome, transactions.max { $0.start < $1.start }) {
        case (.failed, _), (.cancelled, _): break
        case (.lost, let last?) where last.isRolledBack || last.fate == .committed: break
        default: return nil
        }
        let work = PartialWork(
            unrecordedCommits: isHistoryKnown ? unrecordedCommits.count : 0, rolledBackMigrations: rolledBackMigrations)
        return work == PartialWork() ? nil : work
    }

    /// Changes of the schema that are committed, later than the last transaction that wrote an entry of the history: what was before that one
    /// is what the entry stands for, also where a migration had no transaction.
    private var unrecordedCommits: [TrackedTransaction] {
        let writers = Set(newEntries.compactMap(\.transactionID))
        let recorded = transactions.filter { transaction in
            transaction.transactionID.map { writers.contains(UInt32(truncatingIfNeeded: $0)) } ?? false
        }.map(\.start).max()
        // Which of the changes the entries stand for cannot be told then.
        if recorded == nil, newEntries.contains(where: { $0.state == .applied }) { return [] }
        return transactions.filter { transaction in
            transaction.changedSchema == true && transaction.fate == .committed
                && recorded.map { transaction.start > $0 } ?? true
        }
    }

    /// A sequence does not go back with a transaction.
    private var rolledBackMigrations: Int {
        guard let sequence, sequence.value > sequence.before, transactions.contains(where: \.isRolledBack) else {
            return 0
        }
        let counted = Int(clamping: sequence.value - sequence.before)
        // A sequence that somebody else has moved tells nothing.
        guard run.migrations.isEmpty || counted <= run.migrations.count else { return 0 }
        return max(0, counted - newEntries.count { $0.state == .applied })
    }
}
