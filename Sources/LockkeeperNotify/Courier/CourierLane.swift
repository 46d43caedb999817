public import LockkeeperCore

/// Decides what is to be done next for one receiver.
///
/// One attempt is under way at a time, so that messages arrive in order and a receiver in trouble is not pressed. A delivery that
/// fails waits by its own backoff while others pass it, except the later ones of its incident. When a receiver fails whatever it is
/// sent, it is only probed, and once it answers everything that waited for it is due at once.
///
/// The struct only decides. Whoever drives it asks `next(at:)`, does that, and reports back by the method named there.
public struct CourierLane: Sendable, Hashable {
    public let receiver: String
    private let policy: CourierPolicy
    private var stage: Stage = .resuming
    /// Why the receiver is left in peace.
    private var pause: Pause?
    /// Why the outbox is.
    private var outboxPause: Pause?
    /// Attempts in a row, of any delivery, after which another try was worth making.
    private var failures = 0
    private var outboxFailures = 0

    public enum Action: Sendable, Hashable {
        /// Have the outbox make everything due, and ask it until when the receiver wants to be left in peace; then `resumed(…)`. It is the
        /// first thing, and again with another configuration: why the receiver could not be told may be over.
        case resume
        /// Ask the outbox what is due; then `looked(found:nextDue:)`.
        case look
        /// Have the outbox make everything due; then `expedited()`.
        case expedite
        /// Begin the delivery in the outbox, send it, then `answered(_:_:at:jitter:)`; or `vanished()` if it is no longer pending.
        case attempt(Delivery)
        /// Store it; then `recorded()`.
        case record(Settlement)
        /// Do nothing until a time, or until something is planned or configured; then `woken()`.
        case wait(until: Timestamp?, because: WaitReason)
    }

    public enum WaitReason: String, Sendable, Hashable, CaseIterable {
        case nothingPending = "nothing_pending"
        /// All that is pending waits by its own backoff.
        case nothingDue = "nothing_due"
        /// The receiver said when to come back (`Retry-After`).
        case receiverAsked = "receiver_asked"
        /// The receiver fails, and is only probed.
        case receiverFails = "receiver_fails"
        /// The receiver takes only so many messages in a time.
        case pace
        /// The outbox cannot be read or written.
        case outboxFails = "outbox_fails"
    }

    private enum Stage: Sendable, Hashable {
        case resuming
        case looking
        case expediting
        case found(Delivery)
        /// Something was sent, and what came of it is not stored yet.
        case unrecorded(Settlement, then: AfterRecording)
        case idle(nextDue: Timestamp?)
    }

    private enum AfterRecording: Sendable, Hashable {
        case look, expedite, resume
    }

    private struct Pause: Sendable, Hashable {
        var begin: Timestamp
        var end: Timestamp
        var reason: WaitReason

        /// One that would begin in the future was made before the clock was set back; it is over, or it could last for hours.
        func lasts(at now: Timestamp) -> Bool { begin <= now && now < end }
    }

    public init(receiver: String, policy: CourierPolicy = CourierPolicy()) {
        self.receiver = receiver
        self.policy = policy
    }

    /// Whether something was sent whose end is not stored: the lane must not be dropped before that is tried.
    public var hasUnrecorded: Bool {
        if case .unrecorded = stage { true } else { false }
    }

    /// What is to be done now.
    public mutating func next(at now: Timestamp) -> Action {
        if let pause, !pause.lasts(at: now) { self.pause = nil }
        if let outboxPause, outboxPause.lasts(at: now) {
            return .wait(until: outboxPause.end, because: outboxPause.reason)
        }
        outboxPause = nil
        switch stage {
        case .resuming:
            return .resume
        case .unrecorded(let settlement, _):
            return .record(settlement)
        case .expediting:
            return .expedite
        case .found(let delivery):
            return .attempt(delivery)
        case .looking:
            if let pause { return .wait(until: pause.end, because: pause.reason) }
            return .look
        case .idle(let nextDue):
            guard let nextDue else { return .wait(until: nil, because: .nothingPending) }
            guard nextDue <= now else { return .wait(until: nextDue, because: .nothingDue) }
            stage = .looking
            return next(at: now)
        }
    }

    /// Everything that waited is due.
    ///
    /// - Parameter end: until when the receiver wants to be left in peace, by what it said to an earlier process.
    public mutating func resumed(pausedUntil end: Timestamp?, at now: Timestamp) {
        outboxFailures = 0
        if let end, end > now {
            // One from before the clock was set back must not last longer than what is honoured.
            pause = Pause(begin: now, end: min(end, now + policy.longestRetryAfter), reason: .receiverAsked)
        }
        stage = .looking
    }

    /// The outbox has answered.
    ///
    /// - Parameters:
    ///   - delivery: the most urgent one that is due; `nil` if there is none.
    ///   - nextDue: when the next one is due if none is; `nil` if none is pending.
    public mutating func looked(found delivery: Delivery?, nextDue: Timestamp?) {
        outboxFailures = 0
        stage = delivery.map(Stage.found) ?? .idle(nextDue: nextDue)
    }

    /// Everything that waited is due.
    public mutating func expedited() {
        outboxFailures = 0
        stage = .looking
    }

    /// The delivery to attempt was no longer pending.
    public mutating func vanished() {
        outboxFailures = 0
        stage = .looking
    }

    /// An attempt has ended.
    ///
    /// - Parameters:
    ///   - delivery: as the outbox gave it when the attempt was begun, `attempts` counting it.
    ///   - jitter: a random number from 0 to 1.
    ///   - pace: how long the receiver wants to be left in peace after each attempt, whatever came of it.
    public mutating func answered(
        _ delivery: Delivery, _ outcome: DeliveryOutcome, at now: Timestamp, jitter: Double, pace: Duration = .zero
    ) {
        outboxFailures = 0
        if pace > .zero { pause = Pause(begin: now, end: now + pace, reason: .pace) }
        var delivery = delivery
        let reason: Settlement.Reason
        var pausedUntil: Timestamp?
        var next = AfterRecording.look
        switch outcome {
        case .delivered, .opened:
            if case .opened(let reference) = outcome { delivery.reference = reference }
            delivery.status = .delivered
            delivery.finishedAt = now
            delivery.lastError = nil
            reason = .delivered
            next = receiverAnswers()
        case .permanent(let error, let accepted):
            delivery.status = .failed
            delivery.finishedAt = now
            delivery.lastError = error
            delivery.accept(accepted)
            reason = .refused
            next = receiverAnswers()
        case .retry(let after, let error, let isAmbiguous, let accepted):
            failures += 1
            let backoff = policy.retries.delay(after: delivery.attempts, jitter: jitter)
            let wish = after.map { min(max(.zero, $0), policy.longestRetryAfter) }
            delivery.nextAttemptAt = now + max(backoff, wish ?? .zero)
            delivery.lastError = isAmbiguous ? "\(error) (it may have arrived)" : error
            delivery.accept(accepted)
            reason = .willRetry(wish.map { $0 > backoff } == true ? .receiverAsked : .backoff)
            let excess = failures - policy.failuresOfAFailingReceiver + 1
            if let wish, wish > .zero {
                // A receiver that limits its rate means all messages, not this one.
                pause = Pause(begin: now, end: now + max(wish, pace), reason: .receiverAsked)
                pausedUntil = now + wish
            } else if excess > 0 {
                let probe = policy.probes.delay(after: excess, jitter: jitter)
                pause = Pause(begin: now, end: now + probe, reason: .receiverFails)
            }
        }
        stage = .unrecorded(Settlement(delivery: delivery, reason: reason, pausedUntil: pausedUntil), then: next)
    }

    /// What an attempt came to is stored.
    public mutating func recorded() {
        outboxFailures = 0
        guard case .unrecorded(_, let next) = stage else { return }
        switch next {
        case .look: stage = .looking
        case .expedite: stage = .expediting
        case .resume: stage = .resuming
        }
    }

    /// The outbox could not be read or written. What was to be done is done again after a while; nothing is sent again.
    ///
    /// - Parameter jitter: a random number from 0 to 1.
    public mutating func outboxFailed(at now: Timestamp, jitter: Double) {
        outboxFailures += 1
        if case .found = stage { stage = .looking }
        let delay = policy.outboxRetries.delay(after: outboxFailures, jitter: jitter)
        outboxPause = Pause(begin: now, end: now + delay, reason: .outboxFails)
    }

    /// Something may have been planned, or a wait is over.
    public mutating func woken() {
        if case .idle = stage { stage = .looking }
    }

    /// The receiver's configuration has changed: what failed by the old one is tried by the new one at once. Only a wait that the
    /// receiver itself asked for goes on.
    public mutating func reconfigured() {
        failures = 0
        if pause?.reason == .receiverFails { pause = nil }
        switch stage {
        case .unrecorded(let settlement, _): stage = .unrecorded(settlement, then: .resume)
        case .resuming, .looking, .expediting, .found, .idle: stage = .resuming
        }
    }

    private mutating func receiverAnswers() -> AfterRecording {
        let wasFailing = failures >= policy.failuresOfAFailingReceiver
        failures = 0
        return wasFailing ? .expedite : .look
    }
}

extension Delivery {
    fileprivate mutating func accept(_ recipients: [String]) {
        acceptedRecipients += recipients.filter { !acceptedRecipients.contains($0) }
    }
}
