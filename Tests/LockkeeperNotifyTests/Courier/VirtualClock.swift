import LockkeeperCore
import LockkeeperNotify
import Synchronization

/// A clock that stands until it is advanced.
final class VirtualClock: CourierClock {
    private struct State {
        var now: Timestamp
        var nextID = 0
        var sleepers: [Int: (until: Timestamp, continuation: CheckedContinuation<Void, Never>)] = [:]
        /// Those who wait until somebody sleeps until a time.
        var observers: [(until: Timestamp, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(now: Timestamp = .courierNoon) {
        state = Mutex(State(now: now))
    }

    var now: Timestamp { state.withLock(\.now) }

    func sleep(until time: Timestamp) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let observers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    if time <= state.now || Task.isCancelled { return [continuation] }
                    state.sleepers[id] = (time, continuation)
                    let seen = state.observers.filter { $0.until == time }.map(\.continuation)
                    state.observers.removeAll { $0.until == time }
                    return seen
                }
                for observer in observers { observer.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    /// Sets the time, and wakes those whose time has come.
    func advance(to time: Timestamp) {
        let woken = state.withLock { state in
            state.now = time
            let due = state.sleepers.filter { $0.value.until <= time }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.until < $1.until }
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    func advance(by duration: Duration) { advance(to: now + duration) }

    /// Returns once somebody sleeps until a time.
    func someoneSleeps(until time: Timestamp) async {
        await withCheckedContinuation { continuation in
            let isAlready = state.withLock { state in
                if state.sleepers.values.contains(where: { $0.until == time }) { return true }
                state.observers.append((time, continuation))
                return false
            }
            if isAlready { continuation.resume() }
        }
    }
}

extension Timestamp {
    static let courierNoon = Timestamp(microseconds: 1_780_000_000_000_000)
}
