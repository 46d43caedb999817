/// A change in an alert's life, with its reason.
public struct AlertTransition: Sendable, Hashable {
    /// Why it changed.
    public enum Reason: String, Sendable, Hashable, Codable {
        /// The condition began to hold; the rule wants it to hold for a while.
        case becamePending
        /// The condition has held for as long as the rule wants.
        case fired
        /// The condition no longer holds, and `keep_firing_for` is over.
        case resolved
        /// The condition ceased to hold before the alert fired.
        case vanished
        /// It was firing, but the rule now wants it to hold for longer.
        case demoted
        /// Nothing is known about the condition any more; the state stands still.
        case froze
        /// The condition is known again.
        case thawed
        /// Its rule had more alerts than its group's limit, so all of them were given up.
        case exceededLimit
        /// Its rule is no longer in the rule files.
        case ruleRemoved
    }

    /// The alert as it is after the change; one that is over is `resolved`, a pending one that is gone still `pending`.
    public let alert: AlertInstance
    /// The state before; nil for a new alert.
    public let from: AlertInstance.State?
    /// Why.
    public let reason: Reason
}
