import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

@Suite struct MigrationTrackerTests {
    /// A stage whose first look is over and whose history has one migration.
    private func openedStage() -> Stage {
        var stage = Stage()
        stage.history = [Stage.drizzle("1")]
        _ = stage.readHistory()
        _ = stage.look()
        stage.wait(.seconds(1))
        return stage
    }

    @Test func `Drizzle's sequence of statements is one run with its tool, its true begin and its new versions`() {
        var stage = openedStage()
        stage.connect(100)
        let begin = stage.now
        stage.execute(100, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        #expect(stage.look().started.isEmpty, "making sure of the history is no migration yet")
        stage.execute(100, #"CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (id SERIAL PRIMARY KEY)"#)
        _ = stage.look()
        stage.execute(100, "begin", inTransaction: true)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        let started = stage.look().started
        #expect(started.map(\.tool) == ["drizzle"])
        #expect(started.first?.begin == begin)
        #expect(started.first?.database == "shop")
        #expect(started.first?.user == "deploy")

        #expect(stage.watch(for: .seconds(60)).ended.isEmpty)
        stage.finish(100, inTransaction: true)
        stage.execute(
            100, #"insert into "drizzle"."__drizzle_migrations" ("hash","created_at") values ('x', 1)"#,
            inTransaction: true)
        _ = stage.look()
        stage.run(100, "commit")
        stage.finish(100)
        let end = stage.now
        stage.fates[900] = .committed
        stage.history = [Stage.drizzle("1", "2")]
        let ended = stage.watch(for: .seconds(5)).ended
        #expect(ended.count == 1)
        #expect(ended.first?.id == started.first?.id)
        #expect(ended.first?.outcome == .committed(versions: ["#2"]))
        #expect(ended.first?.end == end)
        #expect(ended.first?.statements.map(\.text).contains("ALTER TABLE orders ADD COLUMN total numeric") == true)
        #expect(stage.tracker.open.isEmpty)
    }

    @Test func `A migrator that finds nothing to apply is no run`() {
        var stage = openedStage()
        stage.connect(100)
        stage.execute(100, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        stage.execute(100, #"CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (id SERIAL PRIMARY KEY)"#)
        var events = stage.look()
        stage.execute(100, "select id, hash, created_at from drizzle.__drizzle_migrations")
        events += stage.watch(for: .seconds(10))
        #expect(events.isEmpty)
    }

    @Test func `A preparation that hangs is a run all the same`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, #"CREATE SCHEMA IF NOT EXISTS "drizzle""#)
        #expect(stage.look().started.isEmpty)
        stage.wait(.seconds(2))
        #expect(stage.look().started.map(\.tool) == ["drizzle"])
    }

    @Test(
        arguments: [
            (.connected, []), (.named(["shop"]), []), (.named(["billing", "shop"]), ["billing"]), (.all, ["billing"]),
        ] as [(DatabaseSelection, [String])])
    func `A migration in another database of the server is the target's only if that is watched`(
        databases: DatabaseSelection, expected: [String]
    ) {
        var stage = Stage(databases: databases)
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100, to: "billing")
        stage.run(100, "CREATE INDEX ON invoices (total)", transactionID: 900)
        #expect(stage.watch(for: .seconds(5)).started.map(\.database) == expected)
        stage.connect(101)
        stage.run(101, "CREATE INDEX ON orders (total)", transactionID: 901)
        #expect(stage.watch(for: .seconds(5)).started.map(\.database) == ["shop"])
    }

    @Test func `Who is in a run's way and who waits behind it counts in databases that are not watched, too`() throws {
        var stage = openedStage()
        stage.connect(50, to: "billing")
        stage.execute(50, "select 1", inTransaction: true)
        stage.connect(100)
        stage.run(100, "CREATE INDEX CONCURRENTLY ON orders (total)")
        stage.block(100, behind: 50, on: "public.orders")
        stage.connect(200, to: "billing")
        stage.run(200, "ALTER ROLE ana SET work_mem = '1MB'")
        stage.block(200, behind: 100, on: "pg_catalog.pg_db_role_setting")
        _ = stage.look()
        let standing = try #require(stage.tracker.open.first?.run.standing)
        #expect(standing.rootBlockers.map(\.database) == ["billing"])
        #expect(standing.blockedSessions == 1)
    }

    @Test func `A run in a database that is watched no longer is followed to its end, and then nothing is known of it`()
        throws
    {
        var before = Stage(databases: .all)
        for database in ["shop", "billing"] { _ = before.readHistory(of: database) }
        _ = before.look()
        before.wait(.seconds(1))
        before.connect(100, to: "billing")
        before.run(100, "CREATE INDEX ON invoices (total)", transactionID: 900)
        let id = try #require(before.look().started.first?.id)

        var stage = Stage(memory: before.tracker.memory)
        stage.sessions = before.sessions
        stage.wait(before.now - stage.now + .seconds(5))
        stage.connect(101, to: "billing")
        stage.run(101, "CREATE INDEX ON invoices (name)", transactionID: 901)
        #expect(stage.watch(for: .seconds(5)).started.isEmpty)
        stage.finish(100)
        stage.fates[900] = .committed
        let events = stage.watch(for: .seconds(5))
        #expect(events.ended.map(\.id) == [id])
        #expect(events.ended.map(\.outcome) == [.committed(versions: [])])
        #expect(stage.tracker.inquiry == Inquiry())
        #expect(stage.tracker.memory.knownHistory.keys.sorted() == ["shop"])
        #expect(stage.tracker.readDatabases.isEmpty)
    }

    @Test func `A run that waits names what it waits for, the root blocker and those it holds up`() throws {
        var stage = openedStage()
        stage.connect(50, application: "reports", user: "ana")
        stage.execute(50, "select * from orders", inTransaction: true)
        stage.sessions[50]?.transactionStart = stage.now
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric")
        stage.block(100, behind: 50, on: "public.orders")
        let waitBegin = stage.now
        for pid: Int32 in [201, 202, 203] {
            stage.connect(pid, application: "web")
            stage.run(pid, "select * from orders where id = 1")
            stage.block(pid, behind: 100, mode: .accessShare, on: "public.orders")
        }
        stage.wait(.seconds(3))
        _ = stage.look()
        let standing = try #require(stage.tracker.open.first?.run.standing)
        #expect(standing.state == .blocked)
        #expect(standing.waitingFor == "ACCESS EXCLUSIVE on public.orders")
        #expect(standing.waitingSince == waitBegin)
        #expect(standing.rootBlockers.map(\.pid) == [50])
        #expect(standing.rootBlockers.first?.remedy == "SELECT pg_terminate_backend(50)")
        #expect(standing.blockedSessions == 3)
        #expect(standing.blockedSince == waitBegin)
    }

    @Test func `Literals of statements are gone before anything is kept`() {
        var stage = openedStage()
        stage.connect(50)
        stage.execute(50, "select * from orders where email = 'ana@example.org'", inTransaction: true)
        stage.sessions[50]?.transactionStart = stage.now
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN note text DEFAULT 'secret'")
        stage.block(100, behind: 50, on: "public.orders")
        _ = stage.watch(for: .seconds(3))
        #expect(stage.tracker.open.count == 1)
        #expect(!"\(stage.tracker.memory)".contains("secret"))
        #expect(!"\(stage.tracker.memory)".contains("ana@example.org"))
    }

    @Test func `A statement that goes on waiting behind the same transaction and yet ends was cancelled`() {
        var stage = openedStage()
        stage.connect(50)
        stage.execute(50, "select 1", inTransaction: true)
        stage.sessions[50]?.transactionStart = stage.now
        stage.connect(100, application: "psql")
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric")
        stage.block(100, behind: 50, on: "public.orders")
        _ = stage.watch(for: .seconds(30))
        stage.finish(100)
        let ended = stage.watch(for: .seconds(15)).ended
        #expect(ended.count == 1)
        #expect(ended.first?.outcome?.label == "cancelled")
        #expect(ended.first?.outcome?.evidence?.contains("pid 50") == true)
    }

    @Test func `A statement that waited and ends once its way is free went through`() {
        var stage = openedStage()
        stage.connect(50)
        stage.execute(50, "select 1", inTransaction: true)
        stage.sessions[50]?.transactionStart = stage.now
        stage.connect(100, application: "psql")
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric")
        stage.block(100, behind: 50, on: "public.orders")
        _ = stage.watch(for: .seconds(30))
        stage.disconnect(50)
        stage.finish(100)
        #expect(stage.watch(for: .seconds(15)).ended.first?.outcome == .committed(versions: []))
    }

    @Test(arguments: [("psql", "unseen"), ("drizzle", "lost")])
    func
        `A statement that is over between two looks has an unseen outcome by hand; of a tool, whose history has nothing, it is lost`(
            application: String, outcome: String
        )
    {
        var stage = openedStage()
        stage.connect(100, application: application)
        stage.execute(100, "ALTER TABLE orders ADD COLUMN total numeric")
        #expect(stage.watch(for: .seconds(8)).ended.map { $0.outcome?.label } == [outcome])
    }

    @Test func `A quick statement after one that was rolled back, or whose session was terminated, is no harmless end`()
    {
        for wasTerminated in [true, false] {
            var stage = openedStage()
            stage.sessionsKilled = 0
            stage.connect(100, application: "psql")
            if !wasTerminated {
                stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
                _ = stage.look()
                stage.finish(100)
                stage.fates[900] = .aborted
            }
            stage.wait(.milliseconds(100))
            stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric")
            _ = stage.look()
            stage.wait(.milliseconds(100))
            stage.disconnect(100)
            if wasTerminated { stage.sessionsKilled = 1 }
            #expect(stage.watch(for: .seconds(8)).ended.map { $0.outcome?.label } == ["lost"])
        }
    }

    @Test func `A failed statement whose transaction is rolled back fails the run`() {
        var stage = openedStage()
        stage.connect(100)
        stage.execute(100, "begin", inTransaction: true)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.finish(100, inTransaction: true, failed: true)
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.run(100, "rollback")
        stage.finish(100)
        stage.fates[900] = .aborted
        let ended = stage.watch(for: .seconds(5)).ended
        #expect(ended.first?.outcome?.label == "failed")
        #expect(ended.first?.outcome?.evidence?.contains("a statement of it failed") == true)
    }

    @Test func `A session that vanishes in the middle of its statement was cancelled`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        _ = stage.look()
        stage.disconnect(100)
        stage.fates[900] = .aborted
        let ended = stage.watch(for: .seconds(5)).ended
        #expect(ended.first?.outcome?.label == "cancelled")
    }

    @Test(arguments: [(1, "cancelled"), (0, "failed")])
    func `A session that vanishes was cancelled if one was terminated, else its client left after an error`(
        terminated: Int64, outcome: String
    ) {
        var stage = openedStage()
        stage.sessionsKilled = 7
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        _ = stage.look()
        stage.disconnect(100)
        stage.sessionsKilled = 7 + terminated
        stage.fates[900] = .aborted
        #expect(stage.watch(for: .seconds(5)).ended.map { $0.outcome?.label } == [outcome])
    }

    @Test func `A client that leaves as soon as its statement got its lock has committed`() {
        var stage = openedStage()
        stage.sessionsKilled = 0
        stage.connect(50)
        stage.execute(50, "select 1", inTransaction: true)
        stage.sessions[50]?.transactionStart = stage.now
        stage.connect(100, application: "psql")
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric")
        stage.block(100, behind: 50, on: "public.orders")
        _ = stage.watch(for: .seconds(3))
        stage.disconnect(50)
        stage.disconnect(100)
        #expect(stage.watch(for: .seconds(15)).ended.map(\.outcome) == [.committed(versions: [])])
    }

    @Test func `A restart of the server under an open run loses it, unless its transaction is known to have committed`()
    {
        for (fate, label) in [(TransactionFate.aborted, "lost"), (.committed, "committed")] {
            var stage = openedStage()
            stage.connect(100)
            stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
            _ = stage.look()
            stage.disconnect(100)
            stage.serverStartedAt = stage.now
            stage.fates[900] = fate
            #expect(stage.watch(for: .seconds(20)).ended.map { $0.outcome?.label } == [label])
        }
    }

    @Test func `Two sessions at work at the same time are two runs, though their client looks the same`() {
        var stage = openedStage()
        stage.connect(100)
        stage.connect(101)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        stage.run(101, "CREATE INDEX ON customers (name)", transactionID: 901)
        let started = stage.look().started
        #expect(Set(started.map(\.id)).count == 2)
    }

    @Test func `Transactions of one client that follow each other on several connections are one run`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "CREATE TABLE a ()", transactionID: 900)
        var events = stage.look()
        stage.finish(100)
        stage.fates[900] = .committed
        stage.wait(.milliseconds(500))
        stage.connect(101)
        stage.run(101, "CREATE TABLE b ()", transactionID: 901)
        events += stage.look()
        stage.wait(.milliseconds(500))
        stage.finish(101)
        stage.fates[901] = .committed
        events += stage.watch(for: .seconds(6))
        #expect(events.started.count == 1)
        #expect(events.ended.count == 1)
        #expect(events.ended.first?.sessions.map(\.pid) == [100, 101])
        #expect(events.ended.first?.outcome?.isSuccess == true)
    }

    @Test(arguments: [true, false])
    func `What a client begins anew after a time in which nobody looked is another run`(agentWasRestarted: Bool) throws
    {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        let first = try #require(stage.look().started.first?.id)
        if agentWasRestarted {
            var resumed = Stage(memory: stage.tracker.memory)
            resumed.wait(stage.now - resumed.now)
            resumed.sessions = stage.sessions
            resumed.history = stage.history
            stage = resumed
        }
        stage.wait(.seconds(3))
        stage.disconnect(100)
        stage.fates[900] = .aborted
        stage.wait(.seconds(4))
        stage.connect(101)
        stage.run(101, "CREATE INDEX ON orders (name)", transactionID: 901)
        stage.wait(.milliseconds(500))
        let second = try #require(stage.look().started.first)
        #expect(second.id != first)
        #expect(second.sessions.map(\.pid) == [101])
        stage.wait(.milliseconds(500))
        stage.finish(101)
        stage.fates[901] = .committed
        let ended = stage.watch(for: .seconds(6)).ended
        #expect(ended.map(\.id) == [first, second.id])
        #expect(ended.map { $0.outcome?.label } == ["cancelled", "committed"])
    }

    @Test func `What begins soon after a run ended in a time in which nobody looked is another run, too`() throws {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        _ = stage.look()
        stage.wait(.seconds(60))
        stage.disconnect(100)
        _ = stage.look()
        stage.wait(.milliseconds(500))
        stage.connect(101)
        stage.run(101, "CREATE INDEX ON orders (name)", transactionID: 901)
        #expect(stage.look().started.map { $0.sessions.map(\.pid) } == [[101]])
    }

    @Test func `A transaction that a session begins while nobody looks goes on with the session's run`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        _ = stage.look()
        stage.wait(.seconds(20))
        stage.finish(100)
        stage.fates[900] = .committed
        stage.run(100, "CREATE INDEX ON orders (name)", transactionID: 901)
        stage.wait(.seconds(10))
        #expect(stage.look().started.isEmpty)
        #expect(stage.tracker.open.count == 1)
    }

    @Test func `A session that begins anew while its last run still waits for evidence begins another one`() throws {
        var stage = openedStage()
        stage.connect(100)
        stage.locks = [
            HeldLock(
                pid: 100, kind: .advisory, mode: .exclusive, isGranted: true, database: "shop",
                advisoryKey: .single(72_707_369))
        ]
        let lock = stage.locks
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        let first = try #require(stage.look().started.first?.id)
        stage.wait(.seconds(1))
        stage.finish(100)
        let end = stage.now
        #expect(stage.watch(for: .seconds(5)).ended.isEmpty, "what became of it is not known yet")
        stage.locks = lock
        stage.run(100, "ALTER TABLE orders ADD COLUMN note text", transactionID: 901)
        let second = try #require(stage.look().started.first?.id)
        #expect(second != first)
        let ended = stage.watch(for: .seconds(10)).ended
        #expect(ended.map(\.id) == [first])
        #expect(ended.first?.end == end)
        #expect(stage.tracker.open.map(\.run.id) == [second])
    }

    @Test(arguments: [Duration.seconds(1), .seconds(30)])
    func `A run that holds the lock of its tool goes on, however long it pauses`(look: Duration) {
        var stage = Stage()
        _ = stage.readHistory()
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100)
        stage.locks = [
            HeldLock(
                pid: 100, kind: .advisory, mode: .exclusive, isGranted: true, database: "shop",
                advisoryKey: .single(72_707_369))
        ]
        let lock = stage.locks
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        var events = stage.look()
        stage.wait(look)
        stage.finish(100)
        stage.locks = lock
        stage.fates[900] = .committed
        for _ in 0..<5 {
            stage.wait(look)
            events += stage.look()
        }
        for pid: Int32 in [100, 101] {
            if pid != 100 { stage.connect(pid) }
            stage.run(pid, "ALTER TABLE orders ADD COLUMN note text", transactionID: 800 + UInt64(pid))
            events += stage.look()
            stage.wait(look)
            stage.finish(pid)
            stage.locks = lock
            events += stage.look()
            stage.wait(.seconds(5))
        }
        #expect(events.started.count == 1)
        #expect(events.ended.isEmpty)
    }

    @Test func `A run that was under way at the first look has the begin of its transaction`() {
        var stage = Stage()
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        let begin = stage.now
        stage.wait(.seconds(700))
        let started = stage.look().started
        #expect(started.first?.begin == begin)
        #expect(started.first?.wasUnderwayAtFirstLook == true)
        #expect(started.first?.duration(at: stage.now) == .seconds(700))
    }

    @Test func `An agent that starts anew goes on with the same run, and learns how it ended while nobody looked`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        let id = stage.look().started.first?.id
        _ = stage.look()

        var resumed = Stage(memory: stage.tracker.memory)
        resumed.sessions = stage.sessions
        resumed.wait(stage.now - resumed.now + .seconds(60))
        resumed.history = stage.history
        #expect(resumed.look().started.isEmpty)
        #expect(resumed.tracker.open.map(\.run.id) == [id])

        var late = Stage(memory: stage.tracker.memory)
        late.wait(stage.now - late.now + .seconds(3600))
        late.fates[900] = .committed
        late.history = stage.history
        let ended = late.watch(for: .seconds(5)).ended
        #expect(ended.map(\.id) == [id])
        #expect(ended.first?.outcome?.isSuccess == true)
    }

    @Test func `What only the history tells of is known afterwards, once`() {
        var stage = openedStage()
        stage.history = [Stage.drizzle("1", "2", "3")]
        let discovered = stage.readHistory().discovered
        #expect(discovered.map(\.migrations) == [["#2", "#3"]])
        #expect(discovered.first?.outcome == .committed(versions: ["#2", "#3"]))
        #expect(stage.readHistory().isEmpty)
    }

    @Test func `A history table that comes into being is news, one that was there before the agent is not`() {
        var stage = Stage()
        _ = stage.readHistory()
        stage.history = [Stage.drizzle("1")]
        #expect(stage.readHistory().discovered.count == 1)

        var other = Stage()
        other.history = [Stage.drizzle("1")]
        #expect(other.readHistory().isEmpty)
    }

    /// Drizzle's history whose rows were written by these transactions.
    private func drizzle(_ writers: UInt32...) -> HistoryTable {
        HistoryTable(
            tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400,
            entries: .read(
                writers.enumerated().map { HistoryEntry(key: String($0 + 1), hash: "hash", transactionID: $1) }))
    }

    @Test func `A run that is rolled back gets no entry that another one wrote meanwhile`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        let id = stage.look().started.first?.id
        stage.wait(.seconds(1))
        stage.finish(100)
        stage.history = [drizzle(800, 905)]
        // What became of its transaction is not known yet: the entry may still be its own.
        var events = stage.look() + stage.readHistory()
        #expect(events.discovered.isEmpty)
        stage.fates[900] = .aborted
        events += stage.watch(for: .seconds(5))
        #expect(events.ended.map(\.id) == [id])
        #expect(events.ended.map(\.outcome) == [.failed(evidence: "its transaction was rolled back")])
        #expect(events.discovered.map(\.outcome) == [.committed(versions: ["#2"])])
    }

    @Test func `Of runs at the same time each gets the entries that its own transactions wrote`() {
        var stage = openedStage()
        for (pid, id) in [(100, 0x1_0000_0384), (101, 0x1_0000_0385), (102, 0x1_0000_0386)] as [(Int32, UInt64)] {
            stage.connect(pid)
            stage.run(pid, "CREATE TABLE t\(pid) ()", transactionID: id)
        }
        stage.sessions[102]?.transactionID = nil
        var events = stage.look()
        stage.wait(.milliseconds(500))
        for pid: Int32 in [100, 101, 102] { stage.finish(pid) }
        stage.fates = [0x1_0000_0384: .committed, 0x1_0000_0385: .committed]
        stage.history = [drizzle(800, 0x385, 0x386, 0x384)]
        events += stage.watch(for: .seconds(5))
        let versions = Dictionary(uniqueKeysWithValues: events.ended.map { ($0.sessions[0].pid, $0.outcome) })
        #expect(
            versions == [
                100: .committed(versions: ["#4"]), 101: .committed(versions: ["#2"]),
                102: .committed(versions: ["#3"]),
            ])
    }

    @Test func `A run gets the entries of migrations of it that were over too quickly to be seen`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.finish(100)
        stage.fates[900] = .committed
        stage.history = [drizzle(800, 899, 900, 901)]
        #expect(stage.watch(for: .seconds(5)).ended.map(\.outcome) == [.committed(versions: ["#2", "#3", "#4"])])
    }

    @Test func `A run that was under way at the first look gets no entry from before it`() {
        let known = Stage.drizzle("1")
        var stage = Stage(memory: TargetMemory(knownHistory: ["shop": [known.relation: ["1"]]]))
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.history = [drizzle(800, 890)]
        #expect(stage.readHistory().discovered.map(\.migrations) == [["#2"]])
        stage.wait(.seconds(1))
        stage.finish(100)
        stage.fates[900] = .committed
        stage.history = [drizzle(800, 890, 900)]
        #expect(stage.watch(for: .seconds(5)).ended.map(\.outcome) == [.committed(versions: ["#3"])])
    }

    @Test func `A run that ended while nobody looked gets no entry of what came after it`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.disconnect(100)
        stage.fates[900] = .committed
        stage.history = [drizzle(800, 900, 910)]
        stage.wait(.seconds(60))
        let events = stage.watch(for: .seconds(5))
        #expect(events.ended.map(\.outcome) == [.committed(versions: ["#2"])])
        #expect(events.discovered.map(\.outcome) == [.committed(versions: ["#3"])])
    }

    @Test func `Entries that were kept before their transactions were are still read`() throws {
        let kept = #"{"key":"7","hash":"abc","state":"applied"}"#
        let entry = try JSONDecoder().decode(HistoryEntry.self, from: Data(kept.utf8))
        #expect(entry == HistoryEntry(key: "7", hash: "abc"))
    }

    private func prisma(_ entries: HistoryEntry...) -> HistoryTable {
        HistoryTable(tool: "prisma", relation: "public._prisma_migrations", oid: 16_500, entries: .read(entries))
    }

    @Test func `An entry that its tool begins before it applies it is no failure once it is finished`() {
        var stage = Stage()
        stage.history = [prisma()]
        _ = stage.readHistory()
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.connect(100)
        stage.run(100, "CREATE INDEX ON orders (total)", transactionID: 900)
        var events = stage.look()
        stage.history = [prisma(HistoryEntry(key: "a", name: "20260101_index", state: .unfinished))]
        events += stage.readHistory()
        events += stage.watch(for: .seconds(10))
        stage.finish(100)
        stage.fates[900] = .committed
        stage.history = [prisma(HistoryEntry(key: "a", name: "20260101_index"))]
        events += stage.watch(for: .seconds(5))
        #expect(events.ended.map(\.outcome) == [.committed(versions: ["20260101_index"])])
        #expect(events.discovered.isEmpty)
    }

    @Test func `A history that cannot be read at first is no news when it can`() {
        var stage = Stage()
        let failure = SampleFailure(reason: .permissionDenied, message: "no SELECT")
        stage.history = [
            HistoryTable(tool: "prisma", relation: "public._prisma_migrations", oid: 16_500, entries: .failed(failure))
        ]
        _ = stage.readHistory()
        stage.history = [prisma(HistoryEntry(key: "a", state: .failed), HistoryEntry(key: "b"))]
        #expect(stage.readHistory().isEmpty)
        stage.history = [prisma(HistoryEntry(key: "a", state: .failed), HistoryEntry(key: "b"), HistoryEntry(key: "c"))]
        #expect(stage.readHistory().discovered.map(\.migrations) == [["#c"]])
    }

    @Test func `Old entries that come into sight because newer ones were deleted are no news`() {
        var stage = Stage()
        stage.history = [Stage.drizzle("5", "6", "7")]
        _ = stage.readHistory()
        stage.history = [Stage.drizzle("4", "5", "6")]
        #expect(stage.readHistory().isEmpty)
    }

    @Test func `A run whose history could not be read at its end is not told a second time by its entry`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.finish(100)
        stage.fates[900] = .committed
        let failure = SampleFailure(reason: .timedOut, message: "locked")
        stage.history = [
            HistoryTable(
                tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400, entries: .failed(failure))
        ]
        #expect(stage.watch(for: .seconds(8)).ended.isEmpty, "its end waits for the history")
        #expect(stage.watch(for: .seconds(6)).ended.count == 1)
        stage.history = [Stage.drizzle("1", "2")]
        #expect(stage.readHistory().isEmpty)
    }

    @Test func `No end waits for a history that the role may not read`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.finish(100)
        stage.fates[900] = .committed
        let failure = SampleFailure(reason: .permissionDenied, message: "no SELECT")
        stage.history = [
            HistoryTable(
                tool: "drizzle", relation: "drizzle.__drizzle_migrations", oid: 16_400, entries: .failed(failure))
        ]
        #expect(stage.watch(for: .seconds(4)).ended.map(\.outcome) == [.committed(versions: [])])
    }

    @Test func `One that waits for the lock of its tool and finds nothing left to do has committed nothing`() {
        var stage = openedStage()
        let lock = HeldLock(
            pid: 100, kind: .advisory, mode: .exclusive, isGranted: false, waitStart: stage.now, database: "shop",
            advisoryKey: .single(72_707_369))
        stage.connect(100)
        stage.run(100, "SELECT pg_advisory_lock(72707369)")
        stage.locks = [lock]
        stage.wait(.seconds(3))
        #expect(stage.look().started.map(\.tool) == ["prisma"])
        stage.locks = []
        stage.finish(100)
        #expect(stage.watch(for: .seconds(6)).ended.map(\.outcome) == [.committed(versions: [])])
    }

    @Test func `A backfill in thousands of batches keeps a bounded number of transactions`() throws {
        var stage = openedStage()
        stage.connect(100)
        for batch in 0..<500 {
            stage.locks = [
                HeldLock(
                    pid: 100, kind: .advisory, mode: .exclusive, isGranted: true, database: "shop",
                    advisoryKey: .single(72_707_369))
            ]
            stage.run(
                100, batch == 0 ? "ALTER TABLE orders ADD COLUMN total int" : "UPDATE orders SET total = 0",
                transactionID: UInt64(batch))
            _ = stage.look()
            stage.wait(.milliseconds(100))
            stage.finish(100)
            stage.fates = [UInt64(batch): .committed]
            _ = stage.look()
            stage.wait(.milliseconds(100))
        }
        let memory = "\(try #require(stage.tracker.memory.openRuns.first))"
        #expect(memory.split(separator: "TrackedTransaction(").count < 100)
    }

    @Test(arguments: [Int64.min, .max, -9_223_294_605_146_496_647, 0])
    func `No key of an advisory lock does harm`(key: Int64) {
        #expect(MigrationTool.owning(.single(key), database: "shop") == nil)
    }

    @Test(arguments: [
        "REFRESH MATERIALIZED VIEW sales", "VACUUM orders", "VACUUM (VERBOSE) orders", "ANALYZE",
        "LOCK TABLE orders IN SHARE MODE",
        "CREATE TEMPORARY TABLE t AS SELECT 1", "TRUNCATE orders", "select 'alter table orders'",
        "-- alter table orders\nselect 1",
        "COPY public.orders TO stdout", "select * from create_orders", "ALTER ROLE ana PASSWORD 'x'",
        "CREATE DATABASE other",
    ])
    func `What is not a migration starts no run`(query: String) {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, query, transactionID: 900)
        stage.hold(100, .accessExclusive, on: "public.orders")
        #expect(stage.look().isEmpty)
    }

    @Test(arguments: [
        "ALTER TABLE orders ADD COLUMN total numeric", "-- CreateTable\nCREATE TABLE a ()", "/* tool */ drop index i",
        "select 1; create index on orders (total)", "CREATE INDEX CONCURRENTLY i ON orders (total)",
        "REINDEX TABLE orders",
        "VACUUM (FULL, VERBOSE) orders", "VACUUM FULL orders",
        "DO $$ BEGIN\n ALTER TABLE a ADD CONSTRAINT b CHECK (true);\nEXCEPTION WHEN duplicate_object THEN null;\nEND $$;",
        "DO $body$ BEGIN EXECUTE 'ALTER TABLE a ADD b int'; END $body$",
        "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ select 1 $$ LANGUAGE sql",
    ])
    func `A schema change by hand starts a run`(query: String) {
        var stage = openedStage()
        stage.connect(100, application: "psql")
        stage.run(100, query, transactionID: 900)
        #expect(stage.look().started.map(\.tool) == ["manual"])
    }

    @Test func `An autovacuum worker and a change of temporary tables start no run`() {
        var stage = openedStage()
        stage.connect(100)
        stage.sessions[100]?.backendType = "autovacuum worker"
        stage.run(100, "autovacuum: VACUUM public.orders (to prevent wraparound)")
        stage.connect(101)
        stage.run(101, "ALTER TABLE scratch ADD COLUMN a int", transactionID: 7)
        stage.hold(101, .accessExclusive, on: "pg_temp_3.scratch", temporary: true)
        #expect(stage.look().isEmpty)
    }

    @Test func `An application that goes on over the migration's connection does not prolong the run`() {
        var stage = openedStage()
        stage.connect(100)
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        _ = stage.look()
        stage.wait(.seconds(1))
        stage.finish(100)
        stage.fates[900] = .committed
        var events = stage.look()
        for _ in 0..<5 {
            stage.run(100, "select * from orders")
            events += stage.watch(for: .seconds(1))
            stage.finish(100)
        }
        #expect(events.ended.count == 1)
    }

    @Test(arguments: [
        (72_707_369 as Int64, "prisma" as String), (7_241_865_325_823_964, "node-pg-migrate"),
        (77_431_708_402_617, "flyway"), (5_887_940_537_704_921_958, "goose"), (75_474_063, "sqitch"),
        (2_686_470_616, "atlas"),
    ])
    func `A tool is known by its advisory lock`(key: Int64, tool: String) {
        var stage = openedStage()
        stage.connect(100)
        stage.locks.append(
            HeldLock(
                pid: 100, kind: .advisory, mode: .exclusive, isGranted: true, database: "shop",
                advisoryKey: .single(key)))
        stage.run(100, "ALTER TABLE orders ADD COLUMN total numeric", transactionID: 900)
        #expect(stage.look().started.map(\.tool) == [tool])
    }

    @Test func `Keys that depend on the database's name are computed as the tools compute them`() {
        // crc32("shop") = 0xac6a4ca2 by zlib.
        #expect(MigrationTool.owning(.single(2_053_462_845 * 2_892_647_586), database: "shop")?.id == "rails")
        #expect(MigrationTool.owning(.single(0x3d32_ad9e * 2_892_647_586), database: "shop")?.id == "sqlx")
        #expect(MigrationTool.owning(.pair(1, 2), database: "shop") == nil)
    }
}
