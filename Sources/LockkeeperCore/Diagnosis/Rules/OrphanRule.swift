/// Sessions in a run's way whose clients are gone. Runs that have lost their own are told of with the run.
enum OrphanRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.processes.orphans.compactMap { identity, evidence in
            guard situation.runOfSession[identity.pid] == nil, let session = situation.sessions[identity.pid],
                session.identity == identity
            else { return nil }
            let blocker = situation.blocker(session)
            let victims = situation.graph.victims(of: [session.pid])
            return situation.finding(
                .orphan, .warning, database: session.database,
                summary: "pid \(session.pid) has lost its client and goes on",
                evidence: ["\(evidence.first?.uppercased() ?? "")\(evidence.dropFirst()).".replacing("..", with: ".")]
                    + [
                        "It is \(blocker.described(at: situation.now)), and holds up \(victims.count.readable("session"))."
                    ],
                about: [blocker],
                actions: [
                    .init(
                        "End it: nobody is there to take its answer",
                        command: "SELECT pg_terminate_backend(\(session.pid))"),
                    .init(
                        "For next time: from PostgreSQL 14 on the server notices a lost client by itself if told to",
                        command: "ALTER SYSTEM SET client_connection_check_interval = '10s'"),
                ], weight: Finding.weight(sessions: victims.count, lasting: situation.age(of: session.transactionStart))
            )
        }
    }
}
