/// Deadlocks that the server has broken in the last while.
enum DeadlockRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.deadlocks.recent(at: situation.now, within: situation.thresholds.deadlocks).map { database, recent in
            let run = situation.runs.first { $0.database == database }
            return situation.finding(
                .deadlock, .warning, database: database, run: run?.id,
                summary:
                    "\(recent.count.readable("deadlock")) in \(database) in the last \(situation.age(of: recent.since).readable)",
                evidence: [
                    "The server ended one transaction of each with SQLSTATE 40P01, which its client has to try again.",
                    run == nil ? "" : "A migration runs in that database: it may be one side of them.",
                ].filter { !$0.isEmpty },
                actions: [
                    .init("The server's log names the statements of both sides; let all take their locks in one order"),
                    .init(
                        "In a migration take the locks of all its tables first, in the application's order, with lock_timeout set"
                    ),
                ], weight: Double(recent.count))
        }
    }
}
