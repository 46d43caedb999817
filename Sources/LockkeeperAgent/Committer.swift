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
    private let pending = Mutex(StateChange())
    private let failure = Mutex<String?>(nil)
    /// When the attempt began that is under way.
    private let attempt = Mutex<ContinuousClock.Instant?>(nil)
    /// Until when what is left may be tried, once no more is taken.
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

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
        pending.withLock { $0.merge(change) }
        signal.yield()
    }

    /// Says that no more will be taken: `run` stores what is left and returns.
    ///
    /// - Parameter patience: how long it may be tried.
    func finish(patience: Duration = .seconds(10)) {
        deadline.withLock { $0 = .now + patience }
        signal.finish()
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
        var pause = Duration.milliseconds(500)
        for await _ in signals {
            while let change = next() {
                attempt.withLock { $0 = .now }
                defer { attempt.withLock { $0 = nil } }
                do {
                    try await store.commit(change)
                    pause = .milliseconds(500)
                    failure.withLock { $0 = nil }
                    committed()
                } catch {
                    logger.error("could not store the agent's state, trying again", metadata: ["error": "\(error)"])
                    failure.withLock { $0 = "\(error)" }
                    putBack(change)
                    let deadline = deadline.withLock { $0 }
                    if let deadline, ContinuousClock.now > deadline {
                        logger.critical(
                            "ending without having stored everything",
                            metadata: [
                                "deliveries": "\(change.deliveries.count)", "incidents": "\(change.incidents.count)",
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

    private func next() -> StateChange? {
        pending.withLock { pending in
            guard !pending.isEmpty else { return nil }
            let change = pending
            pending = StateChange()
            return change
        }
    }

    private func putBack(_ change: StateChange) {
        pending.withLock { pending in
            var merged = change
            merged.merge(pending)
            pending = merged
        }
    }
}
