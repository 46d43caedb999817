internal import LockkeeperCore

/// Whether the agent itself does its work: that it looks, that it judges what it sees, that it can keep what it knows.
///
/// A database that is down is no affair of the pulse: looks that fail are looks, and TargetDown tells of them by the receivers. But when
/// no look comes back at all, not even a failed one, then it is the agent that hangs, and none of its alerts can be trusted. Likewise a
/// receiver that fails is NotificationsFailing's: the outbox keeps its messages.
enum AgentPulse: Sendable, Hashable {
    /// Too early to say.
    case starting
    case steady
    /// With one sentence for each thing that is amiss.
    case impaired(reasons: [String])

    /// What the pulse is felt by.
    struct Signs: Sendable, Hashable {
        /// Since the agent was started.
        var age: Duration
        /// Since the rules were last evaluated; `nil`: never.
        var sinceTick: Duration?
        /// Since a look at any target last came back, with whatever result; `nil`: none ever has.
        var sinceLook: Duration?
        /// Why the state cannot be stored; `nil` if it can.
        var storeProblem: String?
        /// How long the rules may take to be evaluated again.
        var tickLimit: Duration
        /// How long all targets together may be without a look.
        var lookLimit: Duration
    }

    init(_ signs: Signs) {
        var reasons: [String] = []
        var isEarly = false
        if signs.sinceTick ?? signs.age > signs.tickLimit {
            reasons.append(
                "the rules have not been evaluated for \((signs.sinceTick ?? signs.age).readable)")
        } else if signs.sinceTick == nil {
            isEarly = true
        }
        if signs.sinceLook ?? signs.age > signs.lookLimit {
            reasons.append("no look at any target has come back for \((signs.sinceLook ?? signs.age).readable)")
        } else if signs.sinceLook == nil {
            isEarly = true
        }
        if let problem = signs.storeProblem { reasons.append("the state cannot be stored: \(problem)") }
        self = reasons.isEmpty ? (isEarly ? .starting : .steady) : .impaired(reasons: reasons)
    }
}
