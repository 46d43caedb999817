internal import Synchronization

/// What the courier tells a lane that is under way: which client to use, and when to stop.
final class LaneOrders: Sendable {
    private struct State {
        var client: any DeliveryClient
        var isReconfigured = false
        var isStopped = false
    }

    let signal = WakeSignal()
    private let state: Mutex<State>

    init(client: any DeliveryClient) {
        state = Mutex(State(client: client))
    }

    var client: any DeliveryClient { state.withLock(\.client) }

    var isStopped: Bool { state.withLock(\.isStopped) }

    /// Whether there is another client since this was last asked.
    func takeReconfigured() -> Bool {
        state.withLock { state in
            defer { state.isReconfigured = false }
            return state.isReconfigured
        }
    }

    func reconfigure(_ client: any DeliveryClient) {
        state.withLock {
            $0.client = client
            $0.isReconfigured = true
        }
        signal.raise()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        signal.raise()
    }
}
