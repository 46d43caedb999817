/// What a run's standing says of the process at the other end of its session. It changes rarely, as everything in a standing does: figures
/// are those of the last noteworthy change.
public struct ClientSighting: Sendable, Hashable, Codable {
    /// For people: `node (pid 1234), sleeping, 3 s CPU, 120 MiB`, or why it is taken to be gone.
    public var text: String
    /// Since when it is known to be gone, by the agent's clock; `nil` while it is there.
    public var goneSince: Timestamp?

    public init(text: String, goneSince: Timestamp? = nil) {
        self.text = text
        self.goneSince = goneSince
    }

    public var isGone: Bool { goneSince != nil }
}

extension Standing {
    /// Adds what is known of the clients of the run's sessions: a run none of whose sessions has its client any more is an orphan, whatever
    /// else it does.
    ///
    /// - Parameter sessions: those of the run that are still there.
    mutating func note(_ clients: [SessionIdentity: ClientSighting], of sessions: [Session]) {
        let sightings = sessions.map { clients[$0.identity] }
        client = sightings.compactMap(\.self).first { !$0.isGone } ?? sightings.compactMap(\.self).first
        if !sightings.isEmpty, sightings.allSatisfy({ $0?.isGone == true }) { state = .orphaned }
    }
}
