public import PromQL

/// One alert: a rule, and the labels of what it is about. A value that can be stored and restored.
public struct AlertInstance: Sendable, Hashable {
    /// Where an alert is in its life.
    public enum State: String, Sendable, Hashable, Codable {
        /// The condition holds, but not yet for as long as the rule wants.
        case pending
        /// It counts.
        case firing
        /// It is over; kept for a while so that everybody is told.
        case resolved
    }

    /// Why an alert keeps its state although nobody knows whether its condition still holds.
    public enum FreezeReason: String, Sendable, Hashable, Codable {
        /// What it is about cannot be observed.
        case targetUnreachable
        /// Its rule could not be evaluated.
        case evaluationFailed
        /// Since the restart there are not yet enough samples for the range that its rule looks back on.
        case warmingUp
    }

    /// The rule it came from.
    public let rule: RuleIdentity
    /// What identifies it; `alertname` is among them.
    public let labels: Labels
    /// Texts for people, filled in at the last evaluation at which the condition held.
    public internal(set) var annotations: [String: String]
    /// Where it is in its life.
    public internal(set) var state: State
    /// When the condition began to hold.
    public internal(set) var activeAt: Timestamp
    /// When it began to fire; nil while it is pending.
    public internal(set) var firedAt: Timestamp?
    /// When it was over.
    public internal(set) var resolvedAt: Timestamp?
    /// Since when the condition no longer holds while it fires on because of `keep_firing_for`.
    public internal(set) var keepFiringSince: Timestamp?
    /// Why its state stands still; nil when it does not.
    public internal(set) var freeze: FreezeReason?
    private var number: StorableNumber

    /// What the rule's expression gave when the condition last held.
    public internal(set) var value: Double {
        get { number.value }
        set { number = StorableNumber(value: newValue) }
    }

    /// Its state stands still, because nothing is known.
    public var isFrozen: Bool { freeze != nil }

    /// Pending or firing.
    public var isActive: Bool { state != .resolved }

    /// The alert's name.
    public var name: String { rule.name }

    /// An alert as it stands, for example one read from a store.
    public init(
        rule: RuleIdentity, labels: Labels, annotations: [String: String] = [:], state: State, activeAt: Timestamp,
        firedAt: Timestamp? = nil, resolvedAt: Timestamp? = nil, keepFiringSince: Timestamp? = nil, value: Double,
        freeze: FreezeReason? = nil
    ) {
        self.rule = rule
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.activeAt = activeAt
        self.firedAt = firedAt
        self.resolvedAt = resolvedAt
        self.keepFiringSince = keepFiringSince
        self.freeze = freeze
        number = StorableNumber(value: value)
    }

    /// True when it stands where the other stands; value and annotations, which may change each second, aside.
    public func hasSameState(as other: AlertInstance) -> Bool {
        rule == other.rule && labels == other.labels && state == other.state && activeAt == other.activeAt
            && firedAt == other.firedAt && resolvedAt == other.resolvedAt
            && keepFiringSince == other.keepFiringSince && freeze == other.freeze
    }
}

extension AlertInstance: Codable {
    private enum CodingKeys: String, CodingKey {
        case rule, labels, annotations, state, activeAt, firedAt, resolvedAt, keepFiringSince, freeze
        case number = "value"
    }
}
