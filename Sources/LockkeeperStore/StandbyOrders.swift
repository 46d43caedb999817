public import LockkeeperCore

/// Of which targets another agent tells people, and what has changed of that.
public struct StandbyOrders: Sendable, Hashable {
    /// The targets of which another agent tells, all changes included.
    public var following: Set<String>
    /// What has changed, oldest first.
    public var turns: [Turn]

    /// A target of which this agent begins to tell, or no longer tells.
    public struct Turn: Sendable, Hashable {
        public var target: String
        public var tells: Bool
        public var at: Timestamp

        public init(target: String, tells: Bool, at: Timestamp) {
            self.target = target
            self.tells = tells
            self.at = at
        }
    }

    public init(following: Set<String> = [], turns: [Turn] = []) {
        self.following = following
        self.turns = turns
    }
}
