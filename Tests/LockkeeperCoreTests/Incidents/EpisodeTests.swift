import Testing

@testable import LockkeeperCore

/// What receivers correlate by: the same with every agent, and in every episode.
@Suite struct EpisodeTests {
    private static let begin = Timestamp(seconds: 1_764_000_000)
    private static let policy = IncidentPolicy(routes: [Route(receiver: "slack"), Route(receiver: "pager")])

    private func run(_ outcome: Outcome? = nil) -> MigrationRun {
        MigrationRun(
            id: "r1", target: "app", database: "shop", tool: "drizzle", user: "deploy",
            sessions: [.init(pid: 100, backendStart: Self.begin)], begin: Self.begin,
            end: outcome.map { _ in Self.begin + .seconds(90) }, outcome: outcome)
    }

    private func alert(
        _ severity: Severity, run: String? = nil, since: Duration = .zero, saying summary: String = "It is slow"
    ) -> IncidentAlert {
        var labels = ["alertname": "Slow", "severity": severity.rawValue, "target": "app"]
        labels["run"] = run
        return IncidentAlert(
            name: "Slow", severity: severity, labels: labels, annotations: ["summary": summary],
            activeAt: Self.begin + since)
    }

    private typealias Step = (second: Int, events: [RunEvent], firing: [IncidentAlert])

    /// What an agent tells whose clock is ahead by so much and that starts at a step.
    private func told(_ steps: [Step], ahead: Duration = .zero, from first: Int = 0) -> [Delivery] {
        var book = IncidentBook(policy: Self.policy)
        return steps.dropFirst(first).enumerated().flatMap { index, step in
            // Who comes late sees the run as it is then.
            let events = first > 0 && index == 0 && step.events.isEmpty ? [.started(run())] : step.events
            return book.advance(
                events,
                firing: step.firing.map { alert in
                    var alert = alert
                    alert.activeAt = alert.activeAt + ahead
                    return alert
                }, at: Self.begin + .seconds(step.second) + ahead
            ).deliveries
        }
    }

    private var course: [Step] {
        [
            (1, [.started(run())], []), (20, [], [alert(.warning, run: "r1")]), (40, [], [alert(.critical, run: "r1")]),
            (60, [], []), (70, [], []), (80, [], [alert(.warning, run: "r1")]),
            (91, [.ended(run(.committed(versions: [])))], []),
        ]
    }

    @Test func `Two agents give the same news of a run the same ids`() {
        let (one, other) = (told(course), told(course, ahead: .milliseconds(700)))
        #expect(one.count > 8)
        #expect(one.map(\.id) == other.map(\.id))
        #expect(one.map(\.thread) == other.map(\.thread))
        #expect(one.map(\.incidentKey) == other.map(\.incidentKey))
    }

    @Test(arguments: 1..<6)
    func `An agent that comes late gives no other news the id of what was told`(first: Int) {
        let (one, late) = (told(course), told(course, ahead: .milliseconds(700), from: first))
        for delivery in late {
            for same in one where same.id == delivery.id {
                #expect(same.notification.reason == delivery.notification.reason)
                #expect(same.notification.severity == delivery.notification.severity)
                #expect(same.receiver == delivery.receiver)
            }
        }
        #expect(Set(late.map(\.thread)) == Set(one.map(\.thread)))
        let ends = [one, late].map { $0.filter(\.notification.isResolved).map(\.id) }
        #expect(ends[0] == ends[1] && ends[0].count == 2)
        #expect(late.first?.notification.severity == .info || !one.map(\.id).contains(late.first?.id ?? ""))
    }

    @Test func `What is told again later is other news, also from an agent that has not heard of the first time`() {
        let steps: [Step] = [
            (1, [.started(run())], []), (20, [], [alert(.warning, run: "r1")]), (40, [], []), (50, [], []),
            (400, [], []), (500, [], [alert(.warning, run: "r1")]),
        ]
        let (one, late) = (told(steps), told(steps, ahead: .milliseconds(700), from: 4))
        let rises = [one, late].map { $0.filter { $0.notification.reason == .escalated }.map(\.id) }
        #expect(rises.map(\.count) == [4, 2])
        #expect(rises[1] == Array(rises[0].suffix(2)))
        #expect(Set(rises[0]).count == 4)
    }

    @Test func `A clock that is set back gives nothing the id of what was told before`() {
        var book = IncidentBook(policy: Self.policy)
        var ids: [Delivery.ID] = []
        for (number, second) in [0, 200, 260, 320, 200, 260, 320].enumerated() {
            let severity: Severity = number.isMultiple(of: 2) ? .critical : .warning
            ids += book.advance(firing: [alert(severity)], at: Self.begin + .seconds(second)).deliveries.map(\.id)
            ids += book.advance(firing: [alert(severity)], at: Self.begin + .seconds(second + 6)).deliveries.map(\.id)
        }
        #expect(ids.count == 14)
        #expect(Set(ids).count == ids.count)
    }

    @Test func `Two agents give the same news of an alert the same ids, whenever they started`() {
        let steps: [Step] = [
            (1, [], [alert(.warning)]), (30, [], [alert(.critical)]), (60, [], []),
            (400, [], [alert(.warning, since: .seconds(400))]), (460, [], []),
        ]
        let one = told(steps)
        #expect(one.map(\.id) == told(steps, ahead: .milliseconds(700)).map(\.id))
        // One that has seen only the later episode agrees on that.
        var late = IncidentBook(policy: Self.policy)
        let later = steps.suffix(2).flatMap { step in
            late.advance(firing: step.firing, at: Self.begin + .seconds(step.second + 1)).deliveries
        }
        #expect(later.map(\.id) == one.suffix(4).map(\.id))
        #expect(Set(one.map(\.id)).count == one.count)
        #expect(Set(one.map(\.incidentKey)).count == 1)
        #expect(Set(one.map(\.incidentID)).count == 2)
    }

    @Test
    func `An agent that has not seen all episodes gives the news of one the ids that the other gives, and no others`() {
        let steps: [Step] = [
            (1, [], [alert(.warning, since: .seconds(1))]), (20, [], []),
            (120, [], [alert(.warning, since: .seconds(120))]), (140, [], [alert(.critical, since: .seconds(120))]),
            (180, [], []),
        ]
        let (one, late) = (told(steps), told(Array(steps.dropFirst(2))))
        #expect((one.count, late.count) == (10, 6))
        #expect(late.map(\.id) == one.suffix(6).map(\.id))
        #expect(late.map(\.thread) == one.suffix(6).map(\.thread))
        #expect(Set(one.prefix(4).map(\.thread)).isDisjoint(with: late.map(\.thread)))
    }

    @Test func `Agents for which an episode begins in two minutes tell it twice rather than take it for another`() {
        let steps: [Step] = [
            (59, [], [alert(.warning, since: .milliseconds(59_800))]),
            (70, [], [alert(.critical, since: .milliseconds(59_800))]),
            (90, [], []), (150, [], [alert(.warning, since: .seconds(150))]), (170, [], []),
        ]
        let (one, other) = (told(steps), told(steps, ahead: .milliseconds(700)))
        #expect(one.count == other.count)
        for (mine, others) in zip(one, other) where mine.id != others.id {
            #expect(!other.map(\.id).contains(mine.id))
        }
        // They agree again as soon as they can.
        #expect(one.suffix(4).map(\.id) == other.suffix(4).map(\.id))
    }

    @Test func `That something is watched no longer is other news than that it is over`() {
        var (one, other) = (IncidentBook(policy: Self.policy), IncidentBook(policy: Self.policy))
        for index in [0, 1] {
            let at = Self.begin + .seconds(index)
            _ =
                index == 0
                ? one.advance(firing: [alert(.warning)], at: at) : other.advance(firing: [alert(.warning)], at: at)
        }
        let dropped = one.close(targetsOtherThan: [], at: Self.begin + .seconds(9)).deliveries
        let over = other.advance(firing: [], at: Self.begin + .seconds(20)).deliveries
        #expect((dropped.count, over.count) == (2, 2))
        #expect(Set(dropped.map(\.id)).isDisjoint(with: over.map(\.id)))
        #expect(dropped.map(\.thread) == over.map(\.thread))
    }

    @Test func `What comes again within a moment is another episode, also after a new start`() {
        var book = IncidentBook(policy: Self.policy)
        var stored: [Incident.ID: Incident] = [:]
        var ids: [Delivery.ID] = []
        for second in 0..<20 {
            let change = book.advance(
                firing: second.isMultiple(of: 2) ? [alert(.warning)] : [], at: Self.begin + .seconds(second))
            for incident in change.incidents { stored[incident.id] = incident }
            ids += change.deliveries.map(\.id)
            if second.isMultiple(of: 3) {
                book = IncidentBook(
                    incidents: stored.values.filter { $0.status == .open },
                    episodes: PastEpisode.newest(of: stored.values), policy: Self.policy)
            }
        }
        #expect(ids.count == 40)
        #expect(Set(ids).count == 40)
        let episodes = stored.values.sorted { $0.openedAt < $1.openedAt }.map(\.episode)
        #expect(episodes == Array(29_400_000..<29_400_010))
    }

    @Test func `An episode is forgotten only when nothing of it is stored any more`() {
        var book = IncidentBook(policy: Self.policy)
        _ = book.advance([.started(run())], at: Self.begin)
        _ = book.close(targetsOtherThan: [], at: Self.begin + .seconds(9))
        let past = book.pastEpisodes
        book.forgetEpisodes(closedBefore: Self.begin + .seconds(10), exceptOf: past)
        book.forgetEpisodes(closedBefore: Self.begin + .seconds(9), exceptOf: [:])
        #expect(book.pastEpisodes == past)
        book.forgetEpisodes(closedBefore: Self.begin + .seconds(10), exceptOf: [:])
        #expect(book.pastEpisodes.isEmpty)
    }

    // MARK: What is kept beside

    @Test func `Ends that nobody is told of are kept up to a bound, the newest of them`() throws {
        var book = IncidentBook(policy: Self.policy)
        func slot(_ number: Int) -> IncidentAlert {
            var alert = alert(.warning)
            alert.labels["slot"] = String(number)
            return alert
        }
        for number in 0..<150 {
            _ = book.advance(firing: [alert(.warning), slot(number)], at: Self.begin + .seconds(number))
        }
        let ended = try #require(book.open.values.first?.ended)
        #expect(ended.count == Incident.keptEnds)
        // The first was in the message of the beginning.
        #expect(ended.values.map(\.end.at).sorted().prefix(2) == [Self.begin + .seconds(1), Self.begin + .seconds(51)])
    }

    @Test func `Words are stored at once if they are others, and now and then if only their numbers are`() {
        var book = IncidentBook(policy: Self.policy)
        var stored: [Int] = []
        for second in 0..<100 {
            let summary = second < 70 ? "It takes \(Double(second) / 4) s" : "It takes too long"
            let change = book.advance(firing: [alert(.warning, saying: summary)], at: Self.begin + .seconds(second))
            if !change.incidents.isEmpty { stored.append(second) }
        }
        #expect(stored == [0, 31, 62, 70])
    }

    @Test func `Whom only the state concerns needs neither what was meanwhile nor a lapsed acknowledgement`() {
        var policy = Self.policy
        policy.stateReceivers = ["pager"]
        var book = IncidentBook(policy: policy)
        func replaced(_ change: StateChange?) -> [String: Set<Notification.Reason>] {
            Dictionary(
                change?.deliveries.map { ($0.receiver, $0.replaces) } ?? [], uniquingKeysWith: { $0.union($1) })
        }
        let news: Set<Notification.Reason> = [.escalated, .deescalated, .changed, .reminder]
        func at(_ second: Int) -> Timestamp { Self.begin + .seconds(second) }
        #expect(replaced(book.advance(firing: [alert(.info)], at: at(0)))["slack"] == [.reminder])
        let id = book.open.keys.first ?? ""
        #expect(
            replaced(book.acknowledge(id, by: "anna", at: at(1))) == [
                "slack": [.reminder], "pager": [.reminder, .acknowledged],
            ])
        // It becomes worse than what was acknowledged.
        #expect(
            replaced(book.advance(firing: [alert(.critical)], at: at(2)))["pager"] == news.union([.acknowledged]))
        _ = book.acknowledge(id, by: "anna", at: at(3))
        _ = book.advance(firing: [alert(.warning)], at: at(4))
        // Better, and somebody still looks after it: the receiver must be told so.
        #expect(replaced(book.advance(firing: [alert(.warning)], at: at(20)))["pager"] == news)
        #expect(replaced(book.advance(firing: [], at: at(30)))["pager"] == news.union([.acknowledged]))
    }
}
