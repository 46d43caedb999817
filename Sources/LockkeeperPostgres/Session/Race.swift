import Synchronization

/// A value that the first of several tasks delivers to one that waits. Later ones are dropped, and nobody waits for
/// them, unlike in a task group.
final class Race<Value: Sendable>: Sendable {
    private enum State {
        case open, awaited(CheckedContinuation<Value, Never>), finished(Value)
    }

    private let state = Mutex(State.open)

    func finish(_ value: Value) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
            switch state {
            case .open:
                state = .finished(value)
                return nil
            case .awaited(let continuation):
                state = .finished(value)
                return continuation
            case .finished:
                return nil
            }
        }
        waiting?.resume(returning: value)
    }

    /// To be awaited once.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let finished = state.withLock { state -> Value? in
                    if case .finished(let value) = state { return value }
                    state = .awaited(continuation)
                    return nil
                }
                if let finished { continuation.resume(returning: finished) }
            }
        }
    }
}
