import Glibc
import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Testing

/// Real migrations under a real load, with statistics read every second instead of every half minute.
@Suite(
    "A migration's effect on the queries of a loaded server", .serialized,
    .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 with contrib (LOCKKEEPER_POSTGRES15_BIN)"))
struct QueryChangeTests {
    private static let table = """
        CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
        CREATE TABLE orders (id int PRIMARY KEY, customer int, note text);
        INSERT INTO orders SELECT i, i % 20000, repeat('x', 50) FROM generate_series(1, 100000) AS i;
        CREATE INDEX orders_customer ON orders (customer);
        CREATE TABLE customers (id int PRIMARY KEY, name text);
        INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 20000) AS i;
        ANALYZE
        """

    private static let script = """
        \\set customer random(0, 19999)
        SELECT count(*) FROM orders WHERE customer = :customer;
        SELECT name FROM customers WHERE id = :customer;
        UPDATE customers SET name = 'd' WHERE id = :customer;
        """

    /// Runs migrations one after the other, each followed by as long a time as preceded it.
    private func review(_ major: Int, seconds: Int = 8, _ migrations: [String]) async throws -> [RunReview] {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { database in
            let client = try await database.session()
            try await client.run(Self.table)
            // pgbench 15 speaks with every server, and Debian's package has it.
            let load = try QueryLoad(
                database, installation: await TestPostgres.installation(15), script: Self.script, rate: 60)
            defer { load.stop() }
            let sampler = sampler(database.dsn())
            let settings = PerformanceSettings(
                part: .seconds(1), window: .seconds(seconds), minimumCalls: 20)
            var performance = Performance(target: "tested", settings: settings)
            var reviews: [RunReview] = []

            func read() async throws {
                performance.advance(try await sampler.readStatements().statements())
                guard !performance.textsWanted.isEmpty,
                    let sample = await sampler.readStatementTexts(of: performance.textsWanted),
                    case .statementTexts(let texts) = sample.content
                else { return }
                performance.advance(texts)
            }
            func clock() async throws -> Timestamp {
                let rows = try await client.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8")
                return Timestamp(microseconds: rows.first?.integer(0) ?? 0)
            }
            for (number, migration) in migrations.enumerated() {
                // The pace of the readings is what is tested here: they are taken by the clock, as the agent does.
                for _ in 0..<seconds + 2 {
                    try await read()
                    try await Task.sleep(for: .seconds(1))
                }
                var run = MigrationRun(
                    id: "run\(number)", target: "tested", database: database.name, tool: "manual", sessions: [],
                    begin: try await clock())
                performance.advance([.started(run)], at: run.begin)
                try await client.run(migration)
                run.end = try await clock()
                performance.advance([.ended(run)], at: run.begin)
                var last: RunReview?
                try await eventually("a final review", within: .seconds(seconds * 4 + 30)) {
                    try await read()
                    last = performance.takeReviewed().last { $0.id == run.id }?.review ?? last
                    if last?.standing == .final { return true }
                    try await Task.sleep(for: .seconds(1))
                    return false
                }
                reviews.append(try #require(last))
            }
            await sampler.close()
            await client.close()
            return reviews
        }
    }

    @Test(
        "is told with query, ratio and cause when it drops an index, and when it adds one",
        arguments: TestPostgres.majors)
    func index(major: Int) async throws {
        let reviews = try await review(
            major, ["DROP INDEX orders_customer", "CREATE INDEX orders_customer_again ON orders (customer)"])
        let slower = try #require(reviews.first?.changes.first)
        #expect(reviews[0].changes.count == 1, "\(reviews[0].changes.map(\.text))")
        #expect(slower.text == "SELECT count(*) FROM orders WHERE customer = $1" && (slower.ratio ?? 0) > 5)
        #expect(slower.cause?.kind == .indexDropped)
        #expect(slower.cause?.text.contains("orders_customer on public.orders") ?? false)
        let faster = try #require(reviews.last?.changes.first)
        #expect(reviews[1].changes.count == 1, "\(reviews[1].changes.map(\.text))")
        #expect(faster.text == slower.text && (faster.ratio ?? 1) < 0.2)
        #expect(faster.cause?.kind == .indexAdded)
        #expect(reviews.allSatisfy { $0.comparedQueries >= 3 && ($0.work?.commits ?? 0) >= 0 && $0.work != nil })
    }

    @Test("is told of a query that fails since its column is gone", arguments: TestPostgres.majors)
    func noLongerCompleted(major: Int) async throws {
        try await TestPostgres.withDatabase(major, hasStatistics: true) { database in
            let (client, application) = (try await database.session(), try await database.session(as: "web"))
            try await client.run(Self.table)
            let sampler = sampler(database.dsn())
            var performance = Performance(
                target: "tested",
                settings: PerformanceSettings(part: .seconds(1), window: .seconds(8), minimumCalls: 20))
            var review: RunReview?
            func round() async throws {
                for id in 1...10 {
                    _ = try? await application.run("SELECT count(*) FROM orders WHERE customer = \(id)")
                    _ = try? await application.run("SELECT name FROM customers WHERE id = \(id)")
                }
                // A session passes on what it counts once a second.
                try await Task.sleep(for: .seconds(1))
                performance.advance(try await sampler.readStatements().statements())
                if !performance.textsWanted.isEmpty,
                    let sample = await sampler.readStatementTexts(of: performance.textsWanted),
                    case .statementTexts(let texts) = sample.content
                {
                    performance.advance(texts)
                }
                review = performance.takeReviewed().last?.review ?? review
            }
            func clock() async throws -> Timestamp {
                let rows = try await client.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8")
                return Timestamp(microseconds: rows.first?.integer(0) ?? 0)
            }
            for _ in 1...10 { try await round() }
            var run = MigrationRun(
                id: "run", target: "tested", database: database.name, tool: "manual", sessions: [],
                begin: try await clock())
            performance.advance([.started(run)], at: run.begin)
            try await client.run("ALTER TABLE customers DROP COLUMN name")
            run.end = try await clock()
            performance.advance([.ended(run)], at: run.begin)
            for _ in 1...30 where review?.standing != .final { try await round() }
            let change = try #require(review?.changes.first)
            #expect(review?.changes.count == 1 && review?.standing == .final)
            #expect(change.isNoLongerCompleted && change.text == "SELECT name FROM customers WHERE id = $1")
            #expect(change.evidence?.contains("transactions of the database were rolled back") == true)
            await sampler.close()
            for session in [client, application] { await session.close() }
        }
    }

    /// `LOCKKEEPER_UNCHANGED_RUNS=20` repeats it that often and prints each.
    @Test("is nothing when it changes nothing")
    func nothing() async throws {
        let count = getenv("LOCKKEEPER_UNCHANGED_RUNS").flatMap { Int(String(cString: $0)) } ?? 1
        let kinds = [
            "ALTER TABLE orders ADD COLUMN a int", "COMMENT ON TABLE orders IS 'x'",
            "CREATE TABLE other (a int PRIMARY KEY); DROP TABLE other", "ALTER TABLE orders DROP COLUMN a",
        ]
        let reviews = try await review(15, (0..<count).map { kinds[$0 % kinds.count] })
        for (number, review) in reviews.enumerated() {
            if count > 1 {
                print("run \(number + 1): \(review.changes.count) of \(review.comparedQueries) queries changed")
            }
            #expect(review.changes.isEmpty && review.comparedQueries >= 3, "\(review.changes)")
        }
    }
}
