internal import LockkeeperCore
internal import Synchronization

/// Lets one task wait for a time or for being woken, whichever is first. Being woken while it does not wait is remembered, so
/// that nothing planned between a look and the wait after it is missed.
final class WakeSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            state.isRaised = state.waiter == nil
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when raised, at a time, or when the task is cancelled; now and then without a reason.
    func wait(until time: Timestamp?, clock: any CourierClock) async {
        let timer = time.map { time in
            Task {
                do { try await clock.sleep(until: time) } catch { return }
                raise()
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let wasRaised = state.withLock { state in
                    if state.isRaised {
                        state.isRaised = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if wasRaised { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
        timer?.cancel()
    }
}
