import LockkeeperCore
import LockkeeperNotify
import Synchronization

/// What a courier reports, for tests to wait for.
final class EventLog: Sendable {
    private struct State {
        var events: [CourierEvent] = []
        var waiters: [(wanted: @Sendable (CourierEvent) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var events: [CourierEvent] { state.withLock(\.events) }

    func record(_ event: CourierEvent) {
        let resumed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.events.append(event)
            let resumed = state.waiters.filter { $0.wanted(event) }.map(\.continuation)
            state.waiters.removeAll { $0.wanted(event) }
            return resumed
        }
        for continuation in resumed { continuation.resume() }
    }

    /// Returns once an event is reported, or at once if it has been.
    func first(where wanted: @escaping @Sendable (CourierEvent) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.events.contains(where: wanted) { return true }
                state.waiters.append((wanted, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Returns once an attempt of a delivery is settled in a way.
    func settled(_ id: String, _ label: String) async {
        await first {
            if case .settled(let settlement) = $0 {
                settlement.delivery.id == id && settlement.label == label
            } else {
                false
            }
        }
    }

    /// Returns once a receiver's lane waits until a time, or until something is planned.
    func waiting(_ receiver: String, until time: Timestamp? = nil, because reason: CourierLane.WaitReason) async {
        await first { $0 == .waiting(receiver: receiver, until: time, because: reason) }
    }
}
