public import LockkeeperCore

/// Decides what to do next to find out whether this agent leads, and what it is.
///
/// The struct only decides. Whoever drives it asks `next(at:)`, does that, and reports back by the method named there. Times are the
/// monotonic clock's.
public struct LeadershipState: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public private(set) var role = LeadershipRole.undecided
    private let policy: LeadershipPolicy
    private var line: Line
    private var retries: Backoff
    /// When it was last known who leads, or when all began.
    private var answeredAt: Instant
    private var asksForHolderAt: Instant?

    private enum Line: Sendable {
        /// Not to be tried before that time.
        case closed(until: Instant)
        case open(askAt: Instant)
    }

    public enum Action: Sendable, Hashable {
        /// Open a session; then `connected(through:at:)` or `failed(_:isOpen:at:random:)`.
        case connect
        /// Try to take the lock; then `answered(isOurs:at:)`, `refused(_:at:)` or `failed(_:isOpen:at:random:)`.
        case ask
        /// Ask who has it; then `found(_:at:)` or `failed(_:isOpen:at:random:)`.
        case findHolder
        /// Do nothing until that time.
        case wait(until: Instant)
    }

    public init(policy: LeadershipPolicy = LeadershipPolicy(), at now: Instant) {
        self.policy = policy
        retries = policy.retries
        line = .closed(until: now)
        answeredAt = now
    }

    public mutating func next(at now: Instant) -> Action {
        switch line {
        case .closed(let until):
            loseTrust(because: "the target has not answered", at: now)
            if until <= now { return .connect }
            return .wait(until: role.tells ? until : min(until, answeredAt + policy.patience))
        case .open(let askAt):
            if askAt <= now { return .ask }
            if let asksForHolderAt, asksForHolderAt <= now { return .findHolder }
            return .wait(until: askAt)
        }
    }

    /// A session is open.
    ///
    /// - Parameter pooler: what stands in between, if anything does.
    /// - Returns: whether to keep it. A pooler lends a server process to others, with all locks that it holds: nothing may be taken there.
    public mutating func connected(through pooler: String?, at now: Instant) -> Bool {
        if let pooler {
            refused("a pooler is in front (\(pooler)), behind which no lock can be kept: connect directly", at: now)
            return false
        }
        line = .open(askAt: now)
        return true
    }

    public mutating func answered(isOurs: Bool, at now: Instant) {
        retries.succeed()
        answeredAt = now
        line = .open(askAt: now + policy.pace)
        if isOurs {
            role = .leading
            asksForHolderAt = nil
        } else if case .following = role {
        } else {
            role = .following(nil)
            asksForHolderAt = now
        }
    }

    public mutating func found(_ holder: LockHolder?, at now: Instant) {
        guard case .following(let known) = role else { return }
        // One that is gone meanwhile is soon followed by us or by another.
        role = .following(holder ?? known)
        asksForHolderAt = now + (holder == nil ? policy.pace : policy.asksForHolderEvery)
    }

    /// The lock cannot be had there, now or later; the session is to be closed.
    public mutating func refused(_ reason: String, at now: Instant) {
        role = .unknown(reason: reason)
        line = .closed(until: now + policy.refusedPace)
        asksForHolderAt = nil
    }

    /// Nothing could be found out this time.
    ///
    /// - Parameters:
    ///   - isOpen: whether the session can still be used.
    ///   - random: from 0 up to 1, by chance.
    public mutating func failed(_ reason: String, isOpen: Bool, at now: Instant, random: Double) {
        let retry = now + retries.fail(random: random)
        switch role {
        case .leading:
            // The lock goes with the session, sooner or later: from now on another may lead.
            role = .unknown(reason: reason)
            line = isOpen ? .open(askAt: now + policy.pace) : .closed(until: max(retry, now + policy.holdsBackFor))
        case .unknown:
            role = .unknown(reason: reason)
            line = isOpen ? .open(askAt: now + policy.pace) : closed(atLeastAsBefore: retry)
        case .undecided, .following:
            line = isOpen ? .open(askAt: now + policy.pace) : .closed(until: retry)
            loseTrust(because: reason, at: now)
        }
        asksForHolderAt = nil
    }

    private func closed(atLeastAsBefore retry: Instant) -> Line {
        if case .closed(let until) = line { .closed(until: max(until, retry)) } else { .closed(until: retry) }
    }

    /// One that follows stays silent only while it has heard lately that there is somebody to follow: what keeps the server from answering
    /// may be just what people must be told.
    private mutating func loseTrust(because reason: String, at now: Instant) {
        guard !role.tells, now >= answeredAt + policy.patience else { return }
        role = .unknown(reason: reason)
    }
}
