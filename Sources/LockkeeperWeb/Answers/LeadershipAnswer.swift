import LockkeeperCore

/// What the agent is among those that watch a target, in the JSON API.
struct LeadershipAnswer: Encodable {
    /// `undecided`, `leading`, `following` or `unknown`.
    let role: String
    /// Whether this agent tells people of the target.
    let tells: Bool
    /// Why it cannot be known who leads.
    let reason: String?
    /// Who leads instead.
    let leader: LeaderAnswer?

    struct LeaderAnswer: Encodable {
        let pid: Int32
        let applicationName: String
        let clientAddress: String?
    }

    init(_ role: LeadershipRole) {
        self.role = role.label
        tells = role.tells
        reason = if case .unknown(let reason) = role { reason } else { nil }
        leader =
            if case .following(let holder?) = role {
                LeaderAnswer(
                    pid: holder.pid, applicationName: holder.applicationName, clientAddress: holder.clientAddress)
            } else {
                nil
            }
    }
}
