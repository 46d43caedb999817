import LockkeeperCore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

@testable import LockkeeperPostgres

@Suite(
    "A reading of the catalogs",
    .enabled(if: !TestPostgres.majors.isEmpty, "needs PostgreSQL 15 (LOCKKEEPER_POSTGRES15_BIN)"))
struct CatalogTests {
    /// What a look at the catalogs of the connection's own database says.
    private func read(_ dsn: String, oldDatabaseAge: Int64 = 0) async throws -> CatalogReading {
        let sampler = sampler(dsn) { $0.oldDatabaseAge = oldDatabaseAge }
        let samples = await sampler.readCatalogs()
        await sampler.close()
        return try #require(samples.first).catalog()
    }

    /// A table `public.t` whose rows no unique index can have.
    private func makeTable(_ client: PsqlSession) async throws {
        try await client.run("CREATE TABLE public.t (a int, b int)")
        try await client.run("INSERT INTO public.t VALUES (1, 1), (1, 2)")
    }

    // MARK: Indexes

    @Test(
        "shows the index that a failed CREATE INDEX CONCURRENTLY left, and its remedy works",
        arguments: TestPostgres.majors)
    func failedIndex(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            try await makeTable(client)
            await #expect(throws: PostgresError.self) {
                try await client.run(#"CREATE UNIQUE INDEX CONCURRENTLY "Odd one" ON public.t (a)"#)
            }
            let reading = try await read(database.dsn())
            #expect(reading.database == database.name)
            #expect(reading.failures.isEmpty, "\(reading.failures)")
            #expect(reading.invalidIndexCount == 1)
            let index = try #require(reading.invalidIndexes.first)
            #expect(index.name == #"public."Odd one""# && index.table == "public.t")
            #expect(index.isUnique && index.leftover == .none)
            try await client.run(index.remedy)
            #expect(try await read(database.dsn()).invalidIndexCount == 0)
            await client.close()
        }
    }

    @Test(
        "does not take an index that is being built for a leftover, until its build fails",
        arguments: TestPostgres.majors)
    func buildInProgress(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            let role = "\(database.name)_plain"
            try await client.run("CREATE ROLE \(role) LOGIN")
            try await makeTable(client)
            await #expect(throws: PostgresError.self) {
                try await client.run("CREATE UNIQUE INDEX CONCURRENTLY failed ON public.t (a)")
            }
            let reader = try await database.session()
            try await reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try await reader.run("SELECT count(*) FROM pg_catalog.pg_class")
            let builder = try await database.session()
            let build = builder.start("CREATE INDEX CONCURRENTLY building ON public.t (b)")
            try await eventually("the build waits for the old snapshot") {
                try await client.value(
                    "SELECT phase FROM pg_stat_progress_create_index WHERE pid = \(builder.pid)")
                    == "waiting for old snapshots"
            }
            #expect(try await client.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "2")
            let during = try await read(database.dsn())
            #expect(during.invalidIndexes.map(\.name) == ["public.failed"])
            #expect(during.invalidIndexCount == 1)
            let holders = try #require(during.server).snapshotHolders
            #expect(holders.contains { $0.kind == .session && $0.pid == reader.pid && $0.state == .idleInTransaction })
            // A role that may not see which index is built says nothing of the table's indexes rather than something false.
            #expect(try await read(database.dsn(user: role)).invalidIndexCount == 0)

            try await client.run("SELECT pg_cancel_backend(\(builder.pid))")
            await #expect(throws: PostgresError.self) { try await build.value }
            let after = try await read(database.dsn())
            #expect(Set(after.invalidIndexes.map(\.name)) == ["public.failed", "public.building"])
            #expect(try await read(database.dsn(user: role)).invalidIndexCount == 2)
            try await client.run("DROP ROLE \(role)")
            for session in [reader, builder, client] { await session.close() }
        }
    }

    @Test(
        "tells the copies of a REINDEX CONCURRENTLY that failed, and none of one that runs",
        arguments: TestPostgres.majors)
    func reindex(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            try await makeTable(client)
            try await client.run("CREATE INDEX one ON public.t (a); CREATE INDEX two ON public.t (b)")
            let reader = try await database.session()
            try await reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try await reader.run("SELECT count(*) FROM pg_catalog.pg_class")
            let builder = try await database.session()
            let build = builder.start("REINDEX TABLE CONCURRENTLY public.t")
            try await eventually("both copies wait for the old snapshot") {
                try await client.value(
                    """
                    SELECT (SELECT count(*) FROM pg_index WHERE NOT indisvalid) = 2
                        AND phase = 'waiting for old snapshots'
                    FROM pg_stat_progress_create_index WHERE pid = \(builder.pid)
                    """) == "t"
            }
            #expect(try await read(database.dsn()).invalidIndexes == [])

            try await client.run("SELECT pg_cancel_backend(\(builder.pid))")
            await #expect(throws: PostgresError.self) { try await build.value }
            let after = try await read(database.dsn())
            #expect(Set(after.invalidIndexes.map(\.name)) == ["public.one_ccnew", "public.two_ccnew"])
            #expect(after.invalidIndexes.allSatisfy { $0.leftover == .newCopy })
            for session in [reader, builder, client] { await session.close() }
        }
    }

    @Test("does not take a partitioned index that waits for its partitions for a leftover")
    func partitionedIndex() async throws {
        try await TestPostgres.withDatabase { database in
            let client = try await database.session()
            try await client.run("CREATE TABLE public.p (a int) PARTITION BY RANGE (a)")
            try await client.run("CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (10)")
            try await client.run("CREATE INDEX whole ON ONLY public.p (a)")
            #expect(try await client.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "1")
            #expect(try await read(database.dsn()).invalidIndexCount == 0)
            await client.close()
        }
    }

    // MARK: Constraints

    @Test("shows constraints that are NOT VALID, and their remedies validate them", arguments: TestPostgres.majors)
    func constraints(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            for statement in [
                "CREATE TABLE public.parent (id int PRIMARY KEY)", "CREATE TABLE public.t (a int, b int)",
                "CREATE TABLE public.heir () INHERITS (public.t)",
                "CREATE DOMAIN public.d AS int",
                "ALTER TABLE public.t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.parent NOT VALID",
                #"ALTER TABLE public.t ADD CONSTRAINT "Positive" CHECK (b > 0) NOT VALID"#,
                "ALTER DOMAIN public.d ADD CONSTRAINT small CHECK (VALUE < 10) NOT VALID",
                "ALTER TABLE public.t ADD CONSTRAINT fine CHECK (b < 100)",
            ] { try await client.run(statement) }
            if major >= 18 {
                try await client.run("ALTER TABLE public.t ADD CONSTRAINT present NOT NULL b NOT VALID")
                try await client.run("ALTER TABLE public.t ADD CONSTRAINT wish CHECK (b <> 5) NOT ENFORCED")
            }
            let reading = try await read(database.dsn())
            #expect(reading.failures.isEmpty, "\(reading.failures)")
            let found = Dictionary(
                reading.notValidatedConstraints.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            #expect(Set(found.keys) == Set(["fk", #""Positive""#, "small"] + (major >= 18 ? ["present"] : [])))
            #expect(reading.notValidatedConstraintCount == found.count)
            #expect(found["fk"]?.kind == .foreignKey && found["fk"]?.referencedTable == "public.parent")
            #expect(found["fk"]?.relation == "public.t")
            #expect(found[#""Positive""#]?.kind == .check && found[#""Positive""#]?.referencedTable == nil)
            #expect(found["small"]?.kind == .domainCheck && found["small"]?.relation == "public.d")
            if major >= 18 { #expect(found["present"]?.kind == .notNull) }
            for constraint in reading.notValidatedConstraints { try await client.run(constraint.remedy) }
            #expect(try await read(database.dsn()).notValidatedConstraintCount == 0)
            await client.close()
        }
    }

    // MARK: Locks

    @Test("waits for nobody while an exclusive lock is queued on the table", arguments: TestPostgres.majors)
    func queuedLock(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            try await makeTable(client)
            await #expect(throws: PostgresError.self) {
                try await client.run("CREATE UNIQUE INDEX CONCURRENTLY failed ON public.t (a)")
            }
            try await client.run("ALTER TABLE public.t ADD CONSTRAINT positive CHECK (b > 0) NOT VALID")
            let holder = try await database.session()
            try await holder.run("BEGIN; SELECT count(*) FROM public.t")
            let waiter = try await database.session()
            let waiting = waiter.start("ALTER TABLE public.t ADD c int")
            try await waiter.waitUntilBlocked(seenBy: client)
            let reading = try await read(database.dsn())
            #expect(reading.failures.isEmpty, "\(reading.failures)")
            #expect(reading.invalidIndexes.map(\.name) == ["public.failed"])
            #expect(reading.notValidatedConstraints.map(\.name) == ["positive"])
            #expect(!reading.oldestTables.isEmpty)
            #expect(
                try await client.value("SELECT wait_event_type FROM pg_stat_activity WHERE pid = \(waiter.pid)")
                    == "Lock")
            try await holder.run("ROLLBACK")
            _ = try await waiting.value
            for session in [holder, waiter, client] { await session.close() }
        }
    }

    @Test("costs only its own part where a catalog itself is locked", arguments: TestPostgres.majors)
    func lockedCatalog(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            // Our own database's copy: nobody else's sessions read it.
            let sampler = sampler(database.dsn()) {
                $0.lockTimeout = .milliseconds(20)
                $0.oldDatabaseAge = 0
            }
            _ = await sampler.readCatalogs()
            try await client.run("BEGIN; LOCK TABLE pg_catalog.pg_constraint IN ACCESS EXCLUSIVE MODE")
            let reading = try #require(await sampler.readCatalogs().first).catalog()
            try await client.run("ROLLBACK")
            #expect(reading.failures.keys.map(\.self) == [.constraints])
            #expect(reading.failures[.constraints]?.reason == .timedOut)
            #expect(!reading.oldestTables.isEmpty)
            #expect(reading.server?.databases.contains { $0.database == database.name } == true)
            await sampler.close()
            await client.close()
        }
    }

    @Test(
        "names the oldest tables of an old database, and looks for none in a young one",
        arguments: TestPostgres.majors)
    func oldestTables(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            try await makeTable(client)
            let reading = try await read(database.dsn())
            let own = try #require(reading.server?.databases.first { $0.database == database.name })
            let oldest = try #require(reading.oldestTables.first)
            // Vacuum may make it younger meanwhile.
            #expect(oldest.transactions > 0 && reading.oldestTables.count == CatalogReading.tableLimit)
            #expect(try await !read(database.dsn(), oldDatabaseAge: 1).oldestTables.isEmpty)
            let young = try await read(database.dsn(), oldDatabaseAge: own.transactions + 1_000_000)
            #expect(young.oldestTables.isEmpty && young.failures.isEmpty)
            let plan = try await client.run(
                "EXPLAIN (ANALYZE, COSTS OFF) "
                    + CatalogQueries.oldestTables(from: 1 << 40).sql.replacing("$1", with: "10")
                    .replacing("$2", with: "1099511627776"))
            let lines = plan.compactMap { $0.text(0) }
            #expect(lines.contains { $0.contains("pg_class c") && $0.contains("(never executed)") }, "\(lines)")
            await client.close()
        }
    }

    @Test(
        "names the tables that hold the oldest multixacts where the database has used more of these",
        arguments: TestPostgres.majors)
    func oldestMultixacts(major: Int) async throws {
        let server = try await ThrowawayPostgres.start(
            .init(
                installation: TestPostgres.installation(major),
                settings: ["autovacuum": "off", "max_connections": "40"]))
        let result: Result<Void, any Error>
        do {
            result = .success(try await makeMultixacts(server))
        } catch { result = .failure(error) }
        await server.stop()
        try result.get()
    }

    private func makeMultixacts(_ server: ThrowawayPostgres) async throws {
        let client = try await PsqlSession.connect(server.dsn())
        // The larger of two tables of the same age comes first: both begin with the oldest multixact that there is.
        try await client.run(
            "CREATE TABLE public.big AS SELECT i, repeat('x', 900) AS filler FROM generate_series(1, 20000) AS i")
        try await client.run("CREATE TABLE public.locked AS SELECT i FROM generate_series(0, 4095) AS i; ANALYZE")
        #expect(try await read(server.dsn()).oldestTables.first?.table != "public.big", "its transaction id is young")
        // Each set of sessions that share the lock of a row is a multixact; each session needs one transaction id for all.
        var lockers: [PsqlSession] = []
        for bit in 0..<12 {
            let locker = try await PsqlSession.connect(server.dsn())
            try await locker.run(
                "BEGIN; SELECT count(*) FROM (SELECT FROM public.locked WHERE i & (1 << \(bit)) <> 0 FOR SHARE) AS l")
            lockers.append(locker)
        }
        for locker in lockers { await locker.close() }
        let reading = try await read(server.dsn())
        #expect(reading.failures.isEmpty, "\(reading.failures)")
        let database = try #require(reading.server?.databases.first { $0.database == "postgres" })
        #expect(database.multixacts > 4000 && database.scarcer == .multixacts, "\(database)")
        #expect(reading.oldestTables.first?.table == "public.big")
        let ages = reading.oldestTables.map(\.multixacts)
        #expect(ages == ages.sorted(by: >) && (ages.first ?? 0) > 4000)
        // What freezes the table, with its TOAST table, makes it young, once the server has noticed that the lockers are gone.
        try await eventually("the table is young") {
            try await client.run("VACUUM (FREEZE) public.big")
            return try await read(server.dsn()).oldestTables.first?.table != "public.big"
        }
        await client.close()
    }

    // MARK: Server

    @Test("shows what holds back the cleanup of rows, and the server's settings", arguments: TestPostgres.majors)
    func serverHealth(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            let role = "\(database.name)_tool"
            try await client.run("CREATE ROLE \(role) LOGIN")
            try await client.run("ALTER ROLE \(role) IN DATABASE \(database.name) SET lock_timeout = '3s'")
            try await client.run("BEGIN; CREATE TABLE public.prepared ()")
            try await client.run("PREPARE TRANSACTION '\(database.name)_gid'")
            let writer = try await database.session(as: "a writer")
            try await writer.run("BEGIN; CREATE TABLE public.w ()")
            // Each of them has an id of its own, and so the transactions before it get older.
            try await client.run("SELECT pg_current_xact_id()")
            let reading = try await read(database.dsn())
            try await client.run("ROLLBACK PREPARED '\(database.name)_gid'")
            try await writer.run("ROLLBACK")
            let later = try await read(database.dsn())
            try await client.run("DROP OWNED BY \(role)")
            try await client.run("ALTER ROLE \(role) IN DATABASE \(database.name) RESET ALL")
            try await client.run("DROP ROLE \(role)")

            let server = try #require(reading.server)
            let gid = try #require(server.snapshotHolders.first { $0.name == "\(database.name)_gid" })
            #expect(gid.kind == .preparedTransaction && gid.pid == 0 && gid.database == database.name)
            #expect(gid.since != nil && gid.user == "postgres")
            let session = try #require(server.snapshotHolders.first { $0.pid == writer.pid })
            #expect(session.kind == .session && session.name == "a writer" && session.state == .idleInTransaction)
            #expect(gid.transactions > session.transactions && session.transactions >= 1)
            let ages = server.snapshotHolders.map(\.transactions)
            #expect(ages == ages.sorted(by: >))
            let laterNames = try #require(later.server).snapshotHolders.map(\.name)
            #expect(!laterNames.contains("\(database.name)_gid") && !laterNames.contains("a writer"))

            #expect(!server.isInRecovery && server.archiver == nil)
            #expect(server.databases.contains { $0.database == database.name && $0.transactions > 0 })
            #expect((server.walFolderBytes ?? 0) >= 16 << 20)
            #expect(server.settings["max_connections"]?.integer == 300)
            #expect(server.settings["deadlock_timeout"]?.duration == .seconds(1))
            // Of what the agent sets for itself it cannot know the server's own value.
            #expect(server.settings["lock_timeout"] == nil && server.settings["statement_timeout"] == nil)
            #expect(
                server.roleSettings.contains(
                    .init(role: role, database: database.name, name: "lock_timeout", value: "3s")))
            for session in [writer, client] { await session.close() }
        }
    }

    @Test("says what a role without privileges cannot know", arguments: TestPostgres.majors)
    func withoutPrivileges(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            let role = "\(database.name)_plain"
            try await client.run("CREATE ROLE \(role) LOGIN")
            let reading = try await read(database.dsn(user: role))
            try await client.run("DROP ROLE \(role)")
            #expect(Set(reading.failures.keys) == [.snapshots, .replicas, .walFolder])
            #expect(reading.failures.values.allSatisfy { $0.reason == .permissionDenied })
            #expect(reading.failures[.snapshots]?.message.contains(role) == true)
            #expect(reading.server?.walFolderBytes == nil)
            #expect(reading.server?.databases.isEmpty == false && !reading.oldestTables.isEmpty)
            await client.close()
        }
    }

    @Test("shows the WAL that an unused slot keeps, until it is dropped", arguments: TestPostgres.majors)
    func slot(major: Int) async throws {
        try await TestPostgres.withDatabase(major) { database in
            let client = try await database.session()
            let name = "\(database.name)_slot"
            try await client.run("SELECT pg_create_physical_replication_slot('\(name)', true)")
            try await client.run("CREATE TABLE public.w AS SELECT n, md5(n::text) FROM generate_series(1, 30000) AS n")
            let reading = try await read(database.dsn())
            let slot = reading.server?.slots.first { $0.name == name }
            try await client.run(slot?.remedy ?? "SELECT pg_drop_replication_slot('\(name)')")
            let found = try #require(slot)
            #expect(!found.isLogical && !found.isActive && !found.isTemporary && found.activePID == nil)
            #expect(found.walStatus == "reserved" && found.safeWALBytes == nil)
            #expect((found.retainedBytes ?? 0) > 1 << 20)
            #expect(found.lagBytes == found.retainedBytes)
            #expect((found.inactiveSince != nil) == (major >= 17))
            #expect(try await read(database.dsn()).server?.slots.contains { $0.name == name } == false)
            await client.close()
        }
    }

    @Test("shows an archiver that fails, and a slot that was given up", arguments: TestPostgres.majors)
    func archiverAndLostSlot(major: Int) async throws {
        let server = try await ThrowawayPostgres.start(
            .init(
                installation: TestPostgres.installation(major),
                settings: ["archive_mode": "on", "archive_command": "false", "max_slot_wal_keep_size": "16MB"]))
        let client = try await PsqlSession.connect(server.dsn())
        try await client.run("SELECT pg_create_physical_replication_slot('left_behind', true)")
        let kept = try await read(server.dsn()).server?.slots.first
        #expect(kept?.walStatus == "reserved" && (kept?.safeWALBytes ?? 0) > 0)
        for number in 1...4 {
            try await client.run("CREATE TABLE public.w\(number) (); SELECT pg_switch_wal()")
        }
        try await client.run("CHECKPOINT")
        let lost = try await read(server.dsn()).server?.slots.first
        #expect(lost?.walStatus == "lost" && lost?.retainedBytes == nil)
        #expect((lost?.invalidation == "wal_removed") == (major >= 17))
        try await eventually("the archiver has failed") {
            try await read(server.dsn()).server?.archiver?.isFailing == true
        }
        let archiver = try #require(try await read(server.dsn()).server?.archiver)
        #expect(archiver.failedCount >= 1 && archiver.archivedCount == 0 && archiver.lastFailedFile != nil)
        await client.close()
        await server.stop()
    }

    // MARK: Other databases

    @Test("reads other databases when they are due, each through a connection for that only")
    func otherDatabases() async throws {
        try await TestPostgres.withDatabase { database in
            try await TestPostgres.withDatabase { other in
                let client = try await other.session()
                try await makeTable(client)
                await #expect(throws: PostgresError.self) {
                    try await client.run("CREATE UNIQUE INDEX CONCURRENTLY failed ON public.t (a)")
                }
                let sampler = sampler(database.dsn()) {
                    $0.databases = .named([database.name, other.name])
                    $0.otherDatabasesInterval = .seconds(3600)
                }
                let first = try await sampler.readCatalogs().map { try $0.catalog() }
                #expect(first.map(\.database) == [database.name, other.name])
                #expect(first.map(\.invalidIndexCount) == [0, 1])
                #expect(first.map { $0.server != nil } == [true, false])
                let second = try await sampler.readCatalogs().map { try $0.catalog() }
                #expect(second.map(\.database) == [database.name])
                // The server ends a session a moment after its client.
                try await eventually("no connection to the other database is left") {
                    try await client.value(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE application_name = 'lockkeeper' AND datname = '\(other.name)'
                        """) == "0"
                }
                await sampler.close()
                await client.close()
            }
        }
    }

    @Test("fails as a whole where the server does not answer")
    func unreachable() async throws {
        let sampler = sampler("host=127.0.0.1 port=1 dbname=x user=x")
        let samples = await sampler.readCatalogs()
        #expect(samples.count == 1 && samples.first?.tier == .catalog)
        #expect(samples.first?.failure?.reason == .unreachable)
        await sampler.close()
    }
}
