/// The sessions of an observation, to be found by their process ids: made once for each, since copying sessions costs more than finding them.
struct SessionTable: Sendable {
    private let sessions: [Session]
    private let places: [Int32: Int]

    init(_ sessions: [Session]) {
        self.sessions = sessions
        places = Dictionary(
            sessions.indices.map { (sessions[$0].pid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(pid: Int32) -> Session? { places[pid].map { sessions[$0] } }

    /// `nil` also if the process id is another session's by now.
    subscript(identity: SessionIdentity) -> Session? {
        self[identity.pid].flatMap { $0.identity == identity ? $0 : nil }
    }
}
