import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

/// Runs with several sessions, and runs in each other's way: whose pid is named, and who is to be left alone.
struct BlockingMigrationTests {
    private func findings(_ stage: Stage) -> [Finding] {
        Diagnosis.findings(
            in: Situation(
                target: "app", now: stage.now, observation: stage.observation, runs: stage.tracker.open.map(\.run)))
    }

    private func lock(_ pid: Int32, key: UInt32, granted: Bool, since: Timestamp? = nil) -> HeldLock {
        HeldLock(
            pid: pid, kind: .advisory, mode: .exclusive, isGranted: granted, waitStart: since, database: "shop",
            advisoryKey: .single(Int64(key)))
    }

    @Test func `A run that works by one session, and keeps its lock by another that is idle in its transaction, works`()
        throws
    {
        var stage = Stage()
        _ = stage.look()
        stage.connect(1, application: "Flyway by Redgate")
        stage.run(1, "SELECT pg_try_advisory_xact_lock(77431708279161)")
        stage.finish(1, inTransaction: true)
        stage.locks.append(lock(1, key: 72_707_369, granted: true))
        stage.connect(2, application: "Flyway by Redgate")
        stage.run(2, "ALTER TABLE orders ALTER id TYPE bigint", transactionID: 900)
        stage.hold(2, .accessExclusive, on: "public.orders")
        _ = stage.watch(for: .seconds(90))
        let run = try #require(stage.tracker.open.last?.run)
        #expect([.working, .progressing].contains(run.standing.state) && run.standing.pid == 2)
        #expect(!findings(stage).contains { $0.verdict == .idleMigration })
        // Then the one that worked falls silent as well.
        stage.finish(2, inTransaction: true)
        _ = stage.watch(for: .seconds(60))
        #expect(stage.tracker.open.last?.run.standing.state == .idleInTransaction)
    }

    @Test func `The session that stands in the way is the one to be cancelled, whichever came last`() throws {
        var stage = Stage()
        _ = stage.look()
        stage.connect(1, application: "knex")
        stage.run(1, "ALTER TABLE a ADD x int", transactionID: 900)
        _ = stage.look()
        stage.finish(1)
        stage.fates[900] = .committed
        stage.wait(.milliseconds(200))
        stage.connect(2, application: "knex")
        stage.run(2, "ALTER TABLE b ADD x int", transactionID: 901)
        _ = stage.look()
        stage.finish(2)
        stage.fates[901] = .committed
        stage.wait(.milliseconds(200))
        // The pool hands out its first connection again.
        stage.run(1, "ALTER TABLE c ADD x int", transactionID: 902)
        stage.hold(1, .accessExclusive, on: "public.c")
        stage.connect(3, application: "web")
        stage.run(3, "SELECT * FROM c")
        stage.block(3, behind: 1, mode: .accessShare, on: "public.c")
        _ = stage.watch(for: .seconds(20))
        let run = try #require(stage.tracker.open.first?.run)
        #expect(run.sessions.map(\.pid) == [1, 2] && run.standing.pid == 1)
        let finding = try #require(findings(stage).first { $0.run == run.id })
        #expect(finding.verdict == .blockingMigration)
        #expect(finding.actions.first?.command == "SELECT pg_cancel_backend(1)")
    }

    @Test func `A run that waits for another run is to wait, and the other one is not to be ended`() throws {
        var stage = Stage()
        _ = stage.look()
        stage.connect(1, application: "prisma")
        stage.run(1, "ALTER TABLE orders ADD note text", transactionID: 900)
        stage.locks.append(lock(1, key: 72_707_369, granted: true))
        _ = stage.look()
        stage.connect(2, application: "prisma", address: "10.0.0.8")
        stage.run(2, "SELECT pg_advisory_lock(72707369)")
        stage.sessions[2]?.waitEventType = "Lock"
        stage.locks.append(lock(2, key: 72_707_369, granted: false, since: stage.now))
        _ = stage.watch(for: .seconds(60))
        // Between two statements of it the first one is idle in its transaction.
        stage.finish(1, inTransaction: true)
        stage.wait(.seconds(5))
        _ = stage.look()
        let runs = stage.tracker.open.map(\.run)
        try #require(runs.count == 2)
        let blocked = try #require(findings(stage).first { $0.run == runs[1].id })
        #expect(blocked.verdict == .blockedMigration && blocked.actions.compactMap(\.command) == [])
        #expect(blocked.evidence.contains { $0.contains("is a migration, too: run \(runs[0].id) of Prisma") })
        #expect(blocked.actions.first?.text.hasPrefix("Wait for it") == true)
    }

    @Test func `A run that waits for another session of its own never ends, and is to be cancelled`() throws {
        var stage = Stage()
        _ = stage.look()
        stage.connect(1, application: "Flyway by Redgate")
        stage.run(1, "SELECT pg_try_advisory_xact_lock(77431708279161)")
        stage.finish(1, inTransaction: true)
        stage.locks.append(lock(1, key: 72_707_369, granted: true))
        _ = stage.look()
        stage.connect(2, application: "Flyway by Redgate")
        stage.run(2, "CREATE INDEX CONCURRENTLY i ON orders (id)")
        stage.block(2, behind: 1, mode: .share, on: "public.orders")
        _ = stage.watch(for: .seconds(60))
        let run = try #require(stage.tracker.open.first { $0.run.sessions.count == 2 }?.run)
        let finding = try #require(findings(stage).first { $0.run == run.id })
        #expect(finding.actions.first?.command == "SELECT pg_cancel_backend(2)")
        #expect(finding.evidence.contains { $0.contains("it waits for itself") })
        #expect(!finding.actions.contains { $0.command == "SELECT pg_terminate_backend(1)" })
        // Once that session is at work again it is to be waited for.
        stage.run(1, "UPDATE orders SET n = 1")
        stage.wait(.seconds(1))
        _ = stage.look()
        let working = try #require(findings(stage).first { $0.run == run.id })
        #expect(!working.evidence.contains { $0.contains("it waits for itself") })
        #expect(working.actions.first?.text.hasPrefix("Wait for it") == true)
    }

    @Test func `Who is idle in a transaction for a moment only has not forgotten it`() throws {
        var stage = Stage()
        stage.connect(1, application: "backfill")
        stage.connect(2, application: "drizzle")
        stage.run(1, "UPDATE orders SET n = 1")
        stage.run(2, "ALTER TABLE orders ADD note text")
        stage.block(2, behind: 1, on: "public.orders")
        stage.wait(.seconds(60))
        stage.finish(1, inTransaction: true)
        stage.hold(1, .rowExclusive, on: "public.orders")
        stage.wait(.seconds(1))
        _ = stage.look()
        let first = try #require(findings(stage).first)
        #expect(first.verdict == .blockedMigration)
        #expect(first.actions.first?.text.contains("sends one statement after another") == true)
        stage.wait(.seconds(5))
        _ = stage.look()
        #expect(findings(stage).contains { $0.verdict == .idleBlocker })
    }

    @Test func `A lock that is kept for a backfill by another connection of the same program is no orphan`() {
        var stage = Stage()
        stage.connect(1, application: "rails")
        stage.run(1, "SELECT pg_advisory_lock(72707369)")
        stage.finish(1)
        stage.locks.append(lock(1, key: 72_707_369, granted: true))
        stage.connect(2, application: "rails")
        stage.run(2, "UPDATE users SET n = 1")
        stage.wait(.seconds(120))
        #expect(!findings(stage).contains { $0.verdict == .orphanedAdvisoryLock })
        stage.finish(2)
        #expect(findings(stage).contains { $0.verdict == .orphanedAdvisoryLock })
    }

    @Test func `CONCURRENTLY that waits for a writer's transaction id is not to be cancelled either`() throws {
        var stage = Stage()
        stage.connect(1, application: "billing")
        stage.run(1, "UPDATE orders SET n = 1", transactionID: 700)
        stage.finish(1, inTransaction: true)
        stage.connect(2, application: "drizzle")
        stage.run(2, "CREATE INDEX CONCURRENTLY i ON orders (n)")
        stage.sessions[2]?.waitEventType = "Lock"
        let transaction = LockObject(kind: .transactionid, transaction: 700)
        stage.locks.append(
            HeldLock(pid: 1, object: transaction, mode: .exclusive, isGranted: true))
        stage.locks.append(
            HeldLock(pid: 2, object: transaction, mode: .share, isGranted: false, waitStart: stage.now))
        stage.wait(.seconds(60))
        _ = stage.look()
        let finding = try #require(findings(stage).first { $0.run != nil })
        #expect(finding.verdict == .snapshotWait)
        #expect(finding.actions.compactMap(\.command) == ["SELECT pg_terminate_backend(1)"])
        #expect(finding.actions.last?.text.contains("Do not cancel the index build") == true)
    }

    @Test func `On a standby neither the replay at a queue's root nor the one within it is to be cancelled`() throws {
        var stage = Stage()
        stage.connect(1)
        stage.sessions[1]?.backendType = "startup"
        stage.sessions[1]?.state = .unknown
        stage.hold(1, .accessExclusive, on: "public.orders")
        stage.connect(2, application: "web")
        stage.run(2, "SELECT * FROM orders")
        stage.block(2, behind: 1, mode: .accessShare, on: "public.orders")
        stage.wait(.seconds(20))
        let finding = try #require(findings(stage).first)
        #expect(finding.actions.compactMap(\.command) == [])
        #expect(finding.actions.first?.text.hasPrefix("End the transaction on the primary") == true)
    }
}
