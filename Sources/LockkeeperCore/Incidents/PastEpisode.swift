/// The newest life that an incident's key had and that is over: the next one gets a higher number.
public struct PastEpisode: Sendable, Hashable {
    public var number: Int
    public var closedAt: Timestamp

    public init(number: Int, closedAt: Timestamp) {
        self.number = number
        self.closedAt = closedAt
    }

    /// The newest of each key. One that is not over yet counts from when it was opened.
    public static func newest(of incidents: some Sequence<Incident>) -> [String: PastEpisode] {
        Dictionary(
            incidents.map { ($0.key, PastEpisode(number: $0.episode, closedAt: $0.closedAt ?? $0.openedAt)) },
            uniquingKeysWith: { $0.number >= $1.number ? $0 : $1 })
    }
}
