/// Prepared transactions that nobody has finished, and that are in nobody's way yet.
enum PreparedTransactionRule {
    static func findings(_ situation: Situation) -> [Finding] {
        (situation.observation?.preparedTransactions ?? []).compactMap { prepared in
            let age = situation.age(of: prepared.preparedAt)
            guard age >= situation.thresholds.preparedTransaction,
                // One that is in the way is told of with the queue.
                situation.graph.victims(of: [LockOwner.preparedTransaction(prepared.gid)]).isEmpty
            else { return nil }
            let blocker = Blocker(prepared)
            return situation.finding(
                .preparedTransaction, .warning, database: prepared.database,
                summary: "Prepared transaction '\(prepared.gid)' has been waiting for its COMMIT for \(age.readable)",
                evidence: [
                    "It is of \(prepared.owner) in \(prepared.database), prepared at \(prepared.preparedAt.readable).",
                    blocker.peculiarity ?? "", "It holds back the cleanup of rows in all databases.",
                ].filter { !$0.isEmpty }, actions: blocker.removals(cancel: nil), weight: age.inSeconds)
        }
    }
}
