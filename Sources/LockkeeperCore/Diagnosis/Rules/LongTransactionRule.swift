/// Transactions that are at work for long: a report, a backfill. They are not stuck, but in the way of what comes.
enum LongTransactionRule {
    static func findings(_ situation: Situation) -> [Finding] {
        (situation.observation?.sessions ?? []).compactMap { session in
            let age = situation.age(of: session.transactionStart)
            guard session.backendType == "client backend", session.state == .active,
                age >= situation.thresholds.longTransaction, situation.runOfSession[session.pid] == nil,
                !session.isWaitingForLock, !situation.blocker(session).isDump,
                // Who waits for it is told of with the queue.
                !situation.isInTheWay(session)
            else { return nil }
            let blocker = situation.blocker(session)
            let query = situation.age(of: session.queryStart)
            var evidence = [
                "It is \(blocker.described(at: situation.now)); its query runs for \(query.readable), waits for no lock and holds nobody up."
            ]
            if session.holdsSnapshot {
                evidence.append(
                    "Vacuum cannot remove what it may still see, and CREATE INDEX CONCURRENTLY of any table waits for its end."
                )
            }
            return situation.finding(
                .longTransaction, age >= situation.thresholds.longTransactionWarning ? .warning : .info,
                database: session.database,
                summary: "A transaction of pid \(session.pid) has been open for \(age.readable)", evidence: evidence,
                about: [blocker],
                actions: [
                    .init("It is at work, not stuck: let it end, and start no migration of its tables before"),
                    .init("If nobody needs it, cancel it", command: blocker.remedy),
                ], weight: age.inSeconds)
        }
    }
}
