import LockkeeperCore
import LockkeeperNotify
import Testing

@Suite("The courier", .timeLimit(.minutes(1)))
struct CourierTests {
    let clock = VirtualClock()
    let log = EventLog()
    let outbox = MemoryOutbox()
    let start = Timestamp.courierNoon

    private func courier(policy: CourierPolicy = CourierPolicy()) -> Courier {
        Courier(outbox: outbox, clock: clock, policy: policy, jitter: { 1 }, report: log.record)
    }

    @Test func `what is planned while it waits is sent when it is woken, without the clock moving`() async {
        let client = ScriptedClient()
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.waiting("slack", because: .nothingPending)
        outbox.plan([.planned("a")])
        courier.wake()
        await log.settled("a", "delivered")
        #expect(client.received.map(\.id) == ["a"])
        #expect(outbox.model["a"]?.status == .delivered)
        #expect(clock.now == start)
        await courier.shutDown()
    }

    @Test func `what the last process left is sent at the start`() async {
        outbox.plan([.planned("a")])
        let courier = courier()
        await courier.update(receivers: ["slack": ScriptedClient()])
        await log.settled("a", "delivered")
        await courier.shutDown()
    }

    @Test func `what waited for another try when the last process ended is tried at the start`() async {
        outbox.plan([.planned("a")])
        outbox.postpone("a", until: start + .seconds(900))
        let courier = courier()
        await courier.update(receivers: ["slack": ScriptedClient()])
        await log.settled("a", "delivered")
        #expect(clock.now == start)
        await courier.shutDown()
    }

    @Test func `a receiver that asked the last process to be left in peace is left in peace by this one`() async {
        outbox.plan([.planned("a"), .planned("b", to: "mail")])
        let first = courier()
        await first.update(receivers: ["slack": ScriptedClient { _ in .retry(after: .seconds(600)) }])
        await log.waiting("slack", until: start + .seconds(600), because: .receiverAsked)
        await first.shutDown()
        clock.advance(by: .seconds(60))
        outbox.plan([.planned("c", incident: "run-2")])
        let second = courier()
        let client = ScriptedClient()
        await second.update(receivers: ["slack": client, "mail": ScriptedClient()])
        await log.settled("b", "delivered")
        await log.waiting("slack", until: start + .seconds(600), because: .receiverAsked)
        #expect(client.received == [])
        clock.advance(by: .seconds(540))
        await log.settled("c", "delivered")
        await second.shutDown()
    }

    @Test func `an attempt is counted before it is made`() async {
        outbox.plan([.planned("a")])
        let outbox = outbox
        let client = ScriptedClient { delivery in
            #expect(outbox.model["a"]?.attempts == 1)
            #expect(delivery.attempts == 1)
            return .delivered
        }
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.settled("a", "delivered")
        await courier.shutDown()
    }

    @Test func `a receiver that never answers does not delay another`() async {
        let gate = Gate()
        outbox.plan([.planned("dead-1", to: "dead"), .planned("dead-2", to: "dead", incident: "b")])
        let courier = courier()
        await courier.update(receivers: [
            "dead": ScriptedClient { _ in
                await gate.wait()
                return .retry()
            }, "living": ScriptedClient(),
        ])
        await log.first { if case .attempting(let delivery) = $0 { delivery.receiver == "dead" } else { false } }
        for number in 1...20 {
            outbox.plan([.planned("living-\(number)", to: "living", incident: "i\(number)")])
            courier.wake()
            await log.settled("living-\(number)", "delivered")
        }
        #expect(outbox.model.pending.map(\.receiver) == ["dead", "dead"])
        gate.open()
        await courier.shutDown()
    }

    @Test func `it tries again over hours, ever less often, and delivers when the receiver is back`() async {
        let start = start
        let clock = clock
        let back = start + .seconds(3 * 3600)
        let client = ScriptedClient { _ in clock.now < back ? .retry() : .delivered }
        outbox.plan([.planned("a")])
        var policy = CourierPolicy()
        // Only the delivery's own waits, which are known beforehand.
        policy.failuresOfAFailingReceiver = .max
        policy.looksForOrphansEvery = .seconds(100 * 3600)
        let courier = courier(policy: policy)
        await courier.update(receivers: ["slack": client])
        // 2 + 4 + … + 512 s, and then every 15 minutes.
        var next = start
        for attempt in 1...20 {
            next = next + min(.seconds(1 << attempt), .seconds(900))
            await clock.someoneSleeps(until: next)
            #expect(client.received.count == attempt)
            clock.advance(to: next)
        }
        await log.settled("a", "delivered")
        let delivered = outbox.model["a"]?.finishedAt
        #expect(delivered.map { $0 >= back && $0 <= back + .seconds(15 * 60) } == true)
        #expect(client.received.count == 9 + 11 + 1)
        await courier.shutDown()
    }

    @Test func `messages of one incident arrive in order, whatever happens to them`() async {
        outbox.plan((1...5).map { .planned("a\($0)", incident: "a", sequence: $0) })
        let client = ScriptedClient { delivery in
            switch (delivery.id, delivery.attempts) {
            case ("a2", 1), ("a4", 1): .retry()
            case ("a3", _): .permanent(reason: "answered 400", acceptedRecipients: [])
            default: .delivered
            }
        }
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.waiting("slack", until: start + .seconds(2), because: .nothingDue)
        clock.advance(by: .seconds(2))
        await log.waiting("slack", until: start + .seconds(4), because: .nothingDue)
        clock.advance(by: .seconds(2))
        await log.settled("a5", "delivered")
        #expect(client.received.map(\.id) == ["a1", "a2", "a2", "a3", "a4", "a4", "a5"])
        #expect(outbox.model["a3"]?.status == .failed)
        await courier.shutDown()
    }

    @Test func `recipients that have a mail are known at the next attempt`() async {
        outbox.plan([.planned("a", to: "mail")])
        let client = ScriptedClient { delivery in
            delivery.acceptedRecipients.isEmpty ? .retry(accepted: ["one@example.org"]) : .delivered
        }
        let courier = courier()
        await courier.update(receivers: ["mail": client])
        await log.waiting("mail", until: start + .seconds(2), because: .nothingDue)
        clock.advance(by: .seconds(2))
        await log.settled("a", "delivered")
        #expect(client.received.map(\.acceptedRecipients) == [[], ["one@example.org"]])
        await courier.shutDown()
    }

    @Test func `nothing is sent before the time that Retry-After gives, not even what is new`() async {
        outbox.plan([.planned("a")])
        let (clock, start) = (clock, start)
        let client = ScriptedClient { delivery in
            if delivery.id == "a", delivery.attempts == 1 { return .retry(after: .seconds(60)) }
            #expect(clock.now == start + .seconds(60))
            return .delivered
        }
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.waiting("slack", until: start + .seconds(60), because: .receiverAsked)
        outbox.plan([.planned("b", incident: "b", severity: .critical)])
        courier.wake()
        clock.advance(by: .seconds(59))
        #expect(client.received.count == 1)
        clock.advance(by: .seconds(1))
        await log.settled("a", "delivered")
        #expect(client.received.map(\.id) == ["a", "b", "a"])
        await courier.shutDown()
    }

    @Test func `when the end of an attempt cannot be stored, the message is not sent again`() async {
        outbox.plan([.planned("a")])
        outbox.fail(.finish, times: 2)
        let client = ScriptedClient()
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.waiting("slack", until: start + .seconds(1), because: .outboxFails)
        clock.advance(by: .seconds(1))
        await log.waiting("slack", until: start + .seconds(3), because: .outboxFails)
        clock.advance(by: .seconds(2))
        await log.settled("a", "delivered")
        #expect(client.received.count == 1)
        #expect(log.events.contains(.outboxFailed(receiver: "slack", error: "the disk is full")))
        await courier.shutDown()
    }

    @Test func `when the beginning of an attempt cannot be stored, nothing is sent`() async {
        outbox.plan([.planned("a")])
        outbox.fail(.begin, times: 1)
        let client = ScriptedClient()
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.waiting("slack", until: start + .seconds(1), because: .outboxFails)
        #expect(client.received.isEmpty)
        clock.advance(by: .seconds(1))
        await log.settled("a", "delivered")
        #expect(client.received.count == 1)
        await courier.shutDown()
    }

    // MARK: Reload

    @Test func `a reload tries what failed by the old configuration by the new one, at once`() async {
        outbox.plan([.planned("a")])
        let old = ScriptedClient { _ in .retry() }
        let new = ScriptedClient()
        let courier = courier()
        await courier.update(receivers: ["slack": old])
        await log.waiting("slack", until: start + .seconds(2), because: .nothingDue)
        await courier.update(receivers: ["slack": new])
        await log.settled("a", "delivered")
        #expect(old.received.count == 1)
        #expect(new.received.count == 1)
        #expect(clock.now == start)
        await courier.shutDown()
    }

    @Test func `a receiver that is taken away may end its attempt, and begins no other`() async {
        let gate = Gate()
        outbox.plan([.planned("a"), .planned("b", incident: "b")])
        let client = ScriptedClient { _ in
            await gate.wait()
            return .delivered
        }
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.first { if case .attempting = $0 { true } else { false } }
        await courier.update(receivers: [:])
        gate.open()
        await log.settled("a", "delivered")
        await courier.shutDown()
        #expect(client.received.map(\.id) == ["a"])
        #expect(outbox.model.pending.map(\.id) == ["b"])
    }

    @Test func `a receiver that comes back while its last attempt goes on does not send the same twice`() async {
        let gate = Gate()
        outbox.plan([.planned("a")])
        let client = ScriptedClient { _ in
            await gate.wait()
            return .delivered
        }
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.first { if case .attempting = $0 { true } else { false } }
        await courier.update(receivers: [:])
        await courier.update(receivers: ["slack": client])
        courier.wake()
        gate.open()
        await log.waiting("slack", because: .nothingPending)
        #expect(client.received.map(\.id) == ["a"])
        #expect(client.mostUnderWay == 1)
        await courier.shutDown()
    }

    @Test func `deliveries without a receiver wait a day for it, and fail then with the reason`() async {
        outbox.plan([.planned("a", to: "gone"), .planned("b", to: "gone", incident: "b")])
        let courier = courier()
        await courier.update(receivers: [:])
        for hour in 1...24 {
            #expect(outbox.model.pending.count == 2)
            await clock.someoneSleeps(until: start + .seconds(hour * 3600))
            clock.advance(by: .seconds(3600))
        }
        let reason = "no receiver gone has been configured for 24 h"
        await log.first { $0 == .abandoned(receiver: "gone", count: 2, reason: reason) }
        #expect(outbox.model["a"]?.status == .failed)
        #expect(outbox.model["a"]?.lastError == reason)
        await courier.shutDown()
    }

    // MARK: Shutdown

    @Test func `a shutdown lets the attempt under way end, stores it, and begins no other`() async {
        let gate = Gate()
        outbox.plan([.planned("a"), .planned("b", incident: "b")])
        let client = ScriptedClient { _ in
            await gate.wait()
            return .delivered
        }
        let courier = courier()
        await courier.update(receivers: ["slack": client])
        await log.first { if case .attempting = $0 { true } else { false } }
        async let isDown: Void = courier.shutDown()
        await clock.someoneSleeps(until: start + .seconds(5))
        gate.open()
        await isDown
        #expect(outbox.model["a"]?.status == .delivered)
        #expect(outbox.model["b"]?.attempts == 0)
    }

    @Test func `an attempt that does not end in time is cut off and left pending, to be tried again at once`() async {
        outbox.plan([.planned("a")])
        let courier = courier()
        let client = ScriptedClient { _ in
            await Gate().wait()
            return .retry(after: nil, reason: "cancelled", isAmbiguous: true, acceptedRecipients: [])
        }
        await courier.update(receivers: ["slack": client])
        await log.first { if case .attempting = $0 { true } else { false } }
        async let isDown: Void = courier.shutDown()
        await clock.someoneSleeps(until: start + .seconds(5))
        clock.advance(by: .seconds(5))
        await isDown
        #expect(outbox.model["a"]?.status == .pending)
        #expect(outbox.model["a"]?.attempts == 1)
        #expect(outbox.model.due(receiver: "slack", at: start).map(\.id) == ["a"])
        #expect(log.events.contains { if case .interrupted(let delivery) = $0 { delivery.id == "a" } else { false } })
    }

    @Test func `what was delivered although its time was over is stored as delivered`() async {
        outbox.plan([.planned("a")])
        let courier = courier()
        let client = ScriptedClient { _ in
            await Gate().wait()
            return .delivered
        }
        await courier.update(receivers: ["slack": client])
        await log.first { if case .attempting = $0 { true } else { false } }
        async let isDown: Void = courier.shutDown()
        await clock.someoneSleeps(until: start + .seconds(5))
        clock.advance(by: .seconds(5))
        await isDown
        #expect(outbox.model["a"]?.status == .delivered)
    }

    @Test func `a shutdown of a courier that only waits is immediate`() async {
        let courier = courier()
        await courier.update(receivers: ["slack": ScriptedClient(), "mail": ScriptedClient()])
        await log.waiting("slack", because: .nothingPending)
        await courier.shutDown()
        outbox.plan([.planned("a")])
        courier.wake()
        await courier.update(receivers: ["slack": ScriptedClient()])
        #expect(outbox.model["a"]?.attempts == 0)
        #expect(clock.now == start)
    }
}
