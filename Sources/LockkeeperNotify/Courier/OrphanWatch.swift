public import LockkeeperCore

/// Decides when deliveries are given up whose receiver is no longer configured.
///
/// A receiver may be missing by a mistake in the configuration that is corrected soon, so its deliveries are kept for a time. It
/// counts from when this process first saw them without a receiver: not from when they were planned, which may be long before the
/// mistake.
public struct OrphanWatch: Sendable, Hashable {
    private let keepsFor: Duration
    private let looksEvery: Duration
    private var missingSince: [String: Timestamp] = [:]

    public struct Verdict: Sendable, Hashable {
        /// The receivers whose deliveries are to be given up now, in order of their names.
        public var abandon: [String]
        /// When to look again.
        public var lookAgainAt: Timestamp

        public init(abandon: [String], lookAgainAt: Timestamp) {
            self.abandon = abandon
            self.lookAgainAt = lookAgainAt
        }
    }

    public init(policy: CourierPolicy = CourierPolicy()) {
        self.keepsFor = policy.keepsOrphansFor
        self.looksEvery = policy.looksForOrphansEvery
    }

    /// - Parameters:
    ///   - pending: the receivers for which something is pending.
    ///   - configured: the receivers that there are.
    public mutating func look(pending: Set<String>, configured: Set<String>, at now: Timestamp) -> Verdict {
        let orphaned = pending.subtracting(configured)
        missingSince = missingSince.filter { orphaned.contains($0.key) }
        for receiver in orphaned where missingSince[receiver] == nil { missingSince[receiver] = now }
        let overdue = missingSince.filter { $0.value + keepsFor <= now }.keys.sorted()
        for receiver in overdue { missingSince[receiver] = nil }
        let next = missingSince.values.min().map { $0 + keepsFor } ?? now + looksEvery
        return Verdict(abandon: overdue, lookAgainAt: min(next, now + looksEvery))
    }

    /// What is written into the deliveries that are given up.
    public static func reason(receiver: String, keptFor: Duration) -> String {
        "no receiver \(receiver) has been configured for \(keptFor.components.seconds / 3600) h"
    }
}
