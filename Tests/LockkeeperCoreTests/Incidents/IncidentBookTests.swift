import LockkeeperCore
import Testing

@Suite struct IncidentBookTests {
    static let begin = Timestamp(seconds: 1_764_000_000)
    var book = IncidentBook(
        policy: IncidentPolicy(
            routes: [
                Route(receiver: "slack", severity: .info),
                Route(receiver: "mail", severity: .critical),
                Route(receiver: "status", severity: .critical, match: ["env": "production"]),
            ], targetLabels: ["app": ["env": "production"]], externalURL: "https://lockkeeper.example.org"))

    private func run(
        _ id: String = "r1", outcome: Outcome? = nil, end: Timestamp? = nil, standing: Standing = Standing()
    )
        -> MigrationRun
    {
        MigrationRun(
            id: id, target: "app", database: "shop", tool: "drizzle", migrations: ["0042_orders"], user: "deploy",
            sessions: [.init(pid: 100, backendStart: Self.begin)], begin: Self.begin, end: end, outcome: outcome,
            standing: standing)
    }

    private func alert(
        _ name: String, _ severity: Severity, run: String? = "r1", target: String = "app", extra: String = ""
    )
        -> IncidentAlert
    {
        var labels = ["alertname": name, "severity": severity.rawValue, "target": target]
        labels["run"] = run
        if !extra.isEmpty { labels["slot"] = extra }
        return IncidentAlert(
            name: name, severity: severity, labels: labels,
            annotations: ["summary": "\(name) summary", "description": "\(name) description", "action": "do it"],
            activeAt: Self.begin)
    }

    private func told(_ change: StateChange) -> [String] {
        change.deliveries.map {
            "\($0.receiver) \($0.notification.reason.rawValue) \($0.notification.severity.rawValue)"
        }
    }

    @Test mutating func `A run is one incident: begun, long, critical, ended, each told to those whom it concerns`() {
        let t = Self.begin
        #expect(told(book.advance([.started(run())], at: t)) == ["slack opened info"])
        #expect(
            told(book.advance(firing: [alert("Long", .warning)], at: t + .seconds(600))) == ["slack escalated warning"])
        #expect(book.advance(firing: [alert("Long", .warning)], at: t + .seconds(601)).isEmpty)
        let critical = [alert("Long", .warning), alert("TooLong", .critical)]
        #expect(
            told(book.advance(firing: critical, at: t + .seconds(1800))) == [
                "slack escalated critical", "mail opened critical", "status opened critical",
            ])
        let end = book.advance(
            [.ended(run(outcome: .committed(versions: ["0042_orders"]), end: t + .seconds(1900)))],
            at: t + .seconds(1902))
        #expect(told(end) == ["mail resolved critical", "slack resolved critical", "status resolved critical"])
        #expect(end.deliveries.allSatisfy { $0.notification.isResolved && $0.notification.duration == .seconds(1900) })
        #expect(Set(end.deliveries.map(\.incidentID)) == ["run-r1"])
        #expect(end.deliveries.first { $0.receiver == "slack" }?.sequence == 4)
        #expect(book.open.isEmpty)
        #expect(
            book.advance(firing: critical, at: t + .seconds(1903)).isEmpty, "alerts of a run that is over add nothing")
    }

    @Test mutating func `A failure is told to receivers of critical incidents that had not heard of the run`() {
        _ = book.advance([.started(run())], at: Self.begin)
        let end = book.advance(
            [.ended(run(outcome: .failed(evidence: "it broke"), end: Self.begin + .seconds(3)))],
            at: Self.begin + .seconds(5))
        #expect(told(end) == ["slack resolved critical", "mail resolved critical", "status resolved critical"])
        #expect(end.deliveries.first?.notification.title == "Migration 0042_orders on app FAILED after 3s")
    }

    @Test mutating func `An end that nobody saw is a warning, not a failure`() {
        _ = book.advance([.started(run())], at: Self.begin)
        let end = book.advance(
            [.ended(run(outcome: .lost(evidence: "nobody knows"), end: Self.begin + .seconds(3)))],
            at: Self.begin + .seconds(5))
        #expect(told(end) == ["slack resolved warning"])
    }

    @Test mutating func `An end too quick to be seen wakes nobody, and is told plainly`() {
        _ = book.advance([.started(run())], at: Self.begin)
        let end = book.advance(
            [.ended(run(outcome: .unseen(evidence: "nothing tells"), end: Self.begin + .milliseconds(5)))],
            at: Self.begin + .seconds(3))
        #expect(told(end) == ["slack resolved info"])
        #expect(
            end.deliveries.first?.notification.title
                == "Migration 0042_orders on app ended after 5ms, too quickly to see its outcome")
    }

    @Test mutating func `A run that is opened anew, its target having been away, does not reuse the ids of deliveries`()
    {
        let first = book.advance([.started(run())], at: Self.begin).deliveries
        _ = book.close(targetsOtherThan: [], at: Self.begin + .seconds(1))
        let second = book.advance([.started(run())], at: Self.begin + .seconds(2)).deliveries
        #expect(Set((first + second).map(\.id)).count == 2)
        #expect(Set((first + second).map(\.thread)).count == 2)
        #expect(Set((first + second).map(\.incidentKey)) == ["run-r1"])
    }

    @Test mutating func `What only the history tells of is one message`() {
        let change = book.advance(
            [.discovered(run(outcome: .committed(versions: ["0042_orders"]), end: Self.begin))], at: Self.begin)
        #expect(told(change) == ["slack resolved info"])
        #expect(change.incidents.map(\.status) == [.closed])
    }

    @Test mutating func `A fall of severity is told when it has settled, and not when the run ends meanwhile`() {
        let t = Self.begin
        _ = book.advance([.started(run())], firing: [alert("Blocked", .warning)], at: t)
        #expect(told(book.advance(firing: [], at: t + .seconds(1))).isEmpty)
        #expect(told(book.advance(firing: [], at: t + .seconds(4))).isEmpty)
        #expect(told(book.advance(firing: [], at: t + .seconds(6))) == ["slack deescalated info"])
        #expect(
            told(book.advance(firing: [alert("Blocked", .warning)], at: t + .seconds(7))) == ["slack escalated warning"]
        )
        _ = book.advance(firing: [], at: t + .seconds(8))
        let end = book.advance(
            [.ended(run(outcome: .committed(versions: []), end: t + .seconds(9)))], at: t + .seconds(10))
        #expect(told(end) == ["slack resolved warning"])
    }

    @Test mutating func `Another alert of no higher severity is told to those who hear of its severity`() {
        _ = book.advance([.started(run())], firing: [alert("TooLong", .critical)], at: Self.begin)
        let change = book.advance(
            firing: [alert("TooLong", .critical), alert("Blocked", .warning)], at: Self.begin + .seconds(1))
        #expect(told(change) == ["slack changed critical"])
    }

    @Test mutating func `Other alerts are grouped by rule and target into incidents of their own`() {
        let t = Self.begin
        let first = book.advance(firing: [alert("TargetDown", .critical, run: nil)], at: t)
        #expect(told(first) == ["slack opened critical", "mail opened critical", "status opened critical"])
        #expect(
            book.advance(
                firing: [
                    alert("TargetDown", .critical, run: nil), alert("TargetDown", .critical, run: nil, extra: "b"),
                ], at: t + .seconds(1)
            ).deliveries.isEmpty)
        #expect(
            book.advance(firing: [alert("TargetDown", .critical, run: nil)], at: t + .seconds(2)).deliveries.isEmpty)
        _ = book.advance(
            firing: [
                alert("TargetDown", .critical, run: nil), alert("TargetDown", .critical, run: nil, target: "other"),
            ],
            at: t + .seconds(3))
        #expect(book.open.count == 2)
        let end = book.advance(firing: [], at: t + .seconds(4))
        #expect(Set(told(end)) == ["slack resolved critical", "mail resolved critical", "status resolved critical"])
        #expect(end.deliveries.count == 5, "status is told of production only")
    }

    @Test
    mutating func `Other alerts of a rule on a target are told half a minute after the first has joined, together`() {
        func at(_ seconds: Int, _ slots: String...) -> [Delivery] {
            // A restart at any time changes nothing.
            book = IncidentBook(incidents: Array(book.open.values), policy: book.policy)
            return book.advance(
                firing: slots.map { alert("SlotLost", .critical, run: nil, extra: $0) },
                at: Self.begin + .seconds(seconds)
            ).deliveries
        }
        #expect(at(0, "a").map(\.notification.reason) == [.opened, .opened, .opened])
        #expect(at(15, "a", "b") == [])
        #expect(at(20, "a", "b", "c") == [])
        #expect(at(44, "a", "b", "c") == [])
        let joined = at(45, "a", "b", "c")
        #expect(joined.map(\.receiver) == ["slack", "mail", "status"])
        #expect(joined.allSatisfy { $0.notification.reason == .changed && $0.notification.alerts.count == 3 })
        #expect(joined.first?.notification.joined == ["SlotLost summary", "SlotLost summary"])
        #expect(at(46, "a", "b", "c", "d") == [])
        #expect(at(75, "a", "b", "c") == [], "what was over soon has not joined")
        #expect(at(100, "b", "c", "d") == [])
        #expect(at(344, "b", "c", "d") == [], "not more than once in five minutes")
        #expect(at(345, "b", "c", "d").map(\.notification.reason) == [.changed, .changed, .changed])
        #expect(at(346, "b") == [])
        #expect(at(347).map(\.notification.reason) == [.resolved, .resolved, .resolved])
    }

    @Test mutating func `What joins after the clock was set back, or in the step of a message, is told all the same`() {
        let (first, second) = (
            alert("SlotLost", .critical, run: nil, extra: "a"), alert("SlotLost", .critical, run: nil, extra: "b")
        )
        for step in [0, -600] {
            var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "slack")]))
            var told: [Notification.Reason] = []
            for (seconds, alerts) in [
                (0, [first]), (step, [first, second]), (31, [first, second]), (99, [first, second]),
            ] {
                if seconds == 0, alerts.count == 2, let id = book.open.keys.first {
                    told +=
                        book.acknowledge(id, by: "anna", at: Self.begin)?.deliveries.map(\.notification.reason) ?? []
                }
                told += book.advance(firing: alerts, at: Self.begin + .seconds(seconds)).deliveries
                    .map(\.notification.reason)
            }
            #expect(told == (step == 0 ? [.opened, .acknowledged, .changed] : [.opened, .changed]))
        }
    }

    @Test func `Alerts that come and go are told every five minutes, and a rise at once`() {
        var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "slack")]))
        var told: [String] = []
        for second in stride(from: 0, through: 1400, by: 5) {
            book = IncidentBook(incidents: Array(book.open.values), policy: book.policy)
            var firing = [alert("SlotLost", .warning, run: nil, extra: "a")]
            if second % 60 >= 20 { firing.append(alert("SlotLost", .warning, run: nil, extra: "b")) }
            if second >= 1000 { firing.append(alert("SlotLost", .critical, run: nil, extra: "c")) }
            for delivery in book.advance(firing: firing, at: Self.begin + .seconds(second)).deliveries {
                told.append("\(second) \(delivery.notification.reason)")
            }
        }
        #expect(
            told == [
                "0 opened", "50 changed", "350 changed", "650 changed", "950 changed", "1000 escalated", "1250 changed",
            ])
    }

    @Test func `What has joined waits no longer for the clock having been set back`() {
        for setBack in [0, 7200] {
            var book = IncidentBook(
                policy: IncidentPolicy(routes: [Route(receiver: "slack", reminderInterval: .seconds(900))]))
            var told: [String] = []
            for second in stride(from: 0, through: 1400, by: 10) {
                // The clock is set back while others have joined.
                let clock = second >= 20 ? second - setBack : second
                var firing = [alert("SlotLost", .critical, run: nil, extra: "a")]
                if second >= 10 { firing.append(alert("SlotLost", .critical, run: nil, extra: "b")) }
                if second >= 100 { firing.append(alert("SlotLost", .critical, run: nil, extra: "c")) }
                book = IncidentBook(incidents: Array(book.open.values), policy: book.policy)
                for delivery in book.advance(firing: firing, at: Self.begin + .seconds(clock)).deliveries {
                    told.append("\(second) \(delivery.notification.reason)")
                }
            }
            let first = setBack == 0 ? 40 : 50
            #expect(told == ["0 opened", "\(first) changed", "\(first + 300) changed", "\(first + 1200) reminder"])
        }
    }

    @Test func `A fall is told though the clock was set back before it had settled`() {
        var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "slack")]))
        let (first, second) = (alert("SlotLost", .critical, run: nil), alert("SlotLost", .warning, run: nil))
        var told: [Notification.Reason] = []
        for (second, firing) in [(0, [first, second]), (10, [second]), (-7200, [second]), (-7194, [second])] {
            told += book.advance(firing: firing, at: Self.begin + .seconds(second)).deliveries
                .map(\.notification.reason)
        }
        #expect(told == [.opened, .deescalated])
    }

    @Test func `An acknowledgement does not tell those whom only the state concerns what has joined`() {
        for isState in [true, false] {
            var book = IncidentBook(
                policy: IncidentPolicy(routes: [Route(receiver: "pager")], stateReceivers: isState ? ["pager"] : []))
            let (first, second) = (
                alert("SlotLost", .critical, run: nil, extra: "a"), alert("SlotLost", .critical, run: nil, extra: "b")
            )
            _ = book.advance(firing: [first], at: Self.begin)
            _ = book.advance(firing: [first, second], at: Self.begin + .seconds(100))
            let id = book.open.keys.first ?? ""
            let acknowledged = book.acknowledge(id, by: "anna", at: Self.begin + .seconds(110))
            #expect(acknowledged.map(told) == ["pager acknowledged critical"])
            book = IncidentBook(incidents: Array(book.open.values), policy: book.policy)
            let change = book.advance(firing: [first, second], at: Self.begin + .seconds(130))
            #expect(told(change) == (isState ? ["pager changed critical"] : []))
            #expect(change.deliveries.first?.notification.joined == (isState ? ["SlotLost summary"] : nil))
            #expect(book.advance(firing: [first, second], at: Self.begin + .seconds(900)).deliveries.isEmpty)
        }
    }

    @Test mutating func `That an alert of lower severity joins is told to those who hear of its severity`() {
        let first = alert("SlotLost", .critical, run: nil, extra: "a")
        let second = alert("SlotLost", .warning, run: nil, extra: "b")
        _ = book.advance(firing: [first], at: Self.begin)
        _ = book.advance(firing: [first, second], at: Self.begin + .seconds(10))
        #expect(
            told(book.advance(firing: [first, second], at: Self.begin + .seconds(40))) == ["slack changed critical"])
    }

    @Test mutating func `A book that is restored goes on as the one that was stored`() {
        let t = Self.begin
        _ = book.advance([.started(run())], firing: [alert("Long", .warning)], at: t)
        var restored = IncidentBook(incidents: Array(book.open.values), runs: [run()], policy: book.policy)
        #expect(restored.advance([.started(run())], firing: [alert("Long", .warning)], at: t + .seconds(1)).isEmpty)
        let end = RunEvent.ended(run(outcome: .committed(versions: []), end: t + .seconds(9)))
        #expect(restored.advance([end], at: t + .seconds(10)) == book.advance([end], at: t + .seconds(10)))
    }

    @Test mutating func `A target that is watched no longer closes its incidents and says so`() {
        _ = book.advance([.started(run())], at: Self.begin)
        let change = book.close(targetsOtherThan: ["other"], at: Self.begin + .seconds(1))
        #expect(told(change) == ["slack resolved info"])
        #expect(change.deliveries.first?.notification.title == "app is no longer watched")
    }

    @Test mutating func `Whoever was told that something began is told how it ended, in any order of events`() {
        var seed: UInt64 = 7
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<300 {
            var book = IncidentBook(policy: self.book.policy)
            var now = Self.begin
            var begun: [String: Set<String>] = [:]
            var sequences: [String: Int] = [:]
            func note(_ change: StateChange) {
                for delivery in change.deliveries {
                    let lane = "\(delivery.receiver) \(delivery.incidentID)"
                    #expect(delivery.sequence == sequences[lane, default: 0] + 1)
                    sequences[lane] = delivery.sequence
                    if delivery.notification.isResolved {
                        begun[delivery.incidentID]?.remove(delivery.receiver)
                    } else {
                        begun[delivery.incidentID, default: []].insert(delivery.receiver)
                    }
                }
            }
            note(book.advance([.started(run())], at: now))
            for _ in 0..<random(20) {
                now = now + .seconds(1 + random(8))
                var firing: [IncidentAlert] = []
                if random(2) == 0 { firing.append(alert("Long", .warning)) }
                if random(3) == 0 { firing.append(alert("TooLong", .critical)) }
                if random(3) == 0 { firing.append(alert("TargetDown", .critical, run: nil)) }
                if random(4) == 0 {
                    book = IncidentBook(incidents: Array(book.open.values), runs: [run()], policy: book.policy)
                }
                note(book.advance(firing: firing, at: now))
            }
            note(book.advance([.ended(run(outcome: .committed(versions: []), end: now))], firing: [], at: now))
            #expect(begun.values.allSatisfy { $0.isEmpty })
            #expect(book.open.isEmpty)
        }
    }

    @Test func `A run in words says who is in its way, whom it holds up and what to do`() {
        let t = Self.begin
        let blocker = Blocker(
            pid: 50, user: "ana", applicationName: "reports", state: .idleInTransaction,
            transactionStart: t - .seconds(600),
            stateChange: t - .seconds(500), query: "select * from orders where email = ?")
        let standing = Standing(
            state: .blocked, waitingSince: t, waitingFor: "ACCESS EXCLUSIVE on public.orders", rootBlockers: [blocker],
            blockedSessions: 3, blockedSince: t + .seconds(2))
        let description = RunDescription(run(standing: standing), at: t + .seconds(125))
        #expect(
            description.title
                == "Migration 0042_orders on app is blocked by pid 50 (idle in transaction) for 2m 5s, holding up 3 sessions"
        )
        let facts = description.facts(labels: [:])
        #expect(
            facts.actions.map(\.command).prefix(2) == [
                "SELECT pg_cancel_backend(100)", "SELECT pg_terminate_backend(50)",
            ])
        #expect(
            facts.details.contains { $0.name == "Its last query" && $0.value == "select * from orders where email = ?" }
        )
    }
}
