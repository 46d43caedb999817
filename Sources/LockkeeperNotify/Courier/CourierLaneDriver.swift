internal import LockkeeperCore

/// Does what a lane decides.
struct CourierLaneDriver: Sendable {
    let receiver: String
    let policy: CourierPolicy
    let orders: LaneOrders
    let outbox: any Outbox
    let clock: any CourierClock
    let jitter: @Sendable () -> Double
    let report: @Sendable (CourierEvent) -> Void

    /// Works until it is ordered to stop or its task is cancelled. The cancellation reaches the attempt that is under way.
    func run() async {
        var lane = CourierLane(receiver: receiver, policy: policy)
        var refreshAt = clock.now
        while true {
            let isStopping = orders.isStopped || Task.isCancelled
            // What was sent is recorded even then, or it would be sent again.
            if isStopping, !lane.hasUnrecorded { return }
            if orders.takeReconfigured() {
                lane.reconfigured()
                refreshAt = clock.now
            }
            let interval = orders.client.refreshInterval
            do {
                // Here and not beside the attempts: told out of order, the beginning would come after the end. The clock may be set back.
                if let interval, !isStopping, !lane.hasUnrecorded,
                    refreshAt <= clock.now || refreshAt > clock.now + interval
                {
                    refreshAt = clock.now + interval
                    try await refresh()
                    continue
                }
                let action = lane.next(at: clock.now)
                if isStopping, case .wait = action { return }
                try await perform(action, &lane, refreshAt: interval == nil ? nil : refreshAt)
            } catch is CancellationError {
                return
            } catch {
                report(.outboxFailed(receiver: receiver, error: "\(error)"))
                lane.outboxFailed(at: clock.now, jitter: jitter())
            }
        }
    }

    private func refresh() async throws {
        let standing = try await outbox.standing(receiver: receiver, endedSince: clock.now - policy.tellsEndsAgainFor)
        guard !standing.isEmpty else { return }
        let problems = await orders.client.refresh(standing)
        if Task.isCancelled { throw CancellationError() }
        report(.refreshed(receiver: receiver, count: standing.count, problems: problems))
    }

    private func perform(
        _ action: CourierLane.Action, _ lane: inout CourierLane, refreshAt: Timestamp?
    ) async throws {
        switch action {
        case .resume:
            let pausedUntil = try await outbox.resume(receiver: receiver, at: clock.now)
            lane.resumed(pausedUntil: pausedUntil, at: clock.now)
        case .look:
            let due = try await outbox.due(receiver: receiver, at: clock.now, limit: 1).first
            lane.looked(found: due, nextDue: due == nil ? try await outbox.nextDue(receiver: receiver) : nil)
        case .expedite:
            try await outbox.expedite(receiver: receiver, at: clock.now)
            lane.expedited()
        case .attempt(let planned):
            guard let delivery = try await outbox.begin(planned.id, at: clock.now) else {
                lane.vanished()
                return
            }
            report(.attempting(delivery))
            let outcome = await orders.client.deliver(delivery)
            if Task.isCancelled, case .retry = outcome {
                // It says nothing of the receiver: the attempt was cut off. The next process tries again at once.
                report(.interrupted(delivery))
                throw CancellationError()
            }
            lane.answered(delivery, outcome, at: clock.now, jitter: jitter(), pace: orders.client.pace)
        case .record(let settlement):
            // In a task of its own, which the cancellation of this one does not reach.
            try await Task {
                try await outbox.finish(settlement.delivery)
                if let end = settlement.pausedUntil { try await outbox.pause(receiver: receiver, until: end) }
            }.value
            report(.settled(settlement))
            lane.recorded()
        case .wait(let until, let reason):
            report(.waiting(receiver: receiver, until: until, because: reason))
            await orders.signal.wait(until: [until, refreshAt].compactMap(\.self).min(), clock: clock)
            lane.woken()
        }
    }
}
