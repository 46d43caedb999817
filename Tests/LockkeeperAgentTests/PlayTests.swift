import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// Who is told what, and when: the shipped rules over a pretended server, in virtual time.
///
/// One after the other, since each computes all the time, and the agents of other tests share the threads.
@Suite(.serialized) struct PlayTests {
    private static let begin = Duration.minutes(1)

    @Test func `A Drizzle run is told at once, as long at 10 minutes, as critical at 30, and how it ended`()
        async throws
    {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect(
            "slack", .opened, .info, between: Self.begin, and: Self.begin + .milliseconds(400),
            saying: "0002_order_note")
        play.expect(
            "slack", .escalated, .warning, between: Self.begin + .minutes(10), and: Self.begin + .seconds(602),
            saying: "is running for 10m", lasting: .minutes(10))
        play.expect(
            "slack", .escalated, .critical, between: Self.begin + .minutes(30), and: Self.begin + .seconds(1802),
            lasting: .minutes(30))
        play.expect("mail", .opened, .critical, between: Self.begin + .minutes(30), and: Self.begin + .seconds(1802))
        let end = Self.begin + .minutes(41)
        play.at(end) { $0.server.commitDrizzle(rows: 3) }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .resolved, between: end, and: end + .seconds(4), saying: "0002_order_note",
                lasting: .minutes(41))
        }
        let record = try await play.perform(until: end + .minutes(3))
        #expect(record.discrepancies == [])
        #expect(record.failures == [])
        #expect(record.incidents.count == 1)
        #expect(record.endedRuns.map(\.outcome) == [.committed(versions: ["0002_order_note"])])
        #expect(record.endedRuns.map(\.tool) == ["drizzle"])
    }

    @Test(arguments: [Duration.minutes(9), .minutes(29)])
    func `A restart of the agent loses nothing and doubles nothing`(restart: Duration) async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.at(Self.begin + restart) { $0.killAgent() }
        play.at(Self.begin + restart + .seconds(15)) { try $0.startAgent() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.expect(
            "slack", .escalated, .warning, between: Self.begin + .minutes(10), and: Self.begin + .seconds(602))
        play.expect(
            "slack", .escalated, .critical, between: Self.begin + .minutes(30), and: Self.begin + .seconds(1802))
        play.expect("mail", .opened, .critical, between: Self.begin + .minutes(30), and: Self.begin + .seconds(1802))
        let end = Self.begin + .minutes(35)
        play.at(end) { $0.server.commitDrizzle(rows: 3) }
        for receiver in ["slack", "mail"] {
            play.expect(receiver, .resolved, between: end, and: end + .seconds(4), lasting: .minutes(35))
        }
        let record = try await play.perform(until: end + .minutes(1))
        #expect(record.discrepancies == [])
        #expect(record.incidents.count == 1)
        #expect(record.endedRuns.count == 1)
    }

    @Test func `A rule that wants ten minutes fires at minute 10 though the agent was restarted at minute 9`()
        async throws
    {
        let patient = try shippedRules {
            $0.replacing(
                "expr: lockkeeper_migration_duration_seconds > 600",
                with: "expr: lockkeeper_migration_duration_seconds > 0\n        for: 10m")
        }
        #expect(patient != (try shippedRules()))
        var play = try Play.shipped(rules: patient)
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.at(Self.begin + .minutes(9)) { $0.killAgent() }
        play.at(Self.begin + .minutes(9) + .seconds(15)) { try $0.startAgent() }
        play.expect(
            "slack", .escalated, .warning, between: Self.begin + .minutes(10), and: Self.begin + .seconds(603))
        let end = Self.begin + .minutes(11)
        play.at(end) { $0.server.commitDrizzle(rows: 3) }
        play.expect("slack", .resolved, between: end, and: end + .seconds(4))
        let record = try await play.perform(until: end + .seconds(30))
        #expect(record.discrepancies == [])
    }

    @Test func `What falls due while the agent is away is told when it is back, and only that`() async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.at(Self.begin + .minutes(8)) { $0.killAgent() }
        play.at(Self.begin + .minutes(31)) { try $0.startAgent() }
        // Both rules hold at once: one message, of the higher severity.
        let back = Self.begin + .minutes(31)
        play.expect("slack", .escalated, .critical, between: back, and: back + .seconds(1), lasting: .minutes(31))
        play.expect("mail", .opened, .critical, between: back, and: back + .seconds(1))
        play.at(Self.begin + .minutes(32)) { $0.killAgent() }
        play.at(Self.begin + .minutes(33)) { $0.server.commitDrizzle(rows: 3) }
        play.at(Self.begin + .minutes(36)) { try $0.startAgent() }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .resolved, between: Self.begin + .minutes(36), and: Self.begin + .minutes(36) + .seconds(5),
                saying: "0002_order_note", lasting: .minutes(33))
        }
        let record = try await play.perform(until: Self.begin + .minutes(37))
        #expect(record.discrepancies == [])
        #expect(record.endedRuns.map(\.outcome) == [.committed(versions: ["0002_order_note"])])
    }

    @Test func `A run that waits for a lock for 30 seconds is a warning, and settles once it goes on`() async throws {
        var play = try Play.shipped()
        play.at(.zero) { scene in
            scene.server.connect(50, application: "reports", user: "ana")
            scene.server.run(50, "select * from orders")
            scene.server.finish(50, inTransaction: true)
        }
        play.at(Self.begin) { scene in
            scene.server.connect(100)
            scene.server.run(100, "ALTER TABLE orders ADD COLUMN note text", transactionID: 900)
            scene.server.block(100, behind: 50, on: "public.orders")
        }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.expect(
            "slack", .escalated, .warning, between: Self.begin + .seconds(30), and: Self.begin + .seconds(32),
            saying: "pid 50")
        let free = Self.begin + .seconds(50)
        play.at(free) { scene in
            scene.server.disconnect(50)
            scene.server.run(100, "UPDATE orders SET note = ''")
            scene.server.locks.removeAll { !$0.isGranted }
            scene.server.sessions[100]?.waitEventType = nil
        }
        play.expect("slack", .deescalated, .info, between: free + .seconds(5), and: free + .seconds(7))
        play.at(Self.begin + .seconds(90)) { scene in
            scene.server.finish(100)
            scene.server.fates[900] = .committed
        }
        play.expect(
            "slack", .resolved, between: Self.begin + .seconds(91), and: Self.begin + .seconds(95),
            lasting: .seconds(90))
        let record = try await play.perform(until: Self.begin + .minutes(3))
        #expect(record.discrepancies == [])
        #expect(record.incidents.count == 1)
    }

    @Test func `A wait that is over within the settling time is not told twice`() async throws {
        var play = try Play.shipped()
        play.at(.zero) { scene in
            scene.server.connect(50, application: "reports", user: "ana")
            scene.server.run(50, "select * from orders")
            scene.server.finish(50, inTransaction: true)
        }
        play.at(Self.begin) { scene in
            scene.server.connect(100)
            scene.server.run(100, "ALTER TABLE orders ADD COLUMN note text", transactionID: 900)
            scene.server.block(100, behind: 50, on: "public.orders")
        }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.expect("slack", .escalated, .warning, between: Self.begin + .seconds(30), and: Self.begin + .seconds(32))
        play.at(Self.begin + .seconds(40)) { scene in
            scene.server.disconnect(50)
            scene.server.finish(100)
            scene.server.fates[900] = .committed
        }
        // The warning is over with the run, and its end is all there is to say.
        play.expect(
            "slack", .resolved, between: Self.begin + .seconds(41), and: Self.begin + .seconds(45),
            lasting: .seconds(40))
        let record = try await play.perform(until: Self.begin + .minutes(2))
        #expect(record.discrepancies == [])
    }

    @Test func `A run that holds up sessions for 15 seconds is critical, names how many, and settles when they go on`()
        async throws
    {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        let queue = Self.begin + .seconds(10)
        play.at(queue) { scene in
            for pid: Int32 in [201, 202, 203] {
                scene.server.connect(pid, application: "web", user: "shop")
                scene.server.run(pid, "select * from orders where id = 1")
                scene.server.block(pid, behind: 100, mode: .accessShare, on: "public.orders")
            }
        }
        for (receiver, reason) in [("slack", Notification.Reason.escalated), ("mail", .opened)] {
            play.expect(
                receiver, reason, .critical, between: queue + .seconds(15), and: queue + .seconds(17),
                saying: "holding up 3 sessions")
        }
        play.at(queue + .seconds(60)) { scene in
            for pid: Int32 in [201, 202, 203] { scene.server.finish(pid) }
        }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .deescalated, .info, between: queue + .seconds(65), and: queue + .seconds(67))
        }
        play.at(queue + .seconds(90)) { $0.server.commitDrizzle(rows: 3) }
        for receiver in ["slack", "mail"] {
            play.expect(receiver, .resolved, .info, between: queue + .seconds(90), and: queue + .seconds(94))
        }
        let record = try await play.perform(until: queue + .minutes(3))
        #expect(record.discrepancies == [])
        #expect(record.incidents.map(\.peak) == [.critical])
    }

    @Test func `A transaction that its client leaves open is told as idle after half a minute`() async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.at(Self.begin + .seconds(1)) { $0.server.finish(100, inTransaction: true) }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.expect(
            "slack", .escalated, .warning, between: Self.begin + .seconds(31), and: Self.begin + .seconds(36),
            saying: "idle in its transaction")
        play.at(Self.begin + .seconds(60)) { scene in
            scene.server.disconnect(100)
            scene.server.fates[900] = .aborted
        }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .resolved, .critical, between: Self.begin + .seconds(60),
                and: Self.begin + .seconds(65), saying: "cancelled")
        }
        let record = try await play.perform(until: Self.begin + .minutes(3))
        #expect(record.discrepancies == [])
    }

    @Test
    func `A target that does not answer is told, freezes what was known, and nothing is over before it is seen to be`()
        async throws
    {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.expect("slack", .escalated, .warning, between: Self.begin + .minutes(10), and: Self.begin + .seconds(602))
        let silence = Self.begin + .minutes(12)
        play.at(silence) { $0.isServerAnswering = false }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .opened, .critical, between: silence + .seconds(15), and: silence + .seconds(17),
                saying: "does not answer")
        }
        // In the silence half an hour of the run passes, and nobody can say so.
        let back = Self.begin + .minutes(33)
        play.at(back) { $0.isServerAnswering = true }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .resolved, between: back, and: back + .seconds(2), saying: "TargetDown", lasting: .minutes(21)
            )
        }
        play.expect("slack", .escalated, .critical, between: back, and: back + .seconds(2), lasting: .minutes(33))
        play.expect("mail", .opened, .critical, between: back, and: back + .seconds(2), saying: "0002_order_note")
        let end = Self.begin + .minutes(34)
        play.at(end) { $0.server.commitDrizzle(rows: 3) }
        for receiver in ["slack", "mail"] {
            play.expect(receiver, .resolved, between: end, and: end + .seconds(4), lasting: .minutes(34))
        }
        let record = try await play.perform(until: end + .minutes(1))
        #expect(record.discrepancies == [])
        #expect(record.incidents.count == 2)
    }

    @Test func `A run that ends while the target is out of reach is told when it is back`() async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.at(Self.begin + .seconds(30)) { $0.isServerAnswering = false }
        play.at(Self.begin + .seconds(34)) { $0.server.commitDrizzle(rows: 3) }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .opened, .critical, between: Self.begin + .seconds(45), and: Self.begin + .seconds(47),
                saying: "does not answer")
        }
        let back = Self.begin + .minutes(3)
        play.at(back) { $0.isServerAnswering = true }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .resolved, .critical, between: back, and: back + .seconds(2), saying: "TargetDown")
        }
        play.expect(
            "slack", .resolved, .info, between: back, and: back + .seconds(4), saying: "0002_order_note",
            lasting: .seconds(34))
        let record = try await play.perform(until: back + .minutes(1))
        #expect(record.discrepancies == [])
        #expect(record.endedRuns.count == 1)
    }

    @Test func `A run that fails is one critical message for everybody, and the rule about failures adds none`()
        async throws
    {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        let end = Self.begin + .seconds(20)
        play.at(end) { $0.server.failDrizzle() }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .resolved, .critical, between: end, and: end + .seconds(5), saying: "FAILED",
                lasting: .seconds(20))
        }
        play.at(end + .minutes(2)) { $0.killAgent() }
        play.at(end + .minutes(3)) { try $0.startAgent() }
        let record = try await play.perform(until: end + .minutes(6))
        #expect(record.discrepancies == [])
        #expect(record.incidents.count == 1)
        #expect(record.endedRuns.map { $0.outcome?.label } == ["failed"])
    }

    @Test func `A migration too quick for any look is one message, by its row in the history`() async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.history = [Stage.drizzleHistory(rows: 3)] }
        play.expect(
            "slack", .resolved, .info, between: Self.begin, and: Self.begin + .seconds(6), saying: "0002_order_note")
        let record = try await play.perform(until: Self.begin + .minutes(2))
        #expect(record.discrepancies == [])
        #expect(record.incidents.map(\.status) == [.closed])
        #expect(record.endedRuns.map(\.outcome) == [.committed(versions: ["0002_order_note"])])
    }

    @Test func `Two runs at once are two incidents, each with its own begin and end`() async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle(100) }
        play.at(Self.begin + .minutes(5)) { scene in
            scene.server.connect(300, application: "psql", user: "dba", address: "10.0.0.9")
            scene.server.run(300, "CREATE INDEX ON customers (name)", transactionID: 901)
            scene.server.hold(300, .share, on: "public.customers", oid: 20_001)
        }
        play.expect(
            "slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1), saying: "0002_order_note")
        play.expect(
            "slack", .opened, .info, between: Self.begin + .minutes(5), and: Self.begin + .seconds(301),
            saying: "Migration on app")
        play.expect(
            "slack", .escalated, .warning, between: Self.begin + .minutes(10), and: Self.begin + .seconds(602),
            saying: "0002_order_note")
        play.at(Self.begin + .minutes(12)) { $0.server.commitDrizzle(100, rows: 3) }
        play.expect(
            "slack", .resolved, between: Self.begin + .minutes(12), and: Self.begin + .seconds(724),
            saying: "0002_order_note", lasting: .minutes(12))
        play.at(Self.begin + .minutes(14)) { scene in
            scene.server.finish(300)
            scene.server.fates[901] = .committed
        }
        play.expect(
            "slack", .resolved, .info, between: Self.begin + .minutes(14), and: Self.begin + .seconds(844),
            lasting: .minutes(9))
        let record = try await play.perform(until: Self.begin + .minutes(16))
        #expect(record.discrepancies == [])
        #expect(record.incidents.count == 2)
        #expect(record.endedRuns.map(\.tool) == ["drizzle", "manual"])
    }

    @Test
    func
        `A run that has been going for 25 minutes when the agent starts is long at once, and critical 5 minutes later`()
        async throws
    {
        var play = try Play.shipped(isWatchedFromStart: false)
        play.at(.zero) { $0.server.beginDrizzle() }
        let start = Duration.minutes(25)
        play.at(start) { try $0.startAgent() }
        play.expect("slack", .opened, .info, between: start, and: start + .seconds(1), lasting: start)
        play.expect("slack", .escalated, .warning, between: start, and: start + .seconds(1), lasting: start)
        for (receiver, reason) in [("slack", Notification.Reason.escalated), ("mail", .opened)] {
            play.expect(
                receiver, reason, .critical, between: .minutes(30), and: .seconds(1802), lasting: .minutes(30))
        }
        play.at(.minutes(31)) { $0.server.commitDrizzle(rows: 3) }
        for receiver in ["slack", "mail"] {
            play.expect(receiver, .resolved, between: .minutes(31), and: .seconds(1864), lasting: .minutes(31))
        }
        let record = try await play.perform(until: .minutes(32))
        #expect(record.discrepancies == [])
        #expect(record.endedRuns.map(\.wasUnderwayAtFirstLook) == [true])
    }

    @Test func `A reload of edited rules tells nothing again`() async throws {
        let edited = try shippedRules {
            $0.replacing("_duration_seconds > 600", with: "_duration_seconds > 500").replacing(
                "Look before you act", with: "Act before you look")
        }
        let stricter = try shippedRules { $0.replacing("_duration_seconds > 600", with: "_duration_seconds > 10000") }
        #expect(edited != (try shippedRules()))
        var play = try Play.shipped()
        play.at(Self.begin) { $0.server.beginDrizzle() }
        play.expect("slack", .opened, .info, between: Self.begin, and: Self.begin + .seconds(1))
        play.expect("slack", .escalated, .warning, between: Self.begin + .minutes(10), and: Self.begin + .seconds(602))
        play.at(Self.begin + .minutes(11)) { try $0.reload(rules: edited) }
        play.at(Self.begin + .minutes(12)) { scene in
            scene.killAgent()
            try scene.startAgent()
        }
        // A rule that no longer holds is over: that is news.
        play.at(Self.begin + .minutes(13)) { try $0.reload(rules: stricter) }
        play.expect(
            "slack", .deescalated, .info, between: Self.begin + .seconds(785), and: Self.begin + .seconds(788))
        play.at(Self.begin + .minutes(14)) { $0.server.commitDrizzle(rows: 3) }
        play.expect("slack", .resolved, .info, between: Self.begin + .minutes(14), and: Self.begin + .seconds(844))
        let record = try await play.perform(until: Self.begin + .minutes(15))
        #expect(record.discrepancies == [])
    }

    @Test func `An agent whose looks no longer come back says so after a minute, until they do`() async throws {
        var play = try Play.shipped()
        play.at(Self.begin) { $0.areLooksComingBack = false }
        let back = Self.begin + .minutes(5)
        play.at(back) { $0.areLooksComingBack = true }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .opened, .critical, between: Self.begin + .seconds(55), and: Self.begin + .seconds(63),
                saying: "has not looked at app")
            play.expect(receiver, .resolved, between: back, and: back + .seconds(4))
        }
        let record = try await play.perform(until: back + .minutes(1))
        #expect(record.discrepancies == [])
        #expect(record.failures == [])
    }

    @Test func `A target that has never been looked at counts as down, whosever fault that is`() async throws {
        var play = try Play.shipped()
        play.at(.zero) { $0.areLooksComingBack = false }
        for receiver in ["slack", "mail"] {
            play.expect(
                receiver, .opened, .critical, between: .seconds(15), and: .seconds(18), saying: "app does not answer")
        }
        let record = try await play.perform(until: .minutes(3))
        #expect(record.discrepancies == [])
        #expect(record.failures == [])
    }
}
