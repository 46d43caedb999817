import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

/// What a diagnosis says of situations on a pretended server; the real ones are made to happen in the runbook's tests.
struct DiagnosisTests {
    /// A migration that waits behind a forgotten transaction, with others queued behind it.
    private func stuck(victims: Int32 = 2, for duration: Duration = .seconds(20)) -> Stage {
        var stage = Stage()
        stage.connect(1, application: "notebook")
        stage.run(1, "SELECT * FROM orders WHERE email = 'ana@example.org'")
        stage.finish(1, inTransaction: true)
        stage.connect(2, application: "drizzle")
        stage.run(2, "ALTER TABLE orders ADD note text")
        stage.block(2, behind: 1, on: "public.orders")
        for pid in 3..<(3 + victims) {
            stage.connect(pid, application: "web")
            stage.run(pid, "SELECT * FROM orders")
            stage.block(pid, mode: .accessShare, on: "public.orders")
        }
        stage.wait(duration)
        _ = stage.look()
        return stage
    }

    private func findings(
        _ stage: Stage, privacy: QueryTextPrivacy = .normalized, thresholds: DiagnosisThresholds = .init()
    ) -> [Finding] {
        Diagnosis.findings(
            in: Situation(
                target: "app", now: stage.now, observation: stage.observation, runs: stage.tracker.open.map(\.run),
                privacy: privacy, thresholds: thresholds))
    }

    @Test func `The severest comes first, and of a queue both the migration and its root are named`() throws {
        let found = findings(stuck())
        #expect(found.map(\.severity) == found.map(\.severity).sorted(by: >))
        let first = try #require(found.first)
        #expect(first.verdict == .lockQueue && first.severity == .critical && first.run != nil)
        #expect(
            first.actions.compactMap(\.command) == ["SELECT pg_cancel_backend(2)", "SELECT pg_terminate_backend(1)"])
        #expect(found.contains { $0.verdict == .idleBlocker && $0.run == first.run })
        #expect(Set(found.map(\.verdict)) == [.lockQueue, .idleBlocker], "nothing is told twice")
    }

    /// Victims, how long they have waited, and what that amounts to: as the shipped rules say.
    @Test(arguments: [
        (0, Duration.seconds(29), Severity.info), (0, .seconds(30), .warning), (1, .seconds(1), .warning),
        (1, .seconds(15), .critical), (10, .seconds(1), .critical), (9, .seconds(14), .warning),
    ])
    func `A blocked migration is as severe as its rules`(victims: Int, waited: Duration, severity: Severity) throws {
        let leading = try #require(findings(stuck(victims: Int32(victims), for: waited)).first { $0.run != nil })
        #expect(leading.severity == severity)
    }

    @Test func `Texts of queries are shown as the privacy setting leaves them`() {
        let normalized = findings(stuck()).flatMap(\.statements).map(\.text)
        #expect(normalized.contains("SELECT * FROM orders WHERE email = ?"))
        #expect(findings(stuck(), privacy: .none).flatMap(\.statements).isEmpty)
    }

    @Test func `A hundred cases of one trouble are told ten times`() {
        var stage = Stage()
        for pid in Int32(1)...100 {
            stage.connect(pid)
            stage.run(pid, "SELECT 1")
            stage.finish(pid, inTransaction: true)
            stage.wait(.seconds(1))
        }
        stage.wait(.seconds(3600))
        let found = findings(stage)
        #expect(found.count == 10 && found.allSatisfy { $0.verdict == .idleTransaction })
        #expect(found.first?.summary.contains("pid 1 ") == true, "the longest first")
    }

    @Test func `The same situation always reads the same`() {
        let stage = stuck(victims: 5)
        #expect(findings(stage) == findings(stage))
    }

    @Test func `Many readers at the root of one queue are one finding`() throws {
        var stage = Stage()
        for pid in Int32(1)...50 {
            stage.connect(pid, application: "web")
            stage.run(pid, "SELECT pg_sleep(60) FROM orders")
        }
        stage.connect(60, application: "maintenance")
        stage.run(60, "LOCK TABLE orders")
        stage.block(60, behind: 1, on: "public.orders")
        for pid in Int32(2)...50 { stage.hold(pid, .accessShare, on: "public.orders") }
        stage.wait(.seconds(5))
        let found = findings(stage)
        #expect(found.count == 1)
        #expect(found.first?.summary == "1 session waits for locks behind pid 1 (active) and 49 others")
    }

    @Test func `A target that does not answer is judged by its runs alone`() throws {
        let stage = stuck()
        let situation = Situation(
            target: "app", now: stage.now, observation: nil, runs: stage.tracker.open.map(\.run))
        let found = Diagnosis.findings(in: situation)
        #expect(!found.isEmpty && found.allSatisfy { $0.run != nil })
    }

    @Test func `Deadlocks are those since the last reading, for ten minutes, and a reset is none`() {
        let t = Stage.origin
        func reading(_ count: Int64, at time: Timestamp) -> StatementReading {
            StatementReading(serverTime: time, databases: [DatabaseWork(oid: 1, name: "shop", deadlocks: count)])
        }
        var watch = DeadlockWatch()
        watch.advance(reading(7, at: t))
        #expect(watch.recent(at: t, within: .seconds(600)).isEmpty, "what was before is history")
        watch.advance(reading(9, at: t + .seconds(30)))
        watch.advance(reading(0, at: t + .seconds(60)))
        watch.advance(reading(1, at: t + .seconds(90)))
        let recent = watch.recent(at: t + .seconds(100), within: .seconds(600))
        #expect(recent["shop"]?.count == 3 && recent["shop"]?.since == t)
        #expect(watch.recent(at: t + .seconds(700), within: .seconds(600)).isEmpty)
    }

    @Test(arguments: [
        ("ALTER TABLE orders ADD note text", nil as String?), ("ALTER TABLE orders ALTER id TYPE bigint", "rewrite"),
        ("VACUUM FULL orders", "rewrite"), ("CREATE INDEX CONCURRENTLY i ON orders (id)", "concurrentIndex"),
        ("DROP INDEX CONCURRENTLY i", "concurrentDrop"), ("REINDEX TABLE CONCURRENTLY orders", "concurrentIndex"),
        ("ALTER TABLE orders DETACH PARTITION p CONCURRENTLY", "concurrentDetach"),
        ("ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES other (id) NOT VALID", "foreignKey"),
        ("ALTER TABLE orders VALIDATE CONSTRAINT c", "validation"),
        ("SELECT 'ALTER TABLE orders ADD FOREIGN KEY (a) REFERENCES other'", nil),
    ])
    func `What a run is at shows by its statement and its locks`(query: String, expected: String?) {
        var stage = Stage()
        stage.connect(1)
        stage.run(1, query)
        stage.hold(1, .accessExclusive, on: "public.orders")
        // What is being created has no name yet, be it a copy of the table or a TOAST table for its new column.
        var locks = stage.locks
        locks.append(
            HeldLock(
                pid: 1, kind: .relation, mode: .accessExclusive, isGranted: true, database: "shop",
                relation: .init(oid: 30_000, name: nil, kind: nil)))
        let activity = RunActivity(of: Array(stage.sessions.values), locks: locks)
        switch expected {
        case "rewrite": #expect(activity == .rewrite(table: "public.orders"))
        case "concurrentIndex": #expect(activity == .concurrentIndex)
        case "concurrentDrop": #expect(activity == .concurrentDrop)
        case "concurrentDetach": #expect(activity == .concurrentDetach)
        case "foreignKey": #expect(activity == .foreignKey(tables: ["ACCESS EXCLUSIVE on public.orders"]))
        case "validation":
            #expect(activity == .validation(table: nil, lockedBesides: ["ACCESS EXCLUSIVE on public.orders"]))
        default: #expect(activity == nil)
        }
    }
}
