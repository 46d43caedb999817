import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

/// What a diagnosis says of a server's health; most of it is made to happen on real servers in the runbook's tests.
struct ServerHealthFindingsTests {
    private func findings(
        _ server: ServerHealth = ServerHealth(), stage: Stage = Stage(), catalogs: [CatalogReading] = [],
        thresholds: DiagnosisThresholds = .init()
    ) -> [Finding] {
        Diagnosis.findings(
            in: Situation(
                target: "app", now: stage.now, observation: stage.observation, runs: stage.tracker.open.map(\.run),
                catalogs: catalogs, server: server, thresholds: thresholds))
    }

    private func commands(_ finding: Finding?) -> [String] { finding?.actions.compactMap(\.command) ?? [] }

    private func text(_ finding: Finding?) -> String {
        finding.map { ([$0.summary] + $0.evidence).joined(separator: " ") } ?? ""
    }

    // MARK: Snapshots

    @Test func `A replica is told of for how many transactions it holds back, not for how long it is connected`() {
        var holder = SnapshotHolder(
            kind: .standby, transactions: 3, pid: 7, name: "replica1", since: Stage.origin - .seconds(86_400))
        #expect(findings(ServerHealth(snapshotHolders: [holder])).isEmpty)
        holder.transactions = 10_000_000
        let found = findings(ServerHealth(snapshotHolders: [holder]))
        #expect(found.map(\.verdict) == [.oldSnapshot])
        #expect(found.first?.summary.contains("replica1") == true)
    }

    @Test func `Behind an old snapshot that is a migration's own, or gone, the next one is told of`() throws {
        var stage = Stage()
        stage.connect(1, application: "notebook")
        stage.execute(1, "SELECT * FROM orders", inTransaction: true)
        stage.connect(2, application: "drizzle")
        _ = stage.look()
        stage.run(2, "CREATE INDEX CONCURRENTLY i ON orders (id)")
        let began = try #require(stage.sessions[1]?.transactionStart)
        let migration = try #require(stage.sessions[2]?.transactionStart)
        stage.wait(.seconds(7200))
        _ = stage.look()
        #expect(stage.tracker.open.count == 1)
        let server = ServerHealth(snapshotHolders: [
            SnapshotHolder(kind: .session, transactions: 900, pid: 99, since: began, state: .idleInTransaction),
            SnapshotHolder(kind: .session, transactions: 800, pid: 2, since: migration, state: .active),
            SnapshotHolder(
                kind: .session, transactions: 700, pid: 1, user: "ana", since: began, state: .idleInTransaction),
        ])
        let found = findings(server, stage: stage).filter { $0.verdict == .oldSnapshot }
        #expect(found.map(\.summary) == ["pid 1 has held an old snapshot for 2h"])
        #expect(commands(found.first) == ["SELECT pg_terminate_backend(1)"])
    }

    @Test func `A slot in use is not to be dropped, and what keeps old rows of the catalogs keeps no others`() throws {
        func found(_ kind: SnapshotHolder.Kind, pid: Int32) throws -> Finding {
            let holder = SnapshotHolder(kind: kind, transactions: 20_000_000, pid: pid, name: "it's")
            return try #require(findings(ServerHealth(snapshotHolders: [holder])).first)
        }
        let drop = "SELECT pg_drop_replication_slot('it''s')"
        #expect(try commands(found(.slot, pid: 0)) == [drop])
        #expect(try commands(found(.slotCatalogs, pid: 0)) == [drop])
        #expect(try commands(found(.slot, pid: 7)).isEmpty)
        #expect(try commands(found(.slotCatalogs, pid: 7)).isEmpty)
        #expect(try text(found(.slot, pid: 0)).contains("in any table"))
        #expect(try !text(found(.slotCatalogs, pid: 7)).contains("any table"))
        #expect(try text(found(.slotCatalogs, pid: 0)).contains("the system's catalogs"))
    }

    // MARK: Replication

    private func slot(
        isActive: Bool = true, kept: Int64 = 5 << 30, unconfirmed: Int64? = 0, status: String = "extended"
    ) -> ReplicationSlot {
        ReplicationSlot(
            name: "feed", isLogical: true, database: "shop", isActive: isActive, activePID: isActive ? 44 : nil,
            walStatus: status, retainedBytes: kept, unconfirmedBytes: unconfirmed)
    }

    @Test func `WAL that an open transaction keeps for a logical slot is that transaction's doing, not the consumer's`()
        throws
    {
        var stage = Stage()
        stage.connect(1, application: "notebook")
        stage.run(1, "INSERT INTO orders VALUES (1)", transactionID: 900)
        stage.finish(1, inTransaction: true)
        stage.wait(.seconds(50))
        stage.connect(2)
        stage.run(2, "INSERT INTO orders VALUES (2)", transactionID: 950)
        stage.wait(.seconds(20))
        let server = ServerHealth(slots: [slot()])
        let found = try #require(findings(server, stage: stage).first { $0.verdict == .replicationSlot })
        #expect(!found.summary.contains("lags") && found.summary.contains("5 GiB"))
        #expect(text(found).contains("pid 1 ") && !text(found).contains("pid 2 "))
        #expect(commands(found) == ["SELECT pg_terminate_backend(1)"])

        // A prepared transaction that is older.
        stage.preparedTransactions = [
            PreparedTransaction(gid: "billing-17", preparedAt: Stage.origin - .seconds(5), owner: "ana", database: "x")
        ]
        let prepared = try #require(findings(server, stage: stage).first { $0.verdict == .replicationSlot })
        #expect(commands(prepared) == ["ROLLBACK PREPARED 'billing-17'", "COMMIT PREPARED 'billing-17'"])

        // Nothing that was open for long: nobody is to be blamed, nor ended.
        let calm = try #require(findings(server).first)
        #expect(calm.verdict == .replicationSlot && commands(calm).isEmpty)
        #expect(!calm.summary.contains("lags"))
    }

    @Test func `A migration's own transaction that keeps WAL for a slot is said to be the migration`() throws {
        var stage = Stage()
        stage.connect(2, application: "drizzle")
        _ = stage.look()
        stage.run(2, "ALTER TABLE orders ALTER id TYPE bigint", transactionID: 900)
        stage.hold(2, .accessExclusive, on: "public.orders")
        stage.wait(.seconds(100))
        _ = stage.look()
        let found = findings(ServerHealth(slots: [slot()]), stage: stage).first { $0.verdict == .replicationSlot }
        #expect(found?.actions.first?.text.contains("It is the migration") == true)
    }

    @Test func `A consumer that has not confirmed lags by that, however much more is kept for it`() {
        let found = findings(ServerHealth(slots: [slot(kept: 5 << 30, unconfirmed: 2 << 30)])).first
        #expect(found?.summary == "Replication slot feed lags by 2 GiB")
    }

    @Test(arguments: ["unreserved", "lost"])
    func `A slot is to be dropped by a statement only while nobody uses it`(status: String) {
        for isActive in [true, false] {
            let slot = slot(isActive: isActive, unconfirmed: 3 << 30, status: status)
            let found = findings(ServerHealth(slots: [slot])).first
            #expect(commands(found) == (isActive ? [] : ["SELECT pg_drop_replication_slot('feed')"]))
            #expect(found?.actions.contains { $0.text.contains("drop it") } == true)
        }
    }

    // MARK: Transaction ids

    @Test func `A database that runs out of multixact ids is told of by the tables that hold those`() throws {
        let reading = CatalogReading(
            database: "shop", serverTime: Stage.origin,
            oldestTables: [
                TableAge(table: "public.by_xid", transactions: 900_000_000, multixacts: 5),
                TableAge(table: "public.by_mxid", transactions: 1000, multixacts: 1_200_000_000),
            ])
        func found(_ transactions: Int64, _ multixacts: Int64) throws -> Finding {
            let server = ServerHealth(databases: [
                DatabaseAge(database: "shop", transactions: transactions, multixacts: multixacts)
            ])
            return try #require(findings(server, catalogs: [reading]).first)
        }
        let multixacts = try found(900_000_000, 1_200_000_000)
        #expect(multixacts.summary.contains("multixact ids"))
        #expect(commands(multixacts) == ["VACUUM (FREEZE, VERBOSE) public.by_mxid"])
        #expect(text(multixacts).contains("public.by_mxid (1200 million), public.by_xid (5)"))
        #expect(try commands(found(1_300_000_000, 1_200_000_000)) == ["VACUUM (FREEZE, VERBOSE) public.by_xid"])
    }

    // MARK: Leftovers

    @Test func `The validation of a domain keeps writers out, and is told so; that of a table does not`() throws {
        func found(_ relation: String, _ kind: NotValidatedConstraint.Kind) throws -> Finding {
            let constraint = NotValidatedConstraint(name: "small", relation: relation, kind: kind)
            let reading = CatalogReading(
                database: "shop", serverTime: Stage.origin, notValidatedConstraints: [constraint])
            return try #require(findings(catalogs: [reading]).first)
        }
        let domain = try found("public.d", .domainCheck)
        #expect(commands(domain) == ["SET lock_timeout = '5s'; ALTER DOMAIN public.d VALIDATE CONSTRAINT small"])
        #expect(domain.actions.first?.text.contains("not written meanwhile") == true)
        #expect(domain.actions.first?.text.contains("reads and writes go on") == false)
        let table = try found("public.t", .check)
        #expect(commands(table) == ["ALTER TABLE public.t VALIDATE CONSTRAINT small"])
        #expect(table.actions.first?.text.contains("reads and writes go on") == true)
    }

    @Test func `An invalid index is told of by what may have left it: a CREATE, a DROP, or either`() throws {
        func found(isReady: Bool, isLive: Bool) throws -> Finding {
            let index = InvalidIndex(oid: 1, name: "public.i", table: "public.t", isReady: isReady, isLive: isLive)
            let reading = CatalogReading(database: "shop", serverTime: Stage.origin, invalidIndexes: [index])
            return try #require(findings(catalogs: [reading]).first)
        }
        let unfilled = try found(isReady: false, isLive: true)
        #expect(text(unfilled).contains("CREATE INDEX CONCURRENTLY") && !text(unfilled).contains("DROP INDEX"))
        let either = try found(isReady: true, isLive: true)
        #expect(text(either).contains("CREATE INDEX CONCURRENTLY") && text(either).contains("DROP INDEX CONCURRENTLY"))
        let dropped = try found(isReady: false, isLive: false)
        #expect(text(dropped).contains("DROP INDEX CONCURRENTLY") && !text(dropped).contains("CREATE INDEX"))
        #expect(commands(dropped) == ["DROP INDEX CONCURRENTLY public.i"])
    }

    // MARK: Idle transactions

    @Test func `The leader of a parallel dump, idle while its workers copy, is not to be terminated`() {
        var stage = Stage()
        for (pid, name) in [(Int32(1), "pg_dump"), (2, "notebook")] {
            stage.connect(pid, application: name)
            stage.execute(pid, "SELECT * FROM orders", inTransaction: true)
        }
        stage.wait(.seconds(400))
        let idle = findings(stage: stage).filter { $0.verdict == .idleTransaction }
        #expect(idle.map(\.summary) == ["pid 2 has been idle in its transaction for 6m 40s"])
    }
}
