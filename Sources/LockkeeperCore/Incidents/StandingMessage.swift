/// What a receiver was told last of an incident, for those receivers who must be told again and again.
public struct StandingMessage: Sendable, Hashable {
    /// The newest that was delivered.
    public var delivery: Delivery
    /// The incident's alerts that fire now: some may have begun or ended without a message.
    public var firing: [IncidentAlert]

    public init(delivery: Delivery, firing: [IncidentAlert]) {
        self.delivery = delivery
        self.firing = firing
    }
}
