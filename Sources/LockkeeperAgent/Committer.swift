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
    private let pending = Mutex(Pending())
    private let failure = Mutex<String?>(nil)
    /// Until when what is left may be tried, once no more is taken.
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    private struct Pending {
        var change = StateChange()
        /// Those who wait until what they have brought is stored.
        var waiting: [CheckedContinuation<Bool, Never>] = []
        var isFinished = false
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

    /// Why the last attempt to store failed; `nil` if it worked.
    var problem: String? { failure.withLock { $0 } }

    func run() async {
        defer { release() }
        var pause = Duration.milliseconds(500)
        for await _ in signals {
            while let (change, waiting) = next() {
                do {
                    try await store.commit(change)
                    pause = .milliseconds(500)
                    failure.withLock { $0 = nil }
                    committed()
                    for continuation in waiting { continuation.resume(returning: true) }
                } catch {
                    logger.error("could not store the agent's state, trying again", metadata: ["error": "\(error)"])
                    failure.withLock { $0 = "\(error)" }
                    putBack(change)
                    for continuation in waiting { continuation.resume(returning: false) }
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

    private func next() -> (StateChange, waiting: [CheckedContinuation<Bool, Never>])? {
        pending.withLock { pending in
            guard !pending.change.isEmpty || !pending.waiting.isEmpty else { return nil }
            let next = (pending.change, pending.waiting)
            (pending.change, pending.waiting) = (StateChange(), [])
            return next
        }
    }

    private func putBack(_ change: StateChange) {
        pending.withLock { pending in
            var merged = change
            merged.merge(pending.change)
            pending.change = merged
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
