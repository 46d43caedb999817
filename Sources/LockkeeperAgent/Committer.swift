internal import LockkeeperCore
internal import LockkeeperStore
internal import Logging
internal import Synchronization

/// Stores what the agent's steps change, in their order, and then says so: nothing is sent before it is stored.
///
/// Steps do not wait for the disk. What could not be stored (a full disk) is kept and tried again with what has come since.
final class Committer: Sendable {
    private let store: Store
    private let logger: Logger
    private let committed: @Sendable () -> Void
    private let pending = Mutex(Work())
    private let failure = Mutex<String?>(nil)
    private let superseded = Mutex<[String: Int]>([:])
    /// When the attempt began that is under way.
    private let attempt = Mutex<ContinuousClock.Instant?>(nil)
    /// Until when what is left may be tried, once no more is taken.
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// What is yet to be stored, in one transaction.
    private struct Work: Sendable {
        var change = StateChange()
        /// Kept when the rest has been stored: of which targets another agent tells.
        var standby = StandbyOrders()
        /// Those who wait until what they have brought is stored.
        var waiting: [CheckedContinuation<Bool, Never>] = []
        var isFinished = false

        var isEmpty: Bool { change.isEmpty && standby.turns.isEmpty && waiting.isEmpty }
    }

    /// - Parameter committed: called after each transaction.
    init(store: Store, logger: Logger, committed: @escaping @Sendable () -> Void) {
        self.store = store
        self.logger = logger
        self.committed = committed
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a change. Changes are stored in the order in which they are taken.
    func take(_ change: StateChange) {
        guard !change.isEmpty else { return }
        pending.withLock { $0.change.merge(change) }
        signal.yield()
    }

    /// Holds back what is planned of a target until it is known who tells of it.
    func awaitDecision(on target: String) {
        pending.withLock { _ = $0.standby.following.insert(target) }
    }

    /// Whether another agent tells of a target, or it is not known yet.
    func isFollowing(_ target: String) -> Bool {
        pending.withLock { $0.standby.following.contains(target) }
    }

    /// Says that from now on this agent tells people of a target, or that another does. It counts for all that is not stored yet, and is
    /// stored with it, so that nothing falls between the two.
    func turn(_ target: String, tells: Bool, at now: Timestamp) {
        pending.withLock { work in
            if tells { work.standby.following.remove(target) } else { work.standby.following.insert(target) }
            work.standby.turns.append(.init(target: target, tells: tells, at: now))
        }
        signal.yield()
    }

    /// Takes a change and waits until it is stored, or could not be at the first try.
    ///
    /// - Returns: whether it is stored. If not, it goes on being tried.
    func store(_ change: StateChange) async -> Bool {
        await withCheckedContinuation { continuation in
            let isFinished = pending.withLock { pending in
                pending.change.merge(change)
                if !pending.isFinished { pending.waiting.append(continuation) }
                return pending.isFinished
            }
            if isFinished { continuation.resume(returning: false) }
            signal.yield()
        }
    }

    /// Says that no more will be taken: `run` stores what is left and returns.
    ///
    /// - Parameter patience: how long it may be tried.
    func finish(patience: Duration = .seconds(10)) {
        deadline.withLock { $0 = .now + patience }
        signal.finish()
    }

    /// How many messages were superseded since this was last asked, by receiver.
    func takeSuperseded() -> [String: Int] {
        superseded.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }

    /// Why the last attempt to store failed, or that the present one does not come to an end; `nil` if all is well.
    var problem: String? {
        if let failure = failure.withLock({ $0 }) { return failure }
        guard let began = attempt.withLock({ $0 }), .now - began > Self.patience else { return nil }
        return "the disk has not answered for \((.now - began).readable)"
    }

    /// How long storing may take on a disk that is busy but well.
    private static let patience = Duration.seconds(30)

    func run() async {
        defer { release() }
        var pause = Duration.milliseconds(500)
        for await _ in signals {
            while let work = next() {
                attempt.withLock { $0 = .now }
                defer { attempt.withLock { $0 = nil } }
                do {
                    let superseded = try await store.commit(work.change, standby: work.standby)
                    if !superseded.isEmpty { self.superseded.withLock { $0.merge(superseded, uniquingKeysWith: +) } }
                    pause = .milliseconds(500)
                    failure.withLock { $0 = nil }
                    committed()
                    for continuation in work.waiting { continuation.resume(returning: true) }
                } catch {
                    logger.error("could not store the agent's state, trying again", metadata: ["error": "\(error)"])
                    failure.withLock { $0 = "\(error)" }
                    putBack(work)
                    for continuation in work.waiting { continuation.resume(returning: false) }
                    let deadline = deadline.withLock { $0 }
                    if let deadline, ContinuousClock.now > deadline {
                        logger.critical(
                            "ending without having stored everything",
                            metadata: [
                                "deliveries": "\(work.change.deliveries.count)",
                                "incidents": "\(work.change.incidents.count)",
                            ])
                        return
                    }
                    // In a task of its own, since a cancelled sleep would end at once and again and again.
                    await Task.detached { [pause] in try? await Task.sleep(for: pause) }.value
                    if Task.isCancelled { return }
                    pause = deadline == nil ? min(pause * 2, .seconds(15)) : .seconds(1)
                }
            }
        }
    }

    private func next() -> Work? {
        pending.withLock { pending in
            guard !pending.isEmpty else { return nil }
            let work = pending
            pending.change = StateChange()
            pending.standby.turns = []
            pending.waiting = []
            return work
        }
    }

    private func putBack(_ work: Work) {
        pending.withLock { pending in
            var merged = work.change
            merged.merge(pending.change)
            pending.change = merged
            pending.standby.turns = work.standby.turns + pending.standby.turns
        }
    }

    /// Nobody stores anything any more.
    private func release() {
        let waiting = pending.withLock { pending in
            pending.isFinished = true
            defer { pending.waiting = [] }
            return pending.waiting
        }
        for continuation in waiting { continuation.resume(returning: false) }
    }
}
