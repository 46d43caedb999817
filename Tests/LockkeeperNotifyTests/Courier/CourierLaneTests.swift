import LockkeeperCore
import LockkeeperNotify
import Testing

@Suite("What a lane decides")
struct CourierLaneTests {
    var lane = CourierLane(receiver: "slack")
    let start = Timestamp.courierNoon

    init() { lane.resumed(pausedUntil: nil, at: start) }

    @Test func `a new lane first has everything made due, even if its receiver is configured anew before`() {
        var lane = CourierLane(receiver: "slack")
        #expect(lane.next(at: start) == .resume)
        lane.reconfigured()
        #expect(lane.next(at: start) == .resume)
        lane.outboxFailed(at: start, jitter: 1)
        #expect(lane.next(at: start + .seconds(1)) == .resume)
        lane.resumed(pausedUntil: nil, at: start)
        #expect(lane.next(at: start) == .look)
    }

    /// The end of the pause that an earlier process was asked for → the end of the wait; seconds from now.
    @Test(arguments: [(-5, 0), (0, 0), (30, 30), (3600, 3600), (90_000, 3600)])
    func `a new lane keeps to what the receiver asked of an earlier process, for an hour at most`(end: Int, wait: Int) {
        var lane = CourierLane(receiver: "slack")
        lane.resumed(pausedUntil: start + .seconds(end), at: start)
        if wait > 0 { #expect(lane.next(at: start) == .wait(until: start + .seconds(wait), because: .receiverAsked)) }
        #expect(lane.next(at: start + .seconds(wait)) == .look)
    }

    @Test mutating func `a delivery is looked for, attempted, recorded, and the next looked for`() throws {
        #expect(lane.next(at: start) == .look)
        lane.looked(found: .planned("a"), nextDue: nil)
        #expect(lane.next(at: start) == .attempt(.planned("a")))
        let settlement = try answer(.delivered, at: start + .seconds(1))
        #expect(settlement.reason == .delivered)
        #expect(settlement.delivery.status == .delivered)
        #expect(settlement.delivery.finishedAt == start + .seconds(1))
        #expect(settlement.delivery.lastError == nil)
        #expect(lane.hasUnrecorded)
        lane.recorded()
        #expect(!lane.hasUnrecorded)
        #expect(lane.next(at: start) == .look)
    }

    @Test mutating func `an empty outbox is waited for without end, and looked at when woken`() {
        lane.looked(found: nil, nextDue: nil)
        #expect(lane.next(at: start) == .wait(until: nil, because: .nothingPending))
        lane.woken()
        #expect(lane.next(at: start) == .look)
    }

    @Test mutating func `a delivery that is due later is waited for`() {
        lane.looked(found: nil, nextDue: start + .seconds(9))
        #expect(lane.next(at: start) == .wait(until: start + .seconds(9), because: .nothingDue))
        #expect(lane.next(at: start + .seconds(9)) == .look)
    }

    @Test mutating func `a failed attempt is planned again by its backoff, and others may pass`() throws {
        let settlement = try answer(.retry(), attempts: 3, at: start, jitter: 1)
        #expect(settlement.reason == .willRetry(.backoff))
        #expect(settlement.delivery.status == .pending)
        #expect(settlement.delivery.nextAttemptAt == start + .seconds(8))
        #expect(settlement.delivery.lastError == "answered 503")
        #expect(settlement.label == "retried")
        lane.recorded()
        #expect(lane.next(at: start) == .look)
    }

    @Test mutating func `an ambiguous answer is said in the error`() throws {
        let settlement = try answer(
            .retry(after: nil, reason: "connection reset", isAmbiguous: true, acceptedRecipients: []), at: start)
        #expect(settlement.delivery.lastError == "connection reset (it may have arrived)")
    }

    @Test mutating func `what will never be taken is given up with the reason`() throws {
        let settlement = try answer(.permanent(reason: "answered 404", acceptedRecipients: ["a@x"]), at: start)
        #expect(settlement.reason == .refused)
        #expect(settlement.label == "failed")
        #expect(settlement.delivery.status == .failed)
        #expect(settlement.delivery.lastError == "answered 404")
        #expect(settlement.delivery.acceptedRecipients == ["a@x"])
        #expect(settlement.delivery.finishedAt == start)
    }

    @Test mutating func `the recipients that have it are added to those that had it`() throws {
        var delivery = Delivery.planned("a")
        delivery.acceptedRecipients = ["a@x"]
        let settlement = try answer(.retry(accepted: ["b@x", "a@x"]), delivery, at: start)
        #expect(settlement.delivery.acceptedRecipients == ["a@x", "b@x"])
    }

    /// Attempt, Retry-After, jitter 1 → seconds until this delivery's next attempt, seconds for which nothing is sent.
    @Test(arguments: [
        (1, 30, 30, 30), (1, 1, 2, 1), (9, 30, 512, 30), (1, 100_000, 3600, 3600), (1, 3600, 3600, 3600), (1, -5, 2, 0),
        (1, 0, 2, 0),
    ])
    mutating func `Retry-After is the least wait, for the whole receiver, and at most an hour`(
        attempt: Int, wish: Int, next: Int, pause: Int
    ) throws {
        let settlement = try answer(.retry(after: .seconds(wish)), attempts: attempt, at: start, jitter: 1)
        #expect(settlement.delivery.nextAttemptAt == start + .seconds(next))
        lane.recorded()
        lane.woken()
        if pause > 0 {
            let end = start + .seconds(pause)
            #expect(lane.next(at: start) == .wait(until: end, because: .receiverAsked))
            #expect(lane.next(at: end - .microseconds(1)) == .wait(until: end, because: .receiverAsked))
        }
        #expect(lane.next(at: start + .seconds(pause)) == .look)
    }

    @Test mutating func `a receiver that fails whatever it is sent is only probed, ever less often`() throws {
        var waits: [Duration] = []
        var now = start
        for number in 1...9 {
            _ = try answer(.retry(), .planned("d\(number)"), at: now, jitter: 1)
            lane.recorded()
            guard case .wait(let until?, because: .receiverFails) = lane.next(at: now) else {
                waits.append(.zero)
                continue
            }
            waits.append(until - now)
            now = until
        }
        #expect(waits == [0, 0, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    }

    @Test(arguments: [DeliveryOutcome.delivered, .permanent(reason: "400", acceptedRecipients: [])])
    mutating func `once a failing receiver answers, everything that waited for it is due`(
        answer outcome: DeliveryOutcome
    ) throws {
        for _ in 1...3 {
            _ = try answer(.retry(), at: start)
            lane.recorded()
        }
        _ = try answer(outcome, at: start + .seconds(60))
        lane.recorded()
        #expect(lane.next(at: start + .seconds(60)) == .expedite)
        lane.expedited()
        #expect(lane.next(at: start + .seconds(60)) == .look)
    }

    @Test mutating func `a single message that fails among others that pass is not retried early`() throws {
        for outcome in [DeliveryOutcome.retry(), .delivered, .retry(), .retry(), .delivered] {
            _ = try answer(outcome, at: start)
            lane.recorded()
            #expect(lane.next(at: start) == .look)
        }
    }

    @Test mutating func `what was sent is recorded however often the outbox fails, and not sent again`() throws {
        let settlement = try answer(.delivered, at: start)
        var now = start
        for failure in 1...6 {
            lane.outboxFailed(at: now, jitter: 1)
            let end = now + .seconds([1, 2, 4, 8, 15, 15][failure - 1])
            #expect(lane.next(at: now) == .wait(until: end, because: .outboxFails))
            lane.woken()
            #expect(lane.next(at: end) == .record(settlement))
            #expect(lane.hasUnrecorded)
            now = end
        }
        lane.recorded()
        lane.outboxFailed(at: now, jitter: 1)
        #expect(lane.next(at: now) == .wait(until: now + .seconds(1), because: .outboxFails))
    }

    @Test mutating func `what could not be begun is looked for again, not sent`() {
        lane.looked(found: .planned("a"), nextDue: nil)
        lane.outboxFailed(at: start, jitter: 1)
        #expect(lane.next(at: start + .seconds(1)) == .look)
        lane.looked(found: .planned("a"), nextDue: nil)
        lane.vanished()
        #expect(lane.next(at: start + .seconds(1)) == .look)
    }

    @Test mutating func `an outbox that fails does not shorten what the receiver asked for`() throws {
        _ = try answer(.retry(after: .seconds(60)), at: start)
        lane.outboxFailed(at: start, jitter: 1)
        let settlement = lane.next(at: start + .seconds(1))
        guard case .record = settlement else {
            Issue.record("\(settlement)")
            return
        }
        lane.recorded()
        #expect(lane.next(at: start + .seconds(1)) == .wait(until: start + .seconds(60), because: .receiverAsked))
    }

    @Test mutating func `another configuration is tried at once, but not against the receiver's wish`() throws {
        for _ in 1...3 {
            _ = try answer(.retry(), at: start)
            lane.recorded()
        }
        lane.reconfigured()
        #expect(lane.next(at: start) == .resume)
        lane.resumed(pausedUntil: nil, at: start)
        #expect(lane.next(at: start) == .look)

        _ = try answer(.retry(after: .seconds(60)), at: start)
        lane.reconfigured()
        #expect(lane.hasUnrecorded)
        lane.recorded()
        #expect(lane.next(at: start) == .resume)
        lane.resumed(pausedUntil: nil, at: start)
        #expect(lane.next(at: start) == .wait(until: start + .seconds(60), because: .receiverAsked))
    }

    @Test mutating func `a clock set back by hours does not keep the receiver in peace for hours`() throws {
        _ = try answer(.retry(after: .seconds(60)), at: start)
        lane.recorded()
        #expect(lane.next(at: start - .seconds(7200)) == .look)
    }

    private mutating func answer(
        _ outcome: DeliveryOutcome, _ delivery: Delivery = .planned("a"), attempts: Int = 1, at now: Timestamp,
        jitter: Double = 0.5
    ) throws -> Settlement {
        var delivery = delivery
        delivery.attempts = attempts
        lane.answered(delivery, outcome, at: now, jitter: jitter)
        guard case .record(let settlement) = lane.next(at: now) else {
            throw Unexpected(action: lane.next(at: now))
        }
        return settlement
    }

    private struct Unexpected: Error {
        var action: CourierLane.Action
    }
}
