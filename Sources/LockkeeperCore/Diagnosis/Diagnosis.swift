/// Says what is going on on a target: a pure function of what is known of it.
///
/// A table of rules, each of which sees one kind of trouble and yields a finding for each case of it. What is long but healthy is
/// said to be so: people kill healthy migrations.
public enum Diagnosis {
    /// One kind of trouble.
    typealias Rule = @Sendable (Situation) -> [Finding]

    /// The most findings of one verdict: a server with a thousand invalid indexes has one trouble.
    static let limit = 10

    static let rules: [Rule] = [
        RunRule.findings, LastRunRule.findings, PartialMigrationRule.findings, SkippedMigrationRule.findings,
        LockQueueRule.findings, IdleTransactionRule.findings, LongTransactionRule.findings,
        PreparedTransactionRule.findings, AdvisoryLockRule.findings, OrphanRule.findings, BackupRule.findings,
        OldSnapshotRule.findings, TransactionIDAgeRule.findings, ReplicationRule.findings, ArchiverRule.findings,
        InvalidIndexRule.findings, NotValidatedConstraintRule.findings, DeadlockRule.findings, SlowdownRule.findings,
        BlindSpotRule.findings,
    ]

    /// The findings, the severest first, and among equals the weightiest.
    public static func findings(in situation: Situation) -> [Finding] {
        let all = rules.flatMap { $0(situation) }.sorted { first, second in
            // By all that is shown in the end, so that the same situation always reads the same.
            if first.severity != second.severity { return first.severity > second.severity }
            if first.weight != second.weight { return first.weight > second.weight }
            return (first.verdict.rawValue, first.summary) < (second.verdict.rawValue, second.summary)
        }
        var counts: [Verdict: Int] = [:]
        return all.filter { finding in
            counts[finding.verdict, default: 0] += 1
            return counts[finding.verdict, default: 0] <= limit
        }
    }
}
