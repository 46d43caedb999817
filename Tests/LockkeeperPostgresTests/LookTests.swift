import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperPostgres

@Suite("A full look", .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct LookTests {
    @Test("shows a lock queue: who waits for what, since when, behind whom", arguments: TestPostgres.majors)
    func queue(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let admin = try await database.session(as: "admin")
            try await admin.run("CREATE SCHEMA shop; CREATE TABLE shop.\"Orders\" (id int)")
            let reader = try await database.session(as: "reader")
            try await reader.run("BEGIN")
            try await reader.run("SELECT * FROM shop.\"Orders\"")
            let migration = try await database.session(as: "migration")
            let altering = migration.start(
                "BEGIN; CREATE TABLE public.made (); ALTER TABLE shop.\"Orders\" ADD c int; COMMIT")
            try await migration.waitUntilBlocked(seenBy: admin)
            let victim = try await database.session(as: "victim")
            let selecting = victim.start("SELECT * FROM shop.\"Orders\"")
            try await victim.waitUntilBlocked(seenBy: admin)

            let sampler = sampler(database.dsn())
            let sample = await sampler.look(tier: .active)
            #expect(sample.tier == .active)
            let seen = try sample.observation()
            #expect(seen.server.majorVersion == major && !seen.server.isInRecovery)
            let graph = seen.waitGraph
            #expect(graph.blockers(of: migration.pid) == .init(hard: [.session(reader.pid)], soft: []))
            #expect(graph.blockers(of: victim.pid) == .init(hard: [], soft: [.session(migration.pid)]))
            #expect(graph.blockers(of: reader.pid) == .init())

            let session = try #require(seen.sessions.first { $0.pid == migration.pid })
            #expect(session.applicationName == "migration" && session.user == "postgres")
            #expect(session.database == database.name && session.backendType == "client backend")
            #expect(session.state == .active && session.isWaitingForLock && session.waitEvent == "relation")
            #expect(session.query.hasPrefix("BEGIN; CREATE TABLE public.made"))
            #expect(session.clientAddress == "" && session.clientPort == -1)
            #expect(session.transactionStart != nil && session.queryStart != nil)
            #expect(session.backendStart <= seen.serverTime && session.transactionID != nil)
            let idle = try #require(seen.sessions.first { $0.pid == reader.pid })
            #expect(idle.state == .idleInTransaction && idle.stateChange != nil && idle.transactionID == nil)

            let wanted = try #require(seen.locks.first { $0.pid == migration.pid && !$0.isGranted })
            #expect(wanted.kind == .relation && wanted.mode == .accessExclusive && wanted.database == database.name)
            #expect(wanted.relation?.name == "shop.\"Orders\"")
            #expect(wanted.relation?.isSystem == false && wanted.relation?.kind == "r")
            #expect((wanted.waitStart != nil) == (major >= 14))
            if let start = wanted.waitStart {
                #expect(start <= seen.serverTime && seen.serverTime - start < .seconds(60))
            }
            #expect(
                seen.locks.contains {
                    $0.pid == reader.pid && $0.isGranted && $0.mode == .accessShare && $0.relation == wanted.relation
                })
            // Locks of tables that are not committed yet have no name to be seen.
            #expect(
                seen.locks.contains {
                    $0.pid == migration.pid && $0.isGranted && $0.mode == .accessExclusive && $0.relation?.name == nil
                })
            try await reader.run("COMMIT")
            _ = try await altering.value
            _ = try await selecting.value
            let after = try await sampler.look(tier: .idle).observation().waitGraph.waitingOwners
            #expect(after.isDisjoint(with: [.session(migration.pid), .session(victim.pid)]))
            await sampler.close()
        }
    }

    @Test("leaves out itself, and locks that nobody can be interested in", arguments: TestPostgres.majors)
    func noise(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            try await client.run("BEGIN; SELECT count(*) FROM pg_class; CREATE TEMP TABLE mine ()")
            let sampler = sampler(database.dsn())
            _ = await sampler.readHistory()
            let seen = try await sampler.look(tier: .idle).observation()
            #expect(!seen.sessions.contains { $0.applicationName == "lockkeeper" })
            #expect(!seen.sessions.contains { $0.backendType == "checkpointer" || $0.backendType == "walwriter" })
            let locks = seen.locks.filter { $0.pid == client.pid }
            #expect(!locks.contains { $0.kind == .virtualxid })
            #expect(!locks.contains { $0.mode == .accessShare && ($0.relation?.oid ?? .max) < 16_384 })
            #expect(locks.contains { $0.kind == .transactionid && $0.mode == .exclusive })
            let pids = Set(seen.sessions.map(\.pid))
            #expect(seen.locks.allSatisfy { $0.pid == 0 || pids.contains($0.pid) })
            try await client.run("COMMIT; BEGIN; LOCK TABLE mine")
            let temporary = try await sampler.look(tier: .idle).observation().locks.first {
                $0.pid == client.pid && $0.relation?.name?.hasSuffix("mine") == true
            }
            #expect(temporary?.relation?.isTemporary == true)
            // What somebody waits for is shown, noise or not: here a transaction's own virtual id.
            let waiter = try await database.session()
            try await client.run("ROLLBACK")
            try await client.run("CREATE TABLE public.t (c int)")
            try await client.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try await client.run("SELECT count(*) FROM public.t")
            let waiting = waiter.start("CREATE INDEX CONCURRENTLY i ON public.t (c)")
            let observer = try await database.session()
            try await waiter.waitUntilBlocked(seenBy: observer)
            let queue = try await sampler.look(tier: .active).observation()
            #expect(queue.waitGraph.blockers(of: waiter.pid).hard == [.session(client.pid)])
            #expect(queue.locks.contains { $0.pid == client.pid && $0.kind == .virtualxid && $0.isGranted })
            #expect(queue.locks.contains { $0.pid == waiter.pid && $0.kind == .virtualxid && !$0.isGranted })
            try await client.run("COMMIT")
            _ = try await waiting.value
            await sampler.close()
        }
    }

    @Test(
        "counts the locks that it leaves out, and lists those of whoever changes the schema",
        arguments: TestPostgres.majors)
    func unlisted(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let readers = try await [database.session(), database.session()]
            try await readers[0].run("CREATE TABLE public.t (); CREATE TABLE public.u (); CREATE TABLE public.v ()")
            for reader in readers {
                try await reader.run("BEGIN; LOCK TABLE public.t, public.u IN ACCESS SHARE MODE")
            }
            let sampler = sampler(database.dsn())
            func look() async throws -> (listed: [HeldLock], unlisted: Int?) {
                let seen = try await sampler.look(tier: .idle).observation()
                let pids = Set(readers.map(\.pid))
                return (
                    seen.locks.filter { pids.contains($0.pid) && $0.mode == .accessShare },
                    seen.unlistedLocks[database.name]?[.accessShare]
                )
            }
            var (listed, unlisted) = try await look()
            #expect(listed.isEmpty && unlisted == 4)
            try await readers[0].run("LOCK TABLE public.v IN SHARE MODE")
            (listed, unlisted) = try await look()
            #expect(listed.map(\.pid) == [readers[0].pid, readers[0].pid] && unlisted == 2)
            #expect(Set(listed.map(\.relation?.name)) == ["public.t", "public.u"])
            let writer = try await database.session()
            try await writer.run("BEGIN; LOCK TABLE public.u IN ROW EXCLUSIVE MODE")
            var seen = try await sampler.look(tier: .idle).observation()
            #expect(seen.unlistedLocks[database.name] == [.accessShare: 2, .rowExclusive: 1])
            // Of a session that is asked about, all are listed.
            seen = try await sampler.look(Inquiry(trackedPIDs: [writer.pid]), tier: .idle).observation()
            #expect(seen.locks.contains { $0.pid == writer.pid && $0.relation?.name == "public.u" })
            #expect(seen.unlistedLocks[database.name] == [.accessShare: 2])
            let waiter = try await database.session()
            let waiting = waiter.start("BEGIN; LOCK TABLE public.t")
            try await waiter.waitUntilBlocked(seenBy: readers[1])
            (listed, unlisted) = try await look()
            #expect(listed.count == 3 && unlisted == 1)
            waiting.cancel()
            await sampler.close()
        }
    }

    @Test("names a prepared transaction that is in the way", arguments: TestPostgres.majors)
    func preparedTransaction(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            let gid = "\(database.name)'s"
            try await client.run("CREATE TABLE public.t ()")
            try await client.run("BEGIN; LOCK TABLE public.t; PREPARE TRANSACTION '\(database.name)''s'")
            let waiter = try await database.session()
            let waiting = waiter.start("SELECT * FROM public.t")
            try await waiter.waitUntilBlocked(seenBy: client)
            let sampler = sampler(database.dsn())
            let seen = try await sampler.look(tier: .active).observation()
            #expect(seen.waitGraph.blockers(of: waiter.pid).hard == [.preparedTransaction(gid)])
            let prepared = try #require(seen.preparedTransactions.first { $0.gid == gid })
            #expect(prepared.database == database.name && prepared.owner == "postgres")
            #expect(prepared.preparedAt <= seen.serverTime)
            #expect(
                seen.locks.contains { $0.pid == 0 && $0.mode == .accessExclusive && $0.relation?.name == "public.t" })
            try await client.run("ROLLBACK PREPARED '\(database.name)''s'")
            _ = try await waiting.value
            await sampler.close()
        }
    }

    @Test("knows the fate of transactions that it is asked about", arguments: TestPostgres.majors)
    func fates(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            func transaction(_ end: String) async throws -> UInt64 {
                try await client.run("BEGIN")
                let id = try await client.value("SELECT pg_current_xact_id()").flatMap { UInt64($0) }
                if !end.isEmpty { try await client.run(end) }
                return try #require(id)
            }
            let committed = try await transaction("COMMIT")
            let aborted = try await transaction("ROLLBACK")
            let open = try await transaction("")
            let sampler = sampler(database.dsn())
            let seen = try await sampler.look(
                Inquiry(transactionIDs: [committed, aborted, open, open + 1_000_000, 1 << 40]), tier: .active
            ).observation()
            // An open transaction is told of once a later one has ended: until then its id lies beyond the snapshot.
            var fates = seen.transactionFates
            let fateOfOpen = fates.removeValue(forKey: open)
            #expect(fateOfOpen == nil || fateOfOpen == .inProgress)
            #expect(fates == [committed: .committed, aborted: .aborted])
            #expect(seen.sessions.first { $0.pid == client.pid }?.transactionID == open)
            await sampler.close()
        }
    }

    @Test("reads advisory locks as they were asked for", arguments: TestPostgres.majors)
    func advisoryKeys(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            try await client.run(
                "SELECT pg_advisory_lock(-2), pg_advisory_lock(5887940537704921958), pg_advisory_lock(-1, 7)")
            let sampler = sampler(database.dsn())
            let locks = try await sampler.look(tier: .idle).observation().locks.filter { $0.pid == client.pid }
            #expect(
                Set(locks.compactMap(\.advisoryKey)) == [.single(-2), .single(5_887_940_537_704_921_958), .pair(-1, 7)])
            #expect(locks.allSatisfy { $0.database == database.name && $0.kind == .advisory })
            await sampler.close()
        }
    }

    @Test("by a role without privileges still sees locks and who blocks whom", arguments: TestPostgres.majors)
    func unprivileged(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let holder = try await database.session()
            let role = "\(database.name)_plain"
            try await holder.run("CREATE ROLE \(role) LOGIN; CREATE TABLE public.t ()")
            try await holder.run("BEGIN; LOCK TABLE public.t")
            let waiter = try await database.session()
            let waiting = waiter.start("SELECT * FROM public.t")
            try await waiter.waitUntilBlocked(seenBy: holder)
            let sampler = sampler(database.dsn(user: role))
            let seen = try await sampler.look(tier: .active).observation()
            #expect(!seen.server.canReadAllStats && seen.server.role == role)
            #expect(seen.waitGraph.blockers(of: waiter.pid).hard == [.session(holder.pid)])
            #expect(seen.locks.contains { $0.pid == waiter.pid && !$0.isGranted && $0.relation?.name == "public.t" })
            let hidden = try #require(seen.sessions.first { $0.pid == waiter.pid })
            #expect(hidden.state == .unknown && !hidden.query.contains("public.t"))
            try await holder.run("ROLLBACK")
            _ = try await waiting.value
            await sampler.close()
            try await holder.run("DROP ROLE \(role)")
        }
    }

    @Test("and a glance are not held up by a queued ACCESS EXCLUSIVE lock", arguments: TestPostgres.majors)
    func queued(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let reader = try await database.session()
            try await reader.run("CREATE TABLE public.t (); CREATE TABLE public.\"SequelizeMeta\" (name text)")
            try await reader.run("BEGIN; LOCK TABLE public.t, public.\"SequelizeMeta\" IN ACCESS SHARE MODE")
            let migration = try await database.session()
            let altering = migration.start("BEGIN; LOCK TABLE public.t, public.\"SequelizeMeta\"")
            try await migration.waitUntilBlocked(seenBy: reader)
            // A look that had to wait would end by this limit, and be a failure.
            let sampler = sampler(database.dsn()) { $0.lockTimeout = .milliseconds(50) }
            for _ in 1...5 {
                #expect(await sampler.glance().failure == nil)
                #expect(await sampler.look(tier: .active).failure == nil)
            }
            await sampler.close()
            try await reader.run("ROLLBACK")
            _ = try await altering.value
        }
    }

    /// The low half of an id, the next id not yet given out, and the id meant.
    static let halves: [(UInt32, UInt64, UInt64)] = [
        (5, 0x1_0000_0009, 0x1_0000_0005),
        (0xffff_fffe, 0x1_0000_0009, 0xffff_fffe),
        // Given out after the next id was read.
        (11, 0x1_0000_0009, 0x1_0000_000b),
        (3, 0xffff_ffff, 0x1_0000_0003),
    ]

    @Test("completes transaction ids across the wrap of their low 32 bits", arguments: halves)
    func fullID(low: UInt32, next: UInt64, full: UInt64) {
        #expect(SessionRow.fullID(low, next: next) == full)
    }
}
