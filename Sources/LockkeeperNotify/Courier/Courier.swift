internal import LockkeeperCore
internal import Synchronization

/// Empties the outbox: a lane for each receiver, none of which waits for another.
///
/// The courier keeps nothing that may be lost: it learns from the outbox what is to be done, counts each attempt there before it is
/// made, and stores there what came of it. After a crash the next courier goes on; a delivery whose answer was never stored is made
/// again, with the same id.
///
/// Deliveries to a receiver that is no longer configured stay pending for `CourierPolicy.keepsOrphansFor` and fail then.
public actor Courier {
    private let outbox: any Outbox
    private let clock: any CourierClock
    private let policy: CourierPolicy
    private let jitter: @Sendable () -> Double
    private let report: @Sendable (CourierEvent) -> Void

    private var lanes: [String: Lane] = [:]
    /// The lanes that were told to stop, which may still end an attempt.
    private var leaving: [String: Task<Void, Never>] = [:]
    private var orphanage: Task<Void, Never>?
    private let orphanSignal = WakeSignal()
    private var isShutDown = false
    /// The lanes' signals outside of the actor, so that waking them waits for nothing.
    private let signals = Mutex<[WakeSignal]>([])

    private struct Lane {
        var orders: LaneOrders
        var task: Task<Void, Never>
    }

    /// Nothing is done before `update(receivers:)`.
    ///
    /// - Parameters:
    ///   - jitter: gives a random number from 0 to 1 each time.
    ///   - report: told of everything that happens, on the task where it happens: it must be quick.
    public init(
        outbox: any Outbox, clock: any CourierClock = SystemCourierClock(), policy: CourierPolicy = CourierPolicy(),
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        report: @escaping @Sendable (CourierEvent) -> Void = { _ in }
    ) {
        self.outbox = outbox
        self.clock = clock
        self.policy = policy
        self.jitter = jitter
        self.report = report
    }

    /// Says that something may have been planned: every receiver's part of the outbox is looked at, at once.
    public nonisolated func wake() {
        for signal in signals.withLock({ $0 }) { signal.raise() }
    }

    /// Sets the receivers there are, by name, each with its client.
    ///
    /// A receiver that was there before uses its new client from its next attempt on, and what waits for it is tried at once. One that
    /// is gone may end its attempt within the policy's grace.
    public func update(receivers: [String: any DeliveryClient]) {
        guard !isShutDown else { return }
        for (name, lane) in lanes where receivers[name] == nil {
            lanes[name] = nil
            leaving[name] = lane.task
            lane.orders.stop()
            Task { [clock, policy] in
                try? await clock.sleep(until: clock.now + policy.grace)
                lane.task.cancel()
            }
        }
        for (name, client) in receivers {
            if let lane = lanes[name] {
                lane.orders.reconfigure(client)
            } else {
                lanes[name] = start(name, client)
            }
        }
        signals.withLock { $0 = lanes.values.map(\.orders.signal) }
        if orphanage == nil {
            orphanage = Task { await watchOrphans() }
        } else {
            orphanSignal.raise()
        }
    }

    /// Begins no more attempts, lets those under way end within the policy's grace, cancels them then, and returns when all have
    /// ended. What was not delivered stays pending.
    public func shutDown() async {
        isShutDown = true
        let tasks = lanes.values.map(\.task) + leaving.values + [orphanage].compactMap(\.self)
        orphanage?.cancel()
        for lane in lanes.values { lane.orders.stop() }
        let limit = Task { [clock, policy] in
            do { try await clock.sleep(until: clock.now + policy.grace) } catch { return }
            for task in tasks { task.cancel() }
        }
        for task in tasks { await task.value }
        limit.cancel()
        lanes = [:]
        leaving = [:]
        signals.withLock { $0 = [] }
    }

    private func start(_ name: String, _ client: any DeliveryClient) -> Lane {
        let orders = LaneOrders(client: client)
        let driver = CourierLaneDriver(
            receiver: name, policy: policy, orders: orders, outbox: outbox, clock: clock, jitter: jitter, report: report
        )
        // A receiver that comes back while its old lane still ends an attempt waits for it: two lanes would send the same.
        let predecessor = leaving.removeValue(forKey: name)
        let task = Task {
            await predecessor?.value
            await driver.run()
        }
        return Lane(orders: orders, task: task)
    }

    private func watchOrphans() async {
        var watch = OrphanWatch(policy: policy)
        while !Task.isCancelled {
            var again = clock.now + policy.looksForOrphansEvery
            do {
                let verdict = watch.look(
                    pending: try await outbox.pendingReceivers(), configured: Set(lanes.keys), at: clock.now)
                again = verdict.lookAgainAt
                for receiver in verdict.abandon where lanes[receiver] == nil {
                    let reason = OrphanWatch.reason(receiver: receiver, keptFor: policy.keepsOrphansFor)
                    let count = try await outbox.abandon(receiver: receiver, reason: reason, at: clock.now)
                    report(.abandoned(receiver: receiver, count: count, reason: reason))
                }
            } catch is CancellationError {
                return
            } catch {
                // The lanes say the same of their receivers; the next look sees to it.
                report(.outboxFailed(receiver: "", error: "\(error)"))
            }
            await orphanSignal.wait(until: again, clock: clock)
        }
    }
}
