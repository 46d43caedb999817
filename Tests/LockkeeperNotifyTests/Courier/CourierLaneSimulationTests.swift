import LockkeeperCore
import LockkeeperNotify
import Testing

/// Days of the courier's life in virtual time: deliveries are planned at random, receivers are down for hours, answer by every
/// kind of answer, the outbox fails, and the process is killed between any two steps.
private struct CourierSimulation {
    private var random: SeededNumbers
    private var now = Timestamp.courierNoon
    private var outbox = OutboxModel()
    private var lanes: [String: CourierLane] = [:]
    private var plans: [(at: Timestamp, delivery: Delivery)] = []
    private var outages: [String: (from: Timestamp, until: Timestamp)] = [:]
    /// The last `Retry-After` that a process heard, by receiver.
    private var askedToWait: [String: Timestamp] = [:]

    /// What happened to each delivery at its receiver.
    private(set) var arrivals: [Delivery.ID: Int] = [:]
    /// Attempts whose answer was ambiguous, or whose answer a crash or a full disk kept from being stored.
    private(set) var unknownAnswers: [Delivery.ID: Int] = [:]
    private(set) var violations: [String] = []
    private(set) var crashes = 0

    var deliveries: [Delivery] { plans.map(\.delivery) }
    var stored: OutboxModel { outbox }

    init(seed: UInt64) {
        random = SeededNumbers(seed: seed)
        let receivers = ["slack", "mail", "web"].prefix(random.number(1...3))
        var sequences: [String: Int] = [:]
        for number in 0..<random.number(1...25) {
            let receiver = receivers[random.number(0...(receivers.count - 1))]
            let incident = "i\(random.number(0...3))"
            let sequence = sequences["\(incident)/\(receiver)", default: 0] + 1
            sequences["\(incident)/\(receiver)"] = sequence
            let at = (plans.last?.at ?? now) + .seconds(random.number(0...3000))
            plans.append(
                (
                    at,
                    .planned(
                        "d\(number)", to: receiver, incident: incident, sequence: sequence,
                        severity: Severity.allCases[random.number(0...2)], at: at)
                ))
        }
        for receiver in receivers {
            lanes[receiver] = CourierLane(receiver: receiver)
            if random.isTrue(percent: 50) {
                let from = now + .seconds(random.number(0...20_000))
                outages[receiver] = (from, from + .seconds(random.number(10...40_000)))
            }
        }
    }

    /// - Returns: whether everything came to an end.
    mutating func run() -> Bool {
        var planned = 0
        for _ in 0..<50_000 {
            while planned < plans.count, plans[planned].at <= now {
                outbox.plan(plans[planned].delivery)
                planned += 1
                for receiver in lanes.keys { lanes[receiver]?.woken() }
            }
            if planned == plans.count, outbox.pending.isEmpty, !lanes.values.contains(where: \.hasUnrecorded) {
                return true
            }
            if random.isTrue(percent: 1) { crash() }
            var waits: [Timestamp?] = []
            for receiver in lanes.keys.sorted() { step(receiver, &waits) }
            // Time passes only while every lane waits.
            guard waits.count == lanes.count else { continue }
            let next = (waits + [planned < plans.count ? plans[planned].at : nil]).compactMap(\.self).min()
            guard let next else { return false }
            now = max(now, next)
            for receiver in lanes.keys { lanes[receiver]?.woken() }
        }
        return false
    }

    private mutating func step(_ receiver: String, _ waits: inout [Timestamp?]) {
        guard var lane = lanes[receiver] else { return }
        defer { lanes[receiver] = lane }
        let action = lane.next(at: now)
        if case .wait(let until, _) = action {
            waits.append(until)
            return
        }
        if random.isTrue(percent: 3) {
            lane.outboxFailed(at: now, jitter: random.fraction())
            return
        }
        switch action {
        case .resume:
            lane.resumed(pausedUntil: outbox.resume(receiver: receiver, at: now), at: now)
        case .look:
            let due = outbox.due(receiver: receiver, at: now).first
            lane.looked(found: due, nextDue: due == nil ? outbox.nextDue(receiver: receiver) : nil)
        case .expedite:
            outbox.expedite(receiver: receiver, at: now)
            lane.expedited()
        case .attempt(let found):
            guard let delivery = outbox.begin(found.id) else {
                lane.vanished()
                return
            }
            let outcome = attempt(delivery)
            unknownAnswers[delivery.id, default: 0] += 1
            lane.answered(delivery, outcome, at: now, jitter: random.fraction())
        case .record(let settlement):
            outbox.finish(settlement.delivery)
            if let end = settlement.pausedUntil { outbox.pauses[receiver] = end }
            lane.recorded()
            if !(settlement.delivery.lastError?.contains("may have arrived") ?? false) {
                unknownAnswers[settlement.delivery.id, default: 0] -= 1
            }
        case .wait:
            break
        }
    }

    /// The receiver's side.
    private mutating func attempt(_ delivery: Delivery) -> DeliveryOutcome {
        if let until = askedToWait[delivery.receiver], now < until {
            violations.append("\(delivery.id) was sent before the time of Retry-After")
        }
        let earlier = deliveries.filter {
            $0.receiver == delivery.receiver && $0.incidentID == delivery.incidentID && $0.sequence < delivery.sequence
        }
        if earlier.contains(where: { outbox[$0.id]?.status == .pending }) {
            violations.append("\(delivery.id) was sent before an earlier message of its incident was done with")
        }
        if let outage = outages[delivery.receiver], outage.from <= now, now < outage.until { return .retry() }
        switch random.number(0...99) {
        case 0..<5:
            return .permanent(reason: "answered 400", acceptedRecipients: [])
        case 5..<15:
            let wish = Duration.seconds(random.number(1...5000))
            askedToWait[delivery.receiver] = now + min(wish, .seconds(3600))
            return .retry(after: wish)
        case 15..<25:
            return .retry()
        case 25..<35:
            arrivals[delivery.id, default: 0] += 1
            return .retry(after: nil, reason: "connection reset", isAmbiguous: true, acceptedRecipients: [])
        default:
            arrivals[delivery.id, default: 0] += 1
            return .delivered
        }
    }

    /// The outbox stays, all else is forgotten.
    private mutating func crash() {
        crashes += 1
        for receiver in lanes.keys { lanes[receiver] = CourierLane(receiver: receiver) }
        // What a receiver asked of the last process, this one knows only if that came to storing it.
        askedToWait = outbox.pauses
    }
}

/// Random numbers that are the same every time (SplitMix64).
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x2545_F491_4F6C_DD1D }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func isTrue(percent: Int) -> Bool { number(0...99) < percent }
    mutating func fraction() -> Double { Double.random(in: 0...1, using: &self) }
}

@Suite("Days of the courier in virtual time")
struct CourierLaneSimulationTests {
    @Test(arguments: 0..<4)
    func `whatever fails, no message is lost, none is doubled without need, and each incident is told in order`(
        batch: UInt64
    ) {
        var crashes = 0
        var doubles = 0
        for seed in (batch * 40)..<(batch * 40 + 40) {
            var simulation = CourierSimulation(seed: seed)
            let isDone = simulation.run()
            #expect(isDone, "seed \(seed): not everything came to an end")
            #expect(simulation.violations == [], "seed \(seed)")
            for delivery in simulation.deliveries {
                let arrivals = simulation.arrivals[delivery.id, default: 0]
                let unknown = simulation.unknownAnswers[delivery.id, default: 0]
                switch simulation.stored[delivery.id]?.status {
                case .delivered: #expect(arrivals >= 1, "seed \(seed): \(delivery.id) never arrived")
                case .failed, .superseded, .standby, .elsewhere: break
                case .pending, nil: Issue.record("seed \(seed): \(delivery.id) was lost")
                }
                #expect(arrivals <= 1 + unknown, "seed \(seed): \(delivery.id) arrived \(arrivals) times")
                doubles += max(0, arrivals - 1)
            }
            crashes += simulation.crashes
        }
        // The simulation is worth something only if these happen.
        #expect(crashes > 5)
        #expect(doubles > 0)
    }
}
