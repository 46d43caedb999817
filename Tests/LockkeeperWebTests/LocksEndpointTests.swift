import LockkeeperCore
import LockkeeperWeb
import Testing

struct LocksEndpointTests {
    private static let now = Timestamp(microseconds: 1_700_000_000_250_000)

    /// A reader, a migration behind it, a victim behind that, and another behind a prepared transaction.
    private static let observation: Observation = {
        let orders = LockObject(kind: .relation, database: 5, relation: 20_000)
        let key = LockObject.advisory(.pair(1, 2), database: 5)
        func session(_ pid: Int32, _ state: Session.State, _ query: String) -> Session {
            Session(
                pid: pid, backendStart: now - .seconds(900), database: "shop", user: "u\(pid)",
                applicationName: "psql", state: state, transactionStart: now - .seconds(600),
                stateChange: now - .seconds(300), query: query)
        }
        func lock(_ pid: Int32, _ object: LockObject, _ mode: LockMode, since: Int? = nil) -> HeldLock {
            HeldLock(
                pid: pid, object: object, mode: mode, isGranted: since == nil,
                waitStart: since.map { now - .seconds($0) }, virtualTransaction: pid == 0 ? "-1/77" : nil,
                database: "shop",
                relation: object.kind == .relation ? .init(oid: 20_000, name: "public.orders") : nil)
        }
        return Observation(
            server: Server(versionNumber: 150_018, startedAt: now - .seconds(3600), database: "shop"), serverTime: now,
            sessions: [
                session(10, .idleInTransaction, "SELECT 'secret'"), session(11, .active, "ALTER TABLE orders"),
                session(12, .active, "SELECT 1 FROM orders"), session(13, .active, "SELECT pg_advisory_lock(1, 2)"),
            ],
            locks: [
                lock(10, orders, .accessShare), lock(11, orders, .accessExclusive, since: 60),
                lock(12, orders, .accessShare, since: 50), lock(0, key, .exclusive), lock(13, key, .share, since: 5),
            ],
            preparedTransactions: [
                PreparedTransaction(
                    gid: "tx-1", preparedAt: now - .seconds(120), owner: "bob", database: "shop", transactionID: 77)
            ])
    }()

    private static func agent() async -> StubAgent {
        let agent = StubAgent()
        await agent.change {
            $0.lockTables = [
                TargetLocks(
                    target: "app",
                    overview: LockOverview(observation, graph: observation.waitGraph, privacy: .normalized)),
                TargetLocks(target: "gone", overview: nil),
            ]
        }
        return agent
    }

    @Test func theWaitGraphIsToldWithWaitersRootsAndQueues() async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get("/api/v1/locks?target=app")
            #expect(answer.headers["content-type"] == "application/json")
            #expect(
                answer.text == #"""
                    {"targets":[{"at":"2023-11-14T22:13:20.250Z","is_known":true,"queue_count":2,"queues":[\#
                    {"database":"shop","depth":2,"held_modes":["ACCESS SHARE"],"holders":1,"kind":"relation",\#
                    "object":"public.orders","oldest_wait_seconds":60,"wanted_modes":["ACCESS SHARE","ACCESS EXCLUSIVE"]},\#
                    {"database":"shop","depth":1,"held_modes":["EXCLUSIVE"],"holders":1,"kind":"advisory",\#
                    "object":"advisory lock (1, 2)","oldest_wait_seconds":5,"wanted_modes":["SHARE"]}],\#
                    "root_blocker_count":2,"root_blockers":[{"direct_victims":1,"session":\#
                    {"application_name":"psql","backend_type":"client backend","client_address":"","database":"shop",\#
                    "pid":10,"query":"SELECT ?","remedy":"SELECT pg_terminate_backend(10)",\#
                    "state":"idle in transaction","state_seconds":300,"transaction_seconds":600,"user":"u10"},\#
                    "victims":2},{"direct_victims":1,"session":\#
                    {"application_name":"","backend_type":"prepared transaction","client_address":"","database":"shop",\#
                    "gid":"tx-1","query":"","remedy":"ROLLBACK PREPARED 'tx-1'","state":"unknown",\#
                    "transaction_seconds":120,"user":"bob"},"victims":1}],"target":"app","waiter_count":3,"waiters":[\#
                    {"application_name":"psql","blocker_count":1,"blockers":[{"block":"hard","pid":10}],\#
                    "client_address":"","database":"shop","kind":"relation","mode":"ACCESS EXCLUSIVE",\#
                    "object":"public.orders","pid":11,"query":"ALTER TABLE orders","since":"2023-11-14T22:12:20.250Z",\#
                    "user":"u11","waiting_seconds":60},\#
                    {"application_name":"psql","blocker_count":1,"blockers":[{"block":"soft","pid":11}],\#
                    "client_address":"","database":"shop","kind":"relation","mode":"ACCESS SHARE",\#
                    "object":"public.orders","pid":12,"query":"SELECT ? FROM orders",\#
                    "since":"2023-11-14T22:12:30.250Z","user":"u12","waiting_seconds":50},\#
                    {"application_name":"psql","blocker_count":1,"blockers":[{"block":"hard","gid":"tx-1"}],\#
                    "client_address":"","database":"shop","kind":"advisory","mode":"SHARE",\#
                    "object":"advisory lock (1, 2)","pid":13,"query":"SELECT pg_advisory_lock(?, ?)",\#
                    "since":"2023-11-14T22:13:15.250Z","user":"u13","waiting_seconds":5}]}]}

                    """#)
        }
    }

    @Test func withoutATargetAllAreToldAndOneThatDoesNotAnswerIsSaidToBeUnknown() async throws {
        try await withServer(await Self.agent()) { address in
            let text = try await address.get("/api/v1/locks").text
            #expect(text.contains("\"target\":\"app\""))
            #expect(text.contains("{\"is_known\":false,\"target\":\"gone\"}"))
        }
    }
}
