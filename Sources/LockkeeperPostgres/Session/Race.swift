import Synchronization

/// A value that the first of several tasks delivers to one that waits. Later ones are dropped, and nobody waits for
/// them, unlike in a task group.
final class Race<Value: Sendable>: Sendable {
    private enum State {
        case open, awaited(CheckedContinuation<Value, Never>), finished(Value)
    }

    private let state = Mutex(State.open)

    /// Whether it was the first.
    @discardableResult
    func finish(_ value: Value) -> Bool {
        let (isFirst, waiting) = state.withLock { state -> (Bool, CheckedContinuation<Value, Never>?) in
            switch state {
            case .open:
                state = .finished(value)
                return (true, nil)
            case .awaited(let continuation):
                state = .finished(value)
                return (true, continuation)
            case .finished:
                return (false, nil)
            }
        }
        waiting?.resume(returning: value)
        return isFirst
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
