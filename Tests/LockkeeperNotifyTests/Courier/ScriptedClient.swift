import LockkeeperCore
import LockkeeperNotify
import Synchronization

/// A receiver that answers as a test says.
final class ScriptedClient: DeliveryClient {
    private struct State {
        var received: [Delivery] = []
        var underWay = 0
        var mostUnderWay = 0
    }

    private let state = Mutex(State())
    private let answer: @Sendable (Delivery) async -> DeliveryOutcome

    /// - Parameter answer: by the delivery, whose `attempts` is the number of this attempt.
    init(_ answer: @escaping @Sendable (Delivery) async -> DeliveryOutcome = { _ in .delivered }) {
        self.answer = answer
    }

    /// Every attempt, in order.
    var received: [Delivery] { state.withLock(\.received) }
    /// How many attempts there were at one time at most.
    var mostUnderWay: Int { state.withLock(\.mostUnderWay) }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        state.withLock { state in
            state.received.append(delivery)
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
        }
        defer { state.withLock { $0.underWay -= 1 } }
        return await answer(delivery)
    }
}

/// Holds an answer back until it is opened, or the one who waits is cancelled.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiters.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        } onCancel: {
            open()
        }
    }
}
