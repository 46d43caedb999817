import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport
import Synchronization
import Testing
import ThrowawayPostgres

@Suite("A sampler", .enabled(if: TestPostgres.isWanted(), "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct SamplerTests {
    @Test("holds at most two connections, however much is asked of it at once")
    func twoConnections() async throws {
        try await TestPostgres.withDatabase { database in
            let watcher = try await database.session()
            let sampler = sampler(database.dsn())
            let most = try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { #expect(await sampler.glance().failure == nil) }
                    group.addTask { #expect(await sampler.look(tier: .idle).failure == nil) }
                    group.addTask { for sample in await sampler.readHistory() { #expect(sample.failure == nil) } }
                }
                var most = 0
                for _ in 0..<50 {
                    let count = try await watcher.value(
                        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper' AND datname = '\(database.name)'"
                    )
                    most = max(most, count.flatMap { Int($0) } ?? 0)
                }
                try await group.waitForAll()
                return most
            }
            #expect(most <= 2)
            let count = try await watcher.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper' AND datname = '\(database.name)'"
            )
            #expect(count == "2")
            await sampler.close()
            #expect(await sampler.glance().failure != nil)
        }
    }

    @Test("of a server that is down, starts, restarts and ends has failures and recovers")
    func comingAndGoing() async throws {
        let server = try await ThrowawayPostgres.start()
        await server.shutDown()
        let sampler = sampler(server.dsn())
        let down = await sampler.look(tier: .idle)
        #expect(down.tier == .idle && down.failure?.reason == .unreachable)
        #expect(await sampler.glance().failure?.reason == .unreachable)
        #expect(await sampler.readHistory().first?.failure?.reason == .unreachable)

        try await server.bringUp()
        let first = try await sampler.look(tier: .idle).observation().server.startedAt
        #expect(try await sampler.glance().glance().suspects.isEmpty)

        try await server.restart(.immediate)
        let cut = await sampler.look(tier: .active)
        #expect(cut.failure?.reason == .disconnected)
        let second = try await sampler.look(tier: .idle).observation().server.startedAt
        #expect(second > first)
        await sampler.close()
        await server.stop()
    }

    @Test("of a stopped server gives up in time, holds up nobody else, and recovers")
    func stopped() async throws {
        let server = try await ThrowawayPostgres.start()
        let stopped = sampler(server.dsn()) {
            $0.statementTimeout = .seconds(2)
            $0.connectTimeout = .seconds(2)
        }
        #expect(await stopped.glance().failure == nil)
        #expect(await stopped.readHistory().first?.failure == nil)
        await server.suspend()
        let other = try await sampler(TestPostgres.shared().server.dsn())
        async let hanging = stopped.look(tier: .idle)
        for _ in 1...20 { #expect(await other.glance().failure == nil) }
        #expect(await hanging.failure?.reason == .timedOut)
        #expect(await stopped.glance().failure?.reason == .timedOut)
        #expect(await stopped.readHistory().first?.failure?.reason == .timedOut)
        await server.resume()
        try await eventually("it answers again") { await stopped.glance().failure == nil }
        #expect(await stopped.look(tier: .idle).failure == nil)
        // What was given up while the server could not hear is gone from it, too.
        let watcher = try await PsqlSession.connect(server.dsn())
        try await eventually("only the connections in use are left") {
            let count = try await watcher.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper'")
            return count.flatMap { Int($0) }.map { $0 <= 2 } ?? false
        }
        await stopped.close()
        await other.close()
        await server.stop()
    }

    @Test("asks for the connection string anew for each attempt")
    func newSecret() async throws {
        let server = try await TestPostgres.shared().server
        let asked = PasswordFile(password: "topsecret")
        let sampler = Sampler(
            Sampler.Configuration(target: "tested") { () throws(PostgresError) in
                try DSN("host=127.0.0.1 port=\(server.port) user=postgres dbname=postgres password=\(asked.current)")
            }, backoff: Backoff(initial: .milliseconds(10), cap: .milliseconds(10)))
        let refused = await sampler.glance()
        #expect(refused.failure?.reason == .rejected)
        #expect(refused.failure?.message.contains("topsecret") == false)
        asked.change(to: server.password)
        #expect(await sampler.glance().failure == nil)
        await sampler.close()
    }

    @Test("stops waiting for a server when it is closed")
    func closedWhileDown() async throws {
        let sampler = Sampler(
            Sampler.Configuration(target: "tested") { () throws(PostgresError) in try DSN("host=127.0.0.1 port=1") },
            backoff: Backoff(initial: .seconds(3600), cap: .seconds(3600)))
        #expect(await sampler.glance().failure?.reason == .unreachable)
        let waiting = Task { await sampler.glance() }
        waiting.cancel()
        #expect(await waiting.value.failure != nil)
        let looking = Task { await sampler.look(tier: .idle) }
        await sampler.close()
        #expect(await looking.value.failure != nil)
    }

    @Test(
        "sees through pgbouncer what it sees without", .enabled(if: TestPgBouncer.isWanted, "needs pgbouncer"),
        arguments: ["transaction", "session"])
    func pooled(mode: String) async throws {
        try await TestPostgres.withDatabase { database in
            let holder = try await database.session()
            try await holder.run("CREATE TABLE public.t (); CREATE TABLE public.\"SequelizeMeta\" (name varchar)")
            try await holder.run("BEGIN; LOCK TABLE public.t")
            let waiter = try await database.session()
            let waiting = waiter.start("SELECT * FROM public.t")
            try await waiter.waitUntilBlocked(seenBy: holder)
            let bouncer = try await TestPgBouncer.start(before: database.server, mode: mode)
            let sampler = sampler(bouncer.dsn(database: database.name))
            for _ in 1...3 {
                let seen = try await sampler.look(
                    Inquiry(transactionIDs: [3]), tier: .active
                ).observation()
                #expect(seen.server.pooler == "pgbouncer")
                #expect(seen.waitGraph.blockers(of: waiter.pid).hard == [.session(holder.pid)])
                #expect(try await sampler.glance().glance().lockWaiters >= 1)
                #expect(try await sampler.readHistory().first?.history().tables.count == 1)
            }
            await sampler.close()
            await bouncer.stop()
            try await holder.run("ROLLBACK")
            _ = try await waiting.value
        }
    }
}

/// A secret that changes under a running sampler.
private final class PasswordFile: Sendable {
    private let password: Mutex<String>

    init(password: String) { self.password = Mutex(password) }

    var current: String { password.withLock { $0 } }

    func change(to new: String) { password.withLock { $0 = new } }
}
