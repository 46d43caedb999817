extension ProcessQuestion {
    /// The most sessions that are asked about at a time: a queue may have hundreds of blockers at its root.
    private static let limit = 32

    /// The sessions of open runs, and then those in their way, that are in the newest observation.
    static func about(_ runs: [MigrationRun], in observation: Observation) -> [ProcessQuestion] {
        guard !runs.isEmpty else { return [] }
        let clients = observation.sessions.filter { $0.backendType == "client backend" }
        let port = observation.server.port
        let tools = Dictionary(
            runs.flatMap { run in run.sessions.map { ($0, run.tool) } }, uniquingKeysWith: { first, _ in first })
        let blockers = Set(runs.flatMap { $0.standing.rootBlockers.map(\.pid) })
        let ours = clients.compactMap { session in
            tools[session.identity].map { ProcessQuestion(session, tool: $0, serverPort: port) }
        }
        let inTheWay = clients.filter { tools[$0.identity] == nil && blockers.contains($0.pid) }
            .map { ProcessQuestion($0, tool: nil, serverPort: port) }
        return Array((ours + inTheWay).prefix(limit))
    }
}
