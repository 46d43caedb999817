import LockkeeperCore
import LockkeeperNotify
import Synchronization
import Testing

@Suite("Receivers that forget", .timeLimit(.minutes(1)))
struct CourierRefreshTests {
    let clock = VirtualClock()
    let log = EventLog()
    let outbox = MemoryOutbox()
    let start = Timestamp.courierNoon

    /// A receiver that is told again each minute.
    private final class Forgetful: DeliveryClient {
        /// What it was told, in order: `a`, or `again a b`.
        let told = Mutex<[String]>([])
        let problems: [String]
        var refreshInterval: Duration? { .seconds(60) }

        init(problems: [String] = []) { self.problems = problems }

        func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
            told.withLock { $0.append(delivery.id) }
            return .delivered
        }

        func refresh(_ standing: [StandingMessage]) async -> [String] {
            told.withLock { $0.append((["again"] + standing.map(\.delivery.id)).joined(separator: " ")) }
            return problems
        }
    }

    private func ended(_ id: String, sequence: Int) -> Delivery {
        var delivery = Delivery.planned(id, to: "am", sequence: sequence)
        delivery.notification.isResolved = true
        delivery.notification.reason = .resolved
        return delivery
    }

    @Test func `what stands is told again each minute, what is over for five minutes, and nothing else`() async {
        let client = Forgetful()
        outbox.plan([.planned("a", to: "am")])
        let courier = Courier(outbox: outbox, clock: clock, jitter: { 1 }, report: log.record)
        await courier.update(receivers: ["am": client])
        await log.settled("a", "delivered")
        for minute in 1...3 {
            await clock.someoneSleeps(until: start + .seconds(60 * minute))
            clock.advance(by: .seconds(60))
            await log.first { _ in client.told.withLock { $0.count } >= 1 + minute }
        }
        await clock.someoneSleeps(until: start + .seconds(240))
        outbox.plan([ended("b", sequence: 2)])
        courier.wake()
        await log.settled("b", "delivered")
        for minute in 4...10 {
            await clock.someoneSleeps(until: start + .seconds(60 * minute))
            clock.advance(by: .seconds(60))
        }
        await clock.someoneSleeps(until: start + .seconds(660))
        #expect(
            client.told.withLock { $0 } == ["a", "again a", "again a", "again a", "b"]
                + Array(repeating: "again b", count: 5))
        await courier.shutDown()
    }

    @Test func `after a restart what stands is told again at once`() async {
        var told = Delivery.planned("a", to: "am")
        told.status = .delivered
        told.finishedAt = start - .seconds(10)
        outbox.plan([told])
        let client = Forgetful(problems: ["one of them is down"])
        let courier = Courier(outbox: outbox, clock: clock, jitter: { 1 }, report: log.record)
        await courier.update(receivers: ["am": client])
        await log.first { $0 == .refreshed(receiver: "am", count: 1, problems: ["one of them is down"]) }
        #expect(clock.now == start)
        await courier.shutDown()
    }
}
