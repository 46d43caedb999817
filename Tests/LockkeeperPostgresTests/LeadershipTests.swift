import LockkeeperCore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@testable import LockkeeperPostgres

/// Agents that watch the same target, on real servers.
@Suite(
    "Of several agents", .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct LeadershipTests {
    /// The advisory locks of the database: others share the server.
    private static func advisoryLocks(_ what: String = "count(*)") -> String {
        """
        SELECT \(what) FROM pg_locks WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    }

    @Test(
        "one leads and the others follow it; when it goes in order, another leads at once",
        arguments: TestPostgres.majors)
    func oneLeads(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let first = RunningKeeper(database.dsn())
            try await first.waitUntil("leading")
            let others = [RunningKeeper(database.loopbackDSN), RunningKeeper(database.dsn())]
            for other in others { try await other.waitUntil("following") }
            #expect(first.role == .leading)
            let watcher = try await database.session()
            let holder = try await watcher.value(Self.advisoryLocks("pid"))
            try await eventually("they know whom they follow") {
                others.allSatisfy {
                    guard case .following(let known) = $0.role else { return false }
                    return known.map { String($0.pid) } == holder && known?.applicationName == "lockkeeper"
                }
            }
            #expect(try await watcher.value(Self.advisoryLocks()) == "1")
            await first.stop()
            try await others.waitUntilOneLeads()
            for keeper in [first] + others {
                #expect(keeper.roles.all.allSatisfy { $0.isKnown }, "\(keeper.roles.all)")
            }
            await others.stop()
            try await eventually("nothing is left") { try await watcher.value(Self.advisoryLocks()) == "0" }
            await watcher.close()
        }
    }

    @Test("the others take over from one whose session is ended, and it follows", arguments: TestPostgres.majors)
    func terminated(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let first = RunningKeeper(database.dsn())
            try await first.waitUntil("leading")
            let second = RunningKeeper(database.loopbackDSN)
            try await second.waitUntil("following")
            let admin = try await database.session()
            try await admin.run(Self.advisoryLocks("pg_terminate_backend(pid)"))
            try await second.waitUntil("leading")
            try await first.waitUntil("following")
            #expect(second.role == .leading)
            #expect(first.roles.all.contains { $0.label == "unknown" && $0.tells })
            // One that follows and is cut off for a moment says nothing meanwhile.
            try await admin.run(
                """
                SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
                WHERE a.application_name = 'lockkeeper' AND a.datname = '\(database.name)'
                    AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory')
                """)
            try await eventually("it is back") {
                try await admin.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper' AND datname = '\(database.name)'"
                ) == "2"
            }
            #expect(first.role.label == "following" && second.role == .leading)
            await admin.close()
            await [first, second].stop()
        }
    }

    @Test("one leads again after the server was restarted, in order or by a crash", arguments: TestPostgres.majors)
    func restarted(major: Int) async throws {
        let server = try await ThrowawayPostgres.start(.init(installation: TestPostgres.installation(major)))
        let keepers = [RunningKeeper(server.dsn()), RunningKeeper(server.dsn())]
        for shutdown in [ThrowawayPostgres.Shutdown.fast, .immediate] {
            try await keepers.waitUntilOneLeads()
            let known = keepers.map(\.roles.all.count)
            try await server.restart(shutdown)
            try await eventually("somebody has noticed") { keepers.map(\.roles.all.count) != known }
        }
        try await keepers.waitUntilOneLeads()
        await keepers.stop()
        await server.stop()
    }

    @Test(
        "each tells for itself while the server is stopped or down, for how should one know; then one leads",
        arguments: TestPostgres.majors)
    func stopped(major: Int) async throws {
        let server = try await ThrowawayPostgres.start(
            .init(installation: TestPostgres.installation(major), loopback: true))
        let keepers = [RunningKeeper(server.dsn()), RunningKeeper(server.loopbackDSN())]
        try await keepers.waitUntilOneLeads()
        await server.suspend()
        for keeper in keepers { try await keeper.waitUntil("unknown") }
        await server.resume()
        try await keepers.waitUntilOneLeads()
        await server.shutDown()
        for keeper in keepers { try await keeper.waitUntil("unknown") }
        // One that is started while nobody answers.
        let third = RunningKeeper(server.dsn())
        try await third.waitUntil("unknown")
        try await server.bringUp()
        try await (keepers + [third]).waitUntilOneLeads()
        await (keepers + [third]).stop()
        await server.stop()
    }

    @Test("one that hangs leads no longer when its lease is over", arguments: TestPostgres.majors.filter { $0 >= 14 })
    func hanging(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            // A session as a keeper opens it, of an agent that is stopped right after.
            let hanging = try await PostgresSession.connect(to: DSN(database.dsn()), as: .observer())
            let taken = try await hanging.run(
                LineLimits(lease: .seconds(2)).queries + [LeadershipLock(target: "tested").take], within: .seconds(5))
            #expect(try taken.last?.get().first?.boolean(0) == true)
            // On a busy machine the lease may be over before the other has looked: it need not have followed.
            let other = RunningKeeper(database.dsn())
            try await other.waitUntil("leading")
            await #expect(throws: PostgresError.self) {
                try await hanging.run([LeadershipLock(target: "tested").take], within: .seconds(5))
            }
            await other.stop()
        }
    }

    @Test("each leads where the target's name or the database is another's", arguments: TestPostgres.majors)
    func apart(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            try await TestPostgres.withDatabase(major) { other in
                let keepers = [
                    RunningKeeper(database.dsn(), target: "app"), RunningKeeper(database.dsn(), target: "reports"),
                    RunningKeeper(other.dsn(), target: "app"),
                ]
                for keeper in keepers { try await keeper.waitUntil("leading") }
                await keepers.stop()
            }
        }
    }

    @Test(
        "each tells behind a pooler, where no lock can be kept, and leaves none there",
        .enabled(if: TestPgBouncer.isWanted, "needs pgbouncer"), arguments: ["transaction", "session"])
    func pooled(mode: String) async throws {
        try await TestPostgres.withDatabase { database in
            let bouncer = try await TestPgBouncer.start(before: database.server, mode: mode)
            let keepers = [
                RunningKeeper(bouncer.dsn(database: database.name)),
                RunningKeeper(bouncer.dsn(database: database.name)),
            ]
            for keeper in keepers {
                try await keeper.waitUntil("unknown")
                guard case .unknown(let reason) = keeper.role else { continue }
                #expect(reason.contains("pgbouncer"))
            }
            let watcher = try await database.session()
            #expect(try await watcher.value(Self.advisoryLocks()) == "0")
            await watcher.close()
            await keepers.stop()
            await bouncer.stop()
        }
    }

    @Test("one that may not take the lock tells, and says what it lacks", arguments: TestPostgres.majors)
    func forbidden(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            let role = "forbidden_\(database.name)"
            try await admin.run(
                """
                CREATE ROLE \(role) LOGIN;
                REVOKE EXECUTE ON FUNCTION pg_try_advisory_lock(int, int) FROM PUBLIC
                """)
            let keeper = RunningKeeper(database.dsn(user: role))
            try await keeper.waitUntil("unknown")
            #expect(keeper.role.tells)
            if case .unknown(let reason) = keeper.role { #expect(reason.contains("pg_try_advisory_lock"), "\(reason)") }
            await keeper.stop()
            await admin.close()
        }
    }

    @Test(
        "none shows its lock or its session in what is told of the server, whatever the role may see",
        arguments: TestPostgres.majors, [true, false])
    func invisible(major: Int, isPrivileged: Bool) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session()
            let role = "seeing_\(database.name)"
            try await admin.run("CREATE ROLE \(role) LOGIN" + (isPrivileged ? "; GRANT pg_monitor TO \(role)" : ""))
            let keepers = [RunningKeeper(database.dsn()), RunningKeeper(database.loopbackDSN)]
            try await keepers.waitUntilOneLeads()
            let held = try await admin.value(Self.advisoryLocks("pid"))
            let holder = try #require(held.flatMap { Int32($0) })
            let sampler = sampler(database.dsn(user: role))
            for _ in 1...3 {
                let observation = try await sampler.look(
                    Inquiry(trackedPIDs: [holder]), tier: .active
                ).observation()
                #expect(observation.locks.allSatisfy { $0.pid != holder || $0.kind != .advisory })
                #expect(!observation.sessions.contains { $0.pid == holder })
                // The server has other tests' waiters, too.
                #expect(!observation.waitGraph.waitingOwners.contains(.session(holder)))
                #expect(try await !sampler.glance().glance().suspects.map(\.pid).contains(holder))
            }
            await sampler.close()
            await keepers.stop()
            try await admin.run("DROP ROLE \(role)")
            await admin.close()
        }
    }

    @Test("none is waited for by a server that it cannot be reached from any more", arguments: TestPostgres.majors)
    func limits(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let session = try await PostgresSession.connect(
                to: DSN(database.loopbackDSN).with(LineLimits(lease: .seconds(10))), as: .observer())
            _ = try await session.run(LineLimits(lease: .seconds(10)).queries, within: .seconds(5))
            var expected = [
                ("tcp_keepalives_idle", "2"), ("tcp_keepalives_interval", "1"), ("tcp_keepalives_count", "3"),
                ("tcp_user_timeout", "5000"),
            ]
            if major >= 14 {
                expected += [("client_connection_check_interval", "1s"), ("idle_session_timeout", "10s")]
            }
            for (name, value) in expected {
                let shown = try await session.run([Query(name: "", sql: "SHOW \(name)")], within: .seconds(5))
                #expect(try shown[0].get().first?.text(0)?.hasPrefix(value) == true, "\(name)")
            }
            await session.close()
        }
    }
}
