import LockkeeperCore
import LockkeeperNotify

extension AcceptancePlay {
    /// Plays it to its end and says what was not as it should be.
    func played(_ kill: Kill? = nil) -> AcceptancePlay {
        var play = self
        play.kill = kill
        for second in 0...play.length {
            play.second = second
            play.tick()
        }
        play.check()
        return play
    }

    private var mayRun: Bool { absence?.contains(second) != true }

    private func isKilled(_ point: KillPoint, _ receiver: String? = nil) -> Bool {
        kill?.second == second && kill?.point == point && (receiver == nil || kill?.receiver == receiver)
    }

    private mutating func tick() {
        for act in acts[second] ?? [] { perform(act) }
        guard mayRun else { return restart() }
        let change = book.advance(
            events,
            firing: firing.values.sorted {
                "\($0.labels.sorted { $0.key < $1.key })" < "\($1.labels.sorted { $0.key < $1.key })"
            },
            at: now)
        // The trackers' memory is stored with the change: what was not stored they find again.
        if isKilled(.beforeStoring) { return restart() }
        for event in events { stored.runs[event.run.id] = event.run.end == nil ? event.run : nil }
        events = []
        commit(change)
        if isKilled(.beforeSending) { return restart() }
        for receiver in lanes.keys.sorted() where (wakeAt[receiver] ?? now) <= now {
            lanes[receiver]?.woken()
            guard work(receiver) else { return restart() }
        }
        if isKilled(.afterwards) { restart() }
    }

    private mutating func perform(_ act: PlayedAct) {
        switch act {
        case .fires(let alert): firing[alert.labels] = alert
        case .ends(let alert): firing[alert.labels] = nil
        case .run(let event): events.append(event)
        case .silence(let silence): commit(book.add(silence))
        case .expire(let id): book.expire(id, at: now).map { commit($0) }
        case .acknowledge:
            for id in book.open.keys.sorted() { book.acknowledge(id, by: "anna", at: now).map { commit($0) } }
        case .reload(let routes):
            book.policy.routes = routes
            configureLanes()
        }
    }

    private mutating func commit(_ change: StateChange) {
        if !change.isEmpty { busy.insert(second) }
        for incident in change.incidents { stored.incidents[incident.id] = incident }
        for silence in change.silences { stored.silences[silence.id] = silence }
        for delivery in change.deliveries {
            outbox.plan(delivery)
            wakeAt[delivery.receiver] = now
        }
    }

    /// The agent is killed, and started from what is stored.
    private mutating func restart() {
        book = IncidentBook(
            incidents: stored.incidents.values.filter { $0.status == .open || !$0.owed.isEmpty },
            episodes: PastEpisode.newest(of: stored.incidents.values),
            runs: Array(stored.runs.values), silences: stored.silences.values.filter { $0.end > now },
            policy: book.policy)
        lanes = [:]
        configureLanes()
        // What a receiver asked of the last process, this one knows only for the delivery that it asked it of.
        peaceUntil = [:]
    }

    /// Lets a lane work until it waits.
    ///
    /// - Returns: whether the agent still lives.
    private mutating func work(_ receiver: String) -> Bool {
        guard var lane = lanes[receiver] else { return true }
        while true {
            switch lane.next(at: now) {
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
                    continue
                }
                if isKilled(.beforeTheRequest, receiver) { return false }
                let answer = send(delivery)
                if isKilled(.beforeTheAnswerIsStored, receiver) {
                    if answer.isArrival { excused[delivery.id, default: 0] += 1 }
                    return false
                }
                lane.answered(delivery, answer.outcome, at: now, jitter: 1)
            case .record(let settlement):
                outbox.finish(settlement.delivery)
                if let end = settlement.pausedUntil { outbox.pauses[receiver] = end }
                lane.recorded()
            case .wait(let until, _):
                wakeAt[receiver] = until ?? Self.time(length + 1)
                lanes[receiver] = lane
                return true
            }
        }
    }

    /// The receiver's side of an attempt.
    private mutating func send(_ delivery: Delivery) -> ScriptedAnswer {
        let receiver = delivery.receiver
        if let until = peaceUntil[receiver], second < until {
            violations.append("\(second) s: \(receiver) had asked to be left in peace until \(until) s")
        }
        let answer = receivers[receiver]?.answer(at: second) ?? .takes
        attempts[receiver, default: 0] += 1
        busy.insert(second)
        if answer.isArrival { arrived.append(ArrivedMessage(delivery: delivery, second: second)) }
        if answer == .takesAndIsNotHeard { excused[delivery.id, default: 0] += 1 }
        if case .asksToWait(let seconds) = answer { peaceUntil[receiver] = second + seconds }
        return answer
    }
}
