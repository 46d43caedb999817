import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

@Suite(
    "Two targets in one server",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct OwnDatabasesTests {
    /// What a target exports of locks and sessions: by metric and database.
    private func figures(_ target: TargetState, at now: Timestamp) -> [String: Double] {
        var metrics = MetricsBuilder()
        target.record(into: &metrics, at: now)
        return Dictionary(
            metrics.snapshot().series.compactMap { series in
                guard let database = series.labels.first(where: { $0.name == "database" })?.value else { return nil }
                return ("\(series.name) \(database)", series.value)
            }, uniquingKeysWith: +)
    }

    @Test(
        "each tell what is wrong in their own databases, and what concerns the server", arguments: TestPostgres.majors)
    func findings(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { first in
            try await TestPostgres.withDatabase(major) { second in
                let (client, holder) = (try await first.session(), try await first.session())
                let gid = "\(first.name)_forgotten"
                try await client.run("CREATE TABLE orders (id int); BEGIN; INSERT INTO orders VALUES (1)")
                try await client.run("PREPARE TRANSACTION '\(gid)'")
                try await holder.run("SELECT pg_advisory_lock(4712)")
                let waiter = try await first.session()
                let waiting = waiter.start("SELECT pg_advisory_xact_lock(4712)")
                try await waiter.waitUntilBlocked(seenBy: client)
                var found: [[Finding]] = []
                for (name, database) in [("one", first), ("two", second)] {
                    var state = TargetState(target: name)
                    let sampler = sampler(database.dsn())
                    let sample = await sampler.look(tier: .active)
                    _ = state.advance(sample)
                    // Twenty minutes later what has just begun is long, or forgotten.
                    found.append(state.findings(at: sample.takenAt + .seconds(1200)))
                    await sampler.close()
                }
                try await client.run("ROLLBACK PREPARED '\(gid)'")
                try await holder.run("SELECT pg_advisory_unlock(4712)")
                _ = try await waiting.value
                let verdicts = Set(found[0].filter { $0.database == first.name }.map(\.verdict))
                #expect(verdicts.isSuperset(of: [.preparedTransaction, .lockQueue]), "\(found[0].map(\.summary))")
                #expect(!found[1].contains { $0.database == first.name }, "\(found[1].map(\.summary))")
                for session in [client, holder, waiter] { await session.close() }
            }
        }
    }

    @Test("each tell of the locks and sessions in their own databases", arguments: TestPostgres.majors)
    func locks(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { first in
            try await TestPostgres.withDatabase(major) { second in
                let (holder, observer) = (try await first.session(), try await first.session())
                try await holder.run("CREATE TABLE orders (id int)")
                var states = [TargetState(target: "one"), TargetState(target: "two")]
                let samplers = [sampler(first.dsn()), sampler(second.dsn())]
                func look() async throws -> [[String: Double]] {
                    var figures: [[String: Double]] = []
                    for index in states.indices {
                        let sample = await samplers[index].look(states[index].inquiry, tier: .active)
                        _ = states[index].advance(sample)
                        figures.append(self.figures(states[index], at: sample.takenAt))
                    }
                    return figures
                }
                _ = try await look()

                // A run in the first database holds up readers of its own, and one in the second over what both share.
                let role = "\(first.name)_shared"
                try await holder.run("CREATE ROLE \(role)")
                try await holder.run("BEGIN; ALTER TABLE orders ADD COLUMN note text; COMMENT ON ROLE \(role) IS 'one'")
                var waiting: [(session: PsqlSession, task: Task<Rows, any Error>)] = []
                for number in 0..<6 {
                    let session = try await (number < 5 ? first : second).session()
                    let sql = number < 5 ? "SELECT * FROM orders" : "COMMENT ON ROLE \(role) IS 'two'"
                    waiting.append((session, session.start(sql)))
                    try await session.waitUntilBlocked(seenBy: observer)
                }
                let seen = try await look()
                let (one, two) = (seen[0], seen[1])
                #expect(one["lockkeeper_lock_waiters \(first.name)"] == 5)
                #expect(two["lockkeeper_lock_waiters \(second.name)"] == 1)
                #expect(one["lockkeeper_lock_root_blockers \(first.name)"] == 1)
                #expect(two["lockkeeper_lock_root_blockers \(second.name)"] == 1, "from elsewhere, in the way here")
                #expect((one["lockkeeper_lock_oldest_wait_seconds \(first.name)"] ?? 0) > 0)
                #expect((two["lockkeeper_lock_oldest_wait_seconds \(second.name)"] ?? 0) > 0)
                for name in [
                    "lock_waiters", "lock_root_blockers", "lock_oldest_wait_seconds", "sessions", "locks",
                    "oldest_transaction_seconds", "idle_in_transaction_oldest_seconds",
                ] {
                    #expect(one["lockkeeper_\(name) \(first.name)"] != nil, "\(name)")
                    #expect(one["lockkeeper_\(name) \(second.name)"] == nil, "\(name)")
                    #expect(two["lockkeeper_\(name) \(first.name)"] == nil, "\(name)")
                }
                let run = try #require(states[0].tracker.open.first).run
                #expect(run.standing.blockedSessions == 6, "whoever it holds up counts, wherever that is")
                #expect(states[1].tracker.open.map(\.run.database) == [second.name])

                try await holder.run("ROLLBACK")
                for (session, task) in waiting {
                    _ = try await task.value
                    await session.close()
                }
                let after = try await look()
                #expect(after[0]["lockkeeper_lock_waiters \(first.name)"] == 0)
                #expect(after[1]["lockkeeper_lock_root_blockers \(second.name)"] ?? 0 == 0, "nobody is left there")
                try await holder.run("DROP ROLE \(role)")
                for sampler in samplers { await sampler.close() }
                for session in [holder, observer] { await session.close() }
            }
        }
    }
}
