import LockkeeperCore
import LockkeeperNotify
import Testing

@Suite("Receivers that take only so much", .timeLimit(.minutes(1)))
struct CourierPaceTests {
    let clock = VirtualClock()
    let log = EventLog()
    let outbox = MemoryOutbox()
    let start = Timestamp.courierNoon

    private struct Slow: DeliveryClient {
        let client: ScriptedClient
        var pace: Duration { .seconds(1) }

        func deliver(_ delivery: Delivery) async -> DeliveryOutcome { await client.deliver(delivery) }
    }

    @Test func `no attempt begins within a second after the last, and the most urgent begins first then`() async {
        let client = ScriptedClient()
        outbox.plan([.planned("a", incident: "a")])
        let courier = Courier(outbox: outbox, clock: clock, jitter: { 1 }, report: log.record)
        await courier.update(receivers: ["slack": Slow(client: client)])
        await log.waiting("slack", until: start + .seconds(1), because: .pace)
        outbox.plan([
            .planned("b", incident: "b", severity: .info), .planned("c", incident: "c", severity: .critical),
        ])
        courier.wake()
        clock.advance(by: .milliseconds(999))
        #expect(client.received.map(\.id) == ["a"])
        clock.advance(by: .milliseconds(1))
        await log.waiting("slack", until: start + .seconds(2), because: .pace)
        #expect(client.received.map(\.id) == ["a", "c"])
        clock.advance(by: .seconds(1))
        await log.waiting("slack", until: start + .seconds(3), because: .pace)
        #expect(client.received.map(\.id) == ["a", "c", "b"])
        await courier.shutDown()
    }

    @Test func `a receiver that answers again is sent what waited no faster than it takes it`() {
        var lane = CourierLane(receiver: "slack")
        var delivery = Delivery.planned("a")
        delivery.attempts = 1
        for failure in 1...3 {
            lane.answered(delivery, .retry(), at: start + .seconds(failure), jitter: 1, pace: .seconds(1))
            lane.recorded()
        }
        let now = start + .seconds(100)
        #expect(lane.next(at: now) == .look)
        lane.answered(delivery, .delivered, at: now, jitter: 1, pace: .seconds(1))
        lane.recorded()
        #expect(lane.next(at: now) == .expedite)
        lane.expedited()
        #expect(lane.next(at: now) == .wait(until: now + .seconds(1), because: .pace))
        #expect(lane.next(at: now + .seconds(1)) == .look)
    }
}
