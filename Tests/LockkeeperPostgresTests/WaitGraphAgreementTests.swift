import LockkeeperCore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@testable import LockkeeperPostgres

/// Each test makes a situation, and compares whom the wait graph names as directly in the way with whom `pg_blocking_pids()` names.
@Suite(
    "The wait graph agrees with pg_blocking_pids()",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct WaitGraphAgreementTests {
    @Test("on table locks queued in mixed modes", arguments: TestPostgres.majors)
    func tables(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run("CREATE TABLE t ()")
            let reader = try await situation.holder("LOCK TABLE t IN ACCESS SHARE MODE")
            let writer = try await situation.holder("LOCK TABLE t IN ROW EXCLUSIVE MODE")
            let alter = try await situation.waiter("LOCK TABLE t")
            let select = try await situation.waiter("LOCK TABLE t IN ACCESS SHARE MODE")
            let vacuum = try await situation.waiter("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
            for mode in [
                "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE", "SHARE", "ROW SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
            ] {
                try await situation.waiter("LOCK TABLE t IN \(mode) MODE")
            }
            let graph = try await situation.agreed()
            #expect(Set(graph.blockers(of: alter).hard) == Set(sessions(reader, writer)))
            #expect(graph.blockers(of: alter).soft.isEmpty)
            #expect(graph.blockers(of: select) == .init(hard: [], soft: sessions(alter)))
            #expect(graph.blockers(of: vacuum) == .init(hard: [], soft: sessions(alter)))
            #expect(graph.victims(of: [reader]).count == 9)
            #expect(graph.queues.filter { $0.holders.contains { $0.owner == .session(reader) } }.map(\.depth) == [9])
        }
    }

    @Test("when a held lock is upgraded past others that wait for it", arguments: TestPostgres.majors)
    func upgrade(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run("CREATE TABLE t ()")
            let reader = try await situation.session("LOCK TABLE t IN ACCESS SHARE MODE")
            let index = try await situation.holder("LOCK TABLE t IN SHARE MODE")
            let alter = try await situation.waiter("LOCK TABLE t")
            let writer = try await situation.waiter("LOCK TABLE t IN ROW EXCLUSIVE MODE")
            try await situation.wait(reader, "LOCK TABLE t IN ROW EXCLUSIVE MODE")
            let graph = try await situation.agreed()
            #expect(graph.blockers(of: reader.pid) == .init(hard: sessions(index), soft: []))
            #expect(Set(graph.blockers(of: alter).hard) == Set(sessions(index, reader.pid)))
            #expect(graph.blockers(of: writer) == .init(hard: sessions(index), soft: sessions(alter)))
        }
    }

    @Test("on rows, which show as transactions and tuples", arguments: TestPostgres.majors)
    func rows(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1), (2)")
            let first = try await situation.holder("UPDATE t SET n = 1 WHERE id = 1")
            let locker = try await situation.holder("SELECT FROM t WHERE id = 2 FOR KEY SHARE")
            let second = try await situation.waiter("UPDATE t SET n = 2 WHERE id = 1")
            let third = try await situation.waiter("UPDATE t SET n = 3 WHERE id = 1")
            let fourth = try await situation.waiter("SELECT FROM t WHERE id = 1 FOR SHARE")
            let deleter = try await situation.waiter("DELETE FROM t WHERE id = 2")
            let graph = try await situation.agreed()
            #expect(graph.rootBlockers(of: fourth) == [.session(first)])
            #expect(graph.rootBlockers(of: deleter) == [.session(locker)])
            #expect(graph.victims(of: [first]) == Set(sessions(second, third, fourth)))
            let waits = graph.waits.filter { [second, third].contains($0.pid) }
            #expect(waits.map(\.lock.kind) == [.transactionid, .tuple])
            #expect(waits.map(\.rowOf?.name) == ["public.t", nil] && waits[1].lock.relation?.name == "public.t")
        }
    }

    @Test("on a row whose lock is held in a weak mode while its holder waits", arguments: TestPostgres.majors)
    func weakTuple(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run(
                "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (parent int REFERENCES parent); INSERT INTO parent VALUES (1)"
            )
            let deleter = try await situation.holder("DELETE FROM parent WHERE id = 1")
            // Its check of the key holds the row FOR KEY SHARE, ACCESS SHARE in the lock table, and waits for the transaction.
            let inserter = try await situation.waiter("INSERT INTO child VALUES (1)")
            let next = try await situation.waiter("DELETE FROM parent WHERE id = 1")
            let graph = try await situation.agreed()
            #expect(graph.blockers(of: next).hard == sessions(inserter))
            #expect(graph.victims(of: [deleter]) == Set(sessions(inserter, next)))
        }
    }

    @Test("on advisory locks of one key and of two", arguments: TestPostgres.majors)
    func advisory(major: Int) async throws {
        try await withSituation(major) { situation in
            let one = try await situation.holder("SELECT pg_advisory_lock(7), pg_advisory_xact_lock_shared(1, 2)")
            let two = try await situation.holder("SELECT pg_advisory_xact_lock_shared(1, 2), pg_advisory_lock(2, 1)")
            let first = try await situation.waiter("SELECT pg_advisory_lock(7)")
            try await situation.waiter("SELECT pg_advisory_lock_shared(7)")
            let exclusive = try await situation.waiter("SELECT pg_advisory_lock(1, 2)")
            let shared = try await situation.waiter("SELECT pg_advisory_lock_shared(1, 2)")
            let graph = try await situation.agreed()
            #expect(graph.blockers(of: first).hard == sessions(one))
            #expect(Set(graph.blockers(of: exclusive).hard) == Set(sessions(one, two)))
            #expect(graph.blockers(of: shared) == .init(hard: [], soft: sessions(exclusive)))
        }
    }

    @Test("when CREATE INDEX CONCURRENTLY waits for older transactions", arguments: TestPostgres.majors)
    func concurrently(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run("CREATE TABLE t (n int); CREATE TABLE u (n int)")
            let writer = try await situation.holder("INSERT INTO t VALUES (1)")
            let build = try await situation.waiter("CREATE INDEX CONCURRENTLY i ON t (n)", inTransaction: false)
            let alter = try await situation.waiter("ALTER TABLE t ADD COLUMN m int")
            let select = try await situation.waiter("SELECT * FROM t")
            let graph = try await situation.agreed()
            #expect(graph.blockers(of: build).hard == sessions(writer))
            #expect(graph.waits.first { $0.pid == build }?.lock.kind == .virtualxid)
            #expect(graph.rootBlockers(of: select) == [.session(writer)])
            #expect(Set(graph.blockers(of: alter).hard) == Set(sessions(writer, build)))
        }
    }

    @Test("when the processes of a parallel query hold the locks", arguments: TestPostgres.majors)
    func parallel(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2)")
            let leader = try await situation.session(
                """
                SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0;
                SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2;
                SET LOCAL parallel_leader_participation = off
                """)
            situation.start(leader, "SELECT count(*) FROM t WHERE pg_sleep(600) IS NULL")
            try await eventually("processes work for \(leader.pid)") {
                try await situation.run(
                    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE leader_pid = \(leader.pid)"
                ).first?.text(0) != "0"
            }
            let alter = try await situation.waiter("LOCK TABLE t")
            let select = try await situation.waiter("SELECT * FROM t")
            let graph = try await situation.agreed()
            #expect(graph.blockers(of: alter) == .init(hard: sessions(leader.pid), soft: []))
            #expect(graph.rootBlockers(of: select) == [.session(leader.pid)])
            #expect(graph.queues.contains { $0.lock.pid == alter && $0.holders.count == 1 })
        }
    }

    @Test("when prepared transactions are in the way, and names each", arguments: TestPostgres.majors)
    func prepared(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run(
                "CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE u (); INSERT INTO t VALUES (1)")
            let name = situation.database.name
            // From one session, so that only the locks' own columns tell them apart.
            try await situation.run("BEGIN; UPDATE t SET n = 1; PREPARE TRANSACTION '\(name) one'")
            try await situation.run("BEGIN; LOCK TABLE u; PREPARE TRANSACTION '\(name) two'")
            let update = try await situation.waiter("UPDATE t SET n = 2")
            let alter = try await situation.waiter("LOCK TABLE t")
            let select = try await situation.waiter("SELECT FROM u")
            let build = try await situation.waiter("CREATE INDEX CONCURRENTLY i ON t (n)", inTransaction: false)
            let graph = try await situation.agreed()
            let one = LockOwner.preparedTransaction("\(name) one"), two = LockOwner.preparedTransaction("\(name) two")
            #expect(graph.blockers(of: update).hard == [one])
            #expect(Set(graph.blockers(of: alter).hard) == [one, .session(update)])
            #expect(graph.blockers(of: select) == .init(hard: [two], soft: []))
            #expect(graph.rootBlockers(of: build) == [one])
            #expect(graph.victims(of: [one]) == Set(sessions(update, alter, build)))
            for gid in ["one", "two"] { try await situation.run("ROLLBACK PREPARED '\(name) \(gid)'") }
        }
    }

    @Test("on objects that are no relations", arguments: TestPostgres.majors)
    func objects(major: Int) async throws {
        try await withSituation(major) { situation in
            let role = "\(situation.database.name)_role"
            try await situation.run("CREATE SCHEMA s; CREATE ROLE \(role)")
            let first = try await situation.holder("CREATE TABLE s.t (); COMMENT ON ROLE \(role) IS 'x'")
            let drop = try await situation.waiter("DROP SCHEMA s")
            let comment = try await situation.waiter("COMMENT ON ROLE \(role) IS 'y'")
            let graph = try await situation.agreed()
            #expect(graph.blockers(of: drop).hard == sessions(first))
            #expect(graph.blockers(of: comment).hard == sessions(first))
            #expect(graph.waits.first { $0.pid == drop }?.lock.kind == .object)
        }
        let admin = try await PsqlSession.connect(try await TestPostgres.shared(major).server.dsn())
        try await admin.run(
            "DO $$ DECLARE r text; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname ~ '^test_.*_role$' LOOP EXECUTE 'DROP ROLE ' || r; END LOOP; END $$"
        )
        await admin.close()
    }

    @Test(
        "but for a queue that the server has reordered to get out of a deadlock, where the order is not to be seen",
        arguments: TestPostgres.majors)
    func reordered(major: Int) async throws {
        try await withSituation(major) { situation in
            try await situation.run("CREATE TABLE a (); CREATE TABLE c ()")
            let reader = try await situation.session("LOCK TABLE a IN ACCESS SHARE MODE")
            let vacuum = try await situation.holder("LOCK TABLE a IN SHARE UPDATE EXCLUSIVE MODE")
            let second = try await situation.session("LOCK TABLE c")
            let alter = try await situation.waiter("LOCK TABLE a")
            try await situation.wait(second, "LOCK TABLE a IN SHARE UPDATE EXCLUSIVE MODE")
            // Closes a circle, of which one edge is an order only: reader → second → alter → reader.
            try await reader.run("SET deadlock_timeout = '10ms'")
            try await situation.wait(reader, "LOCK TABLE c IN ACCESS SHARE MODE")
            try await eventually("the server lets \(second.pid) go ahead of \(alter)") {
                try await situation.blockingPIDs()[second.pid] == [vacuum]
            }
            let graph = try await situation.graph()
            #expect(graph.blockers(of: second.pid) == .init(hard: sessions(vacuum), soft: sessions(alter)))
            #expect(Set(graph.blockers(of: alter).hard) == Set(sessions(reader.pid, vacuum)))
            // What matters to people is the same: who is at the root of it.
            #expect(graph.rootBlockers(of: alter) == [.session(vacuum)])
            #expect(graph.rootBlockers(of: second.pid) == [.session(vacuum)])
        }
    }

    private func withSituation(_ major: Int, _ body: (Situation) async throws -> Void) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let situation = try await Situation(database)
            let result: Result<Void, any Error>
            do { result = .success(try await body(situation)) } catch { result = .failure(error) }
            await situation.close()
            try result.get()
        }
    }
}

private func sessions(_ pids: Int32...) -> [LockOwner] { pids.map(LockOwner.session) }

/// Sessions that hold locks and wait for them.
private final class Situation {
    let database: TestDatabase
    private let observer: PsqlSession
    private let sampler: Sampler
    private var waiters: [Int32] = []
    /// Who is forgotten is disconnected.
    private var sessions: [PsqlSession] = []
    private var tasks: [Task<Rows, any Error>] = []

    init(_ database: TestDatabase) async throws {
        self.database = database
        observer = try await database.session(as: "observer")
        sampler = LockkeeperPostgresTests.sampler(database.dsn())
    }

    @discardableResult
    func run(_ sql: String) async throws -> Rows { try await observer.run(sql) }

    /// A session in a transaction, in which it has run the statements.
    func session(_ sql: String) async throws -> PsqlSession {
        let session = try await database.session()
        sessions.append(session)
        try await session.run("BEGIN")
        try await session.run(sql)
        return session
    }

    func holder(_ sql: String) async throws -> Int32 { try await session(sql).pid }

    func start(_ session: PsqlSession, _ sql: String) { tasks.append(session.start(sql)) }

    func wait(_ session: PsqlSession, _ sql: String) async throws {
        start(session, sql)
        try await eventually("\(session.pid) waits for a lock: \(sql)") {
            // By its start, which the server sets last: the order of the queue shows by it.
            try await self.observer.value(
                "SELECT count(*) FROM pg_locks WHERE pid = \(session.pid) AND NOT granted AND waitstart IS NOT NULL")
                == "1"
        }
        waiters.append(session.pid)
    }

    @discardableResult
    func waiter(_ sql: String, inTransaction: Bool = true) async throws -> Int32 {
        let session = try await database.session()
        sessions.append(session)
        if inTransaction { try await session.run("BEGIN") }
        try await wait(session, sql)
        return session.pid
    }

    func graph() async throws -> WaitGraph {
        try await sampler.look(tier: .active).observation().waitGraph
    }

    /// What the server says of each waiter; 0 stands for prepared transactions.
    func blockingPIDs() async throws -> [Int32: Set<Int32>] {
        let list = waiters.map(String.init).joined(separator: ",")
        let rows = try await run("SELECT pid, pg_blocking_pids(pid) FROM unnest('{\(list)}'::int[]) AS w (pid)")
        return Dictionary(
            rows.compactMap { row -> (Int32, Set<Int32>)? in
                guard let pid: Int32 = row.integer(0), let pids: [Int32] = row.integers(1) else { return nil }
                return (pid, Set(pids))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The graph, having found that it agrees for each waiter, computed either way: from the locks alone, and as for a server that does not
    /// tell when waits began.
    func agreed() async throws -> WaitGraph {
        let graph = try await graph()
        let said = try await blockingPIDs()
        let old = try await graphOfOldServer()
        #expect(said.count == waiters.count && said.values.allSatisfy { !$0.isEmpty })
        for pid in waiters {
            #expect(Self.pids(graph.blockers(of: pid)) == said[pid], "in the way of \(pid)")
            #expect(Self.pids(old.blockers(of: pid)) == said[pid], "in the way of \(pid), as of an old server")
        }
        return graph
    }

    private static func pids(_ blockers: WaitGraph.Blockers) -> Set<Int32> {
        Set(
            (blockers.hard + blockers.soft).map { owner in
                if case .session(let pid) = owner { pid } else { 0 }
            })
    }

    /// What would be seen by the queries for PostgreSQL 13, which the others answer, too.
    private func graphOfOldServer() async throws -> WaitGraph {
        let session = try await PostgresSession.connect(
            to: DSN(database.dsn()), as: .observer(lockTimeout: .seconds(1), statementTimeout: .seconds(10)),
            within: .seconds(20))
        let server = Server(versionNumber: 130_000, startedAt: Timestamp(seconds: 0), database: database.name)
        let results = try await session.run(
            LookQueries.queries(server, transactionIDs: []), within: .seconds(20))
        await session.close()
        let seen = try LookQueries.read(results, server: server)
        #expect(seen.locks.allSatisfy { $0.waitStart == nil } && !seen.blockingPIDs.isEmpty)
        return seen.waitGraph
    }

    func close() async {
        for task in tasks { task.cancel() }
        for session in sessions { await session.close() }
        await sampler.close()
    }
}
