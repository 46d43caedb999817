import LockkeeperCore
import LockkeeperStore
import Testing

/// Messages that need not be sent any more, and the order between the episodes of one incident.
@Suite("The newest state wins in the store")
struct StoreSupersessionTests {
    let folder: TemporaryFolder
    let store: Store

    init() async throws {
        folder = try TemporaryFolder()
        store = try await Store.open(folder.state)
    }

    private func message(
        _ id: String, _ reason: Notification.Reason, replaces: Set<Notification.Reason> = [.reminder],
        incident: String = "run-1", key: String? = nil, receiver: String = "slack", severity: Severity = .warning,
        correlation: Correlation = .none, at time: Timestamp = .noon
    ) -> Delivery {
        var notification = Notification.example(incident: incident, reason: reason, severity: severity)
        if let key { notification.incidentKey = key }
        notification.thread = "\(incident) to \(receiver)"
        return Delivery(
            id: id, incidentID: incident, receiver: receiver, sequence: 1, notification: notification,
            replaces: replaces, correlation: correlation, plannedAt: time)
    }

    private func due(at time: Timestamp = .noon) async throws -> [String] {
        try await store.due(receiver: "slack", at: time, limit: 9).map(\.id)
    }

    /// Plans messages while another agent tells.
    private func follow(_ deliveries: Delivery...) async throws {
        try await store.commit(StateChange(deliveries: deliveries), standby: StandbyOrders(following: ["app"]))
    }

    private func turn(tells: Bool, at time: Timestamp) async throws {
        try await store.commit(
            StateChange(),
            standby: StandbyOrders(
                following: tells ? [] : ["app"], turns: [.init(target: "app", tells: tells, at: time)]))
    }

    private func statuses() async throws -> [String: Delivery.Status] {
        Dictionary(uniqueKeysWithValues: try await store.deliveries(limit: 1000).map { ($0.id, $0.status) })
    }

    private func plan(_ deliveries: Delivery...) async throws -> [String: Int] {
        try await store.commit(StateChange(deliveries: deliveries))
    }

    // MARK: Other episodes

    /// Tries what is due, in vain.
    private func fail(times: Int, _ expected: [String]) async throws {
        for attempt in 1...times {
            let due = try await store.due(receiver: "slack", at: .noon, limit: 9).map(\.id)
            #expect(due == expected, "\(attempt)")
            let begun = try await store.begin(try #require(due.first), at: .noon + .seconds(attempt))
            try await store.finish(try #require(begun).toRetry(at: .noon))
        }
    }

    private func deliver(_ id: String, at time: Timestamp) async throws {
        let begun = try #require(try await store.begin(id, at: time))
        try await store.finish(begun.delivered(at: time))
    }

    @Test(arguments: Correlation.allCases)
    func
        `a message that the receiver cannot digest, though it takes others, holds back its own incident and no later one`(
            correlation: Correlation
        ) async throws
    {
        _ = try await plan(
            message("a1", .opened, key: "alert-x"), message("a2", .resolved, key: "alert-x"),
            message("b1", .opened, incident: "run-2", key: "alert-x", correlation: correlation),
            message("b2", .resolved, incident: "run-2", key: "alert-x", correlation: correlation))
        if correlation == .stateOnly {
            // The beginning of the next says how things stand.
            #expect(try await due() == ["b1"])
            return
        }
        try await fail(times: 10, ["a1"])
        // It may be the receiver, as long as it takes nothing else.
        #expect(try await due() == ["a1"])
        _ = try await plan(message("c1", .opened, incident: "run-3"))
        try await deliver("c1", at: .noon + .seconds(11))
        #expect(try await due() == ["a1", "b1"])
        try await deliver("b1", at: .noon + .seconds(12))
        // Whoever goes by the key must not hear now of an end: it would be taken for that of what goes on.
        #expect(try await due() == (correlation == .none ? ["a1", "b2"] : ["b2"]))
    }

    @Test func `a receiver that takes nothing for hours is told in order, and for a day it is not the message's fault`()
        async throws
    {
        _ = try await plan(
            message("a1", .resolved, key: "alert-x"), message("b1", .opened, incident: "run-2", key: "alert-x"))
        try await fail(times: 100, ["a1"])
        #expect(try await due() == ["a1", "b1"])
    }

    @Test func `where only the state counts, the next episode makes needless what is not sent of the last`()
        async throws
    {
        _ = try await plan(
            message("a1", .opened, key: "alert-x", receiver: "pager", correlation: .stateOnly),
            message("h1", .opened, key: "alert-x", receiver: "hook", correlation: .everyMessage))
        let counts = try await plan(
            message("a2", .resolved, key: "alert-x", receiver: "pager", correlation: .stateOnly),
            message("h2", .resolved, key: "alert-x", receiver: "hook", correlation: .everyMessage),
            message("b1", .opened, incident: "run-2", key: "alert-x", receiver: "pager", correlation: .stateOnly),
            message("i1", .opened, incident: "run-2", key: "alert-x", receiver: "hook", correlation: .everyMessage))
        #expect(counts == ["pager": 2])
        #expect(
            try await statuses() == [
                "a1": .superseded, "a2": .superseded, "b1": .pending, "h1": .pending, "h2": .pending, "i1": .pending,
            ])
    }

    // MARK: Two agents

    @Test func `what an agent that follows owes of an earlier episode is left to who tells of the next`() async throws {
        _ = try await plan(
            message("a1", .resolved, key: "alert-x", receiver: "pager", correlation: .stateOnly),
            message("h1", .resolved, key: "alert-x", receiver: "hook", correlation: .everyMessage),
            message("m1", .resolved, key: "alert-x", receiver: "mail"),
            message("c1", .resolved, key: "alert-y", receiver: "pager", correlation: .stateOnly))
        try await follow(
            message("b1", .opened, incident: "run-2", key: "alert-x", receiver: "pager", correlation: .stateOnly),
            message("i1", .opened, incident: "run-2", key: "alert-x", receiver: "hook", correlation: .everyMessage),
            message("m2", .opened, incident: "run-2", key: "alert-x", receiver: "mail"))
        #expect(
            try await statuses() == [
                "a1": .elsewhere, "b1": .standby, "h1": .elsewhere, "i1": .standby, "m1": .pending, "m2": .standby,
                "c1": .pending,
            ])
    }

    @Test(arguments: [Correlation.everyMessage, .stateOnly])
    func `a leader that is cut off sends no end of old, once it follows`(correlation: Correlation) async throws {
        try await store.commit(StateChange(incidents: [.example("run-1", closedAt: .noon), .example("run-2")]))
        _ = try await plan(
            message("a1", .opened, key: "alert-x", correlation: correlation),
            message("a2", .resolved, key: "alert-x", correlation: correlation),
            message("b1", .opened, incident: "run-2", key: "alert-x", correlation: correlation))
        try await turn(tells: false, at: .noon)
        #expect(try await due() == [])
        #expect(try await statuses()["b1"] == .standby)
    }

    @Test func `who takes over does not close what goes on, in the middle of the next episode`() async throws {
        try await store.commit(StateChange(incidents: [.example("run-1", closedAt: .noon), .example("run-2")]))
        try await follow(
            message("a1", .opened, key: "alert-x", correlation: .stateOnly),
            message("a2", .resolved, key: "alert-x", correlation: .stateOnly),
            message("b1", .opened, incident: "run-2", key: "alert-x", correlation: .stateOnly))
        try await turn(tells: true, at: .noon + .seconds(5))
        #expect(try await due(at: .noon + .seconds(5)) == ["b1"])
    }

    @Test(arguments: Correlation.allCases)
    func `who told of a begin, and left its end to a leader that says nothing, tells the end of the next episode`(
        correlation: Correlation
    ) async throws {
        _ = try await plan(message("a1", .opened, key: "alert-x", correlation: correlation))
        try await deliver("a1", at: .noon)
        _ = try await plan(message("a2", .resolved, key: "alert-x", correlation: correlation))
        try await follow(message("b1", .opened, incident: "run-2", key: "alert-x", correlation: correlation))
        try await follow(message("b2", .resolved, incident: "run-2", key: "alert-x", correlation: correlation))
        #expect(try await due() == (correlation == .none ? ["a2"] : ["b2"]))
        if correlation != .none { try await deliver("b2", at: .noon) }
        // That is told, and what comes then is the leader's.
        try await follow(
            message("c1", .opened, incident: "run-3", key: "alert-x", correlation: correlation),
            message("c2", .resolved, incident: "run-3", key: "alert-x", correlation: correlation))
        #expect(try await due() == (correlation == .none ? ["a2"] : []))
    }

    /// Seconds from when the end is planned to when it is told, and from then to the next episode.
    @Test(arguments: [(61, 300, true), (59, 300, false), (900, 3500, true), (900, 3700, false)])
    func `who told an end late, and may have closed what another had told of, tells of the next episode, too`(
        delay: Int, pause: Int, isTold: Bool
    ) async throws {
        _ = try await plan(
            message("a1", .resolved, key: "alert-x", correlation: .stateOnly),
            message("m1", .resolved, key: "alert-x", receiver: "mail"))
        for id in ["a1", "m1"] { try await deliver(id, at: .noon + .seconds(delay)) }
        let next = Timestamp.noon + .seconds(delay + pause)
        try await follow(
            message("b1", .opened, incident: "run-2", key: "alert-x", correlation: .stateOnly, at: next),
            message("m2", .opened, incident: "run-2", key: "alert-x", receiver: "mail", at: next))
        #expect(try await due(at: next) == (isTold ? ["b1"] : []))
        #expect(try await statuses()["m2"] == .standby)
    }

    @Test func `an answer that comes when the message is for another to send is kept, and with it the reference`()
        async throws
    {
        try await store.commit(StateChange(incidents: [.example("run-1")]))
        _ = try await plan(message("a1", .opened))
        var begun = try #require(try await store.begin("a1", at: .noon))
        try await turn(tells: false, at: .noon)
        try await follow(message("a2", .escalated))
        #expect(try await statuses() == ["a1": .elsewhere, "a2": .standby])
        begun.reference = ReceiverReference(["ts": "1"])
        try await store.finish(begun.delivered(at: .noon))
        #expect(try await statuses()["a1"] == .delivered)
        try await turn(tells: true, at: .noon)
        #expect(try await store.begin("a2", at: .noon)?.reference == ReceiverReference(["ts": "1"]))
    }

    @Test func `a message that is to be sent makes needless what was on standby before, whomever that was for`()
        async throws
    {
        _ = try await store.commit(
            StateChange(deliveries: [message("a1", .opened)]), standby: StandbyOrders(following: ["app"]))
        _ = try await plan(message("a2", .changed))
        #expect(try await statuses() == ["a1": .elsewhere, "a2": .pending])
    }

    // MARK: Supersession

    @Test func `a reminder that is not sent yet gives way to whatever is newer, of the same incident and receiver`()
        async throws
    {
        let counts = try await plan(
            message("a1", .opened), message("a2", .reminder), message("b2", .reminder, incident: "run-2"),
            message("m2", .reminder, receiver: "mail"), message("a3", .reminder), message("a4", .escalated))
        #expect(counts == ["slack": 2])
        #expect(
            try await statuses() == [
                "a1": .pending, "a2": .superseded, "a3": .superseded, "a4": .pending, "b2": .pending, "m2": .pending,
            ])
        #expect(try await store.outboxSummary().map(\.pending) == [1, 3])
        #expect(try await store.begin("a2", at: .noon) == nil)
        #expect(try await store.deliveries(DeliveryFilter(status: .superseded)).map(\.finishedAt) == [.noon, .noon])
    }

    @Test func `what replaces all in between leaves the beginning and the end`() async throws {
        let all: Set<Notification.Reason> = [.escalated, .deescalated, .changed, .reminder, .acknowledged]
        _ = try await plan(
            message("a1", .opened), message("a2", .escalated, replaces: all), message("a3", .acknowledged),
            message("a4", .resolved, replaces: all), message("a5", .opened, replaces: all))
        #expect(
            try await statuses() == [
                "a1": .pending, "a2": .superseded, "a3": .superseded, "a4": .pending, "a5": .pending,
            ])
    }

    @Test func `planned again, a message makes nothing newer needless`() async throws {
        let first = message("a1", .reminder)
        _ = try await plan(first)
        _ = try await plan(message("a2", .reminder))
        #expect(try await plan(first) == [:])
        #expect(try await statuses() == ["a1": .superseded, "a2": .pending])
    }

    @Test func `what stands by makes nothing needless that is to be sent`() async throws {
        _ = try await plan(message("a1", .reminder))
        try await store.commit(
            StateChange(deliveries: [message("a2", .escalated)]), standby: StandbyOrders(following: ["app"]))
        #expect(try await statuses()["a1"] == .pending)
    }

    enum Ending: CaseIterable { case delivered, retried, refused }

    @Test(arguments: Ending.allCases)
    func `one that is superseded while it is under way is delivered, or never tried again`(ending: Ending) async throws
    {
        _ = try await plan(message("a1", .reminder))
        var begun = try #require(try await store.begin("a1", at: .noon))
        _ = try await plan(message("a2", .resolved))
        switch ending {
        case .delivered: begun = begun.delivered(at: .noon + .seconds(3))
        case .retried: begun = begun.toRetry(at: .noon + .seconds(5))
        case .refused: begun.status = .failed
        }
        try await store.finish(begun)
        let stored = try #require(try await store.deliveries().first { $0.id == "a1" })
        #expect(stored.status == (ending == .delivered ? .delivered : .superseded))
        #expect(stored.finishedAt == (ending == .delivered ? .noon + .seconds(3) : .noon))
        #expect(try await store.due(receiver: "slack", at: .noon + .seconds(9), limit: 9).map(\.id) == ["a2"])
    }

    @Test func `what was superseded goes with its incident`() async throws {
        try await store.commit(StateChange(incidents: [.example(closedAt: .noon)]))
        _ = try await plan(message("a1", .reminder), message("a2", .resolved))
        let begun = try #require(try await store.begin("a2", at: .noon))
        try await store.finish(begun.delivered(at: .noon))
        try await store.prune(before: .noon + .seconds(1))
        #expect(try await store.deliveries() == [])
        #expect(try await store.incidents() == [])
    }

    // MARK: Order between episodes

    @Test func `the next episode begins with a receiver when it has been told the end of the last, or not at all`()
        async throws
    {
        _ = try await plan(
            message("a1", .resolved, incident: "alert-1", key: "alert"),
            message("b1", .opened, incident: "alert-2", key: "alert", severity: .critical),
            message("c1", .opened, incident: "alert-3", key: "other", severity: .info))
        let begun = try #require(try await store.begin("a1", at: .noon))
        try await store.finish(begun.toRetry(at: .noon + .seconds(60)))
        func due() async throws -> [String] {
            try await store.due(receiver: "slack", at: .noon + .seconds(30), limit: 9).map(\.id)
        }
        #expect(try await due() == ["c1"])
        #expect(try await store.nextDue(receiver: "slack") == .noon)
        try await store.finish(begun.delivered(at: .noon + .seconds(20)))
        #expect(try await due() == ["b1", "c1"])
    }

    // MARK: Episodes

    @Test func `the newest episode of each key is known after a new start, for as long as anything of it is stored`()
        async throws
    {
        var incidents = (0..<3).map { Incident.example("alert-\($0)", run: nil, closedAt: .noon + .seconds($0)) }
        for index in incidents.indices { incidents[index].episode = 7 + index }
        let key = incidents[0].key
        let last = message("a1", .resolved, incident: "alert-2", key: key)
        try await store.commit(StateChange(incidents: incidents + [.example()], deliveries: [last]))
        let reopened = try await Store.open(folder.afterCrash().state)
        #expect(try await reopened.load().episodes[key] == PastEpisode(number: 9, closedAt: .noon + .seconds(2)))
        // Its delivery ends long after it, and goes later.
        let begun = try #require(try await reopened.begin("a1", at: .noon))
        try await reopened.finish(begun.delivered(at: .noon + .seconds(900)))
        try await reopened.prune(before: .noon + .seconds(800))
        #expect(try await reopened.episodes()[key]?.number == 9)
        try await reopened.prune(before: .noon + .seconds(901))
        #expect(try await reopened.episodes().keys.sorted() == ["run-1"])
    }

    @Test(arguments: [true, false])
    func `an incident that is taken up again loses no message to what was sent before`(isRun: Bool) async throws {
        let policy = IncidentPolicy(routes: [Route(receiver: "slack")])
        var planned = 0
        for life in 0..<4 {
            // Each time after a new start.
            let state = try await store.load()
            var book = IncidentBook(incidents: state.unfinishedIncidents, episodes: state.episodes, policy: policy)
            let now = Timestamp.noon + .seconds(life)
            let alert = IncidentAlert(
                name: "Down", severity: .warning, labels: ["target": "app"], annotations: [:], activeAt: .noon)
            let changes = [
                isRun ? book.advance([.started(.example())], at: now) : book.advance(firing: [alert], at: now),
                book.close(targetsOtherThan: [], at: now),
            ]
            for change in changes {
                planned += change.deliveries.count
                try await store.commit(change)
            }
            for _ in 0..<2 {
                let due = try #require(try await store.due(receiver: "slack", at: now, limit: 1).first)
                let begun = try #require(try await store.begin(due.id, at: now))
                try await store.finish(begun.delivered(at: now))
            }
        }
        #expect(planned == 8)
        #expect(try await store.deliveries().count == 8)
        #expect(try await Set(store.deliveries().map(\.incidentKey)).count == 1)
    }
}
