/// What a receiver makes of the messages that carry the same key.
public enum Correlation: Int, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing: people read each for itself.
    case none = 0
    /// It is given each message, and whoever keeps a state from them knows it by the key: the newest counts.
    case everyMessage = 1
    /// It keeps one state for each key, and what was before is of no use to it.
    case stateOnly = 2
}
