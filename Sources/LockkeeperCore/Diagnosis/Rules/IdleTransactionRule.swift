/// Sessions that are idle in their transactions and in nobody's way yet: the next migration will run into them.
enum IdleTransactionRule {
    static func findings(_ situation: Situation) -> [Finding] {
        (situation.observation?.sessions ?? []).compactMap { session in
            let idle = situation.age(of: session.stateChange)
            guard session.state == .idleInTransaction || session.state == .idleInTransactionAborted,
                idle >= situation.thresholds.idleTransaction, situation.runOfSession[session.pid] == nil,
                // The leader of a parallel dump is idle for as long as its workers copy.
                !session.isDump, !situation.isInTheWay(session)
            else { return nil }
            let blocker = situation.blocker(session)
            let tables = situation.locks[session.pid, default: []].filter {
                $0.isGranted && $0.relation?.isTable == true
            }
            .compactMap { $0.relation?.name }
            let held = Set(tables).sorted()
            return situation.finding(
                .idleTransaction, idle >= situation.thresholds.idleTransactionWarning ? .warning : .info,
                database: session.database,
                summary: "pid \(session.pid) has been idle in its transaction for \(idle.readable)",
                evidence: [
                    "It is \(blocker.described(at: situation.now)).",
                    held.isEmpty
                        ? "It keeps whatever locks its transaction took: a migration of the same tables would wait for it, and everyone else behind the migration."
                        : "It keeps locks on \(held.readable(limit: 5)): a migration of these would wait for it, and everyone else behind the migration.",
                ], about: [blocker],
                actions: blocker.removals(cancel: nil) + [
                    .init(
                        "Keep it from happening again",
                        command:
                            "ALTER ROLE \(Self.quoted(session.user)) SET idle_in_transaction_session_timeout = '60s'")
                ], weight: idle.inSeconds)
        }
    }

    /// A name as SQL needs it.
    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}
