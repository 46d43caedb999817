/// What cannot be seen: without it, "nothing is wrong" would say too much.
enum BlindSpotRule {
    static func findings(_ situation: Situation) -> [Finding] {
        var findings: [Finding] = []
        if let server = situation.observation?.server {
            if !server.canReadAllStats {
                findings.append(
                    situation.finding(
                        .blindSpot, .warning,
                        summary: "The role \(server.role) may not see what other users' sessions do",
                        evidence: [
                            "Their states, transactions and queries are hidden: most of what goes wrong cannot be seen."
                        ],
                        actions: [
                            .init(
                                "Let it see them, and nothing else",
                                command: "GRANT pg_monitor TO \"\(server.role.replacing("\"", with: "\"\""))\"")
                        ]))
            }
            if let pooler = server.pooler {
                findings.append(
                    situation.finding(
                        .blindSpot, .info, summary: "A pooler is in front of the server: \(pooler)",
                        evidence: ["What belongs to one session, such as a lock, may be handed from client to client."],
                        actions: [.init("Connect directly to see all that the server can tell")]))
            }
        }
        for reading in situation.catalogs where !reading.failures.isEmpty {
            let parts = reading.failures.map { "\($0.key.rawValue): \($0.value.message)" }.sorted()
            findings.append(
                situation.finding(
                    .blindSpot, .info, database: reading.database,
                    summary: "Of database \(reading.database) \(parts.count.readable("part")) could not be read",
                    evidence: parts))
        }
        return findings
    }
}
