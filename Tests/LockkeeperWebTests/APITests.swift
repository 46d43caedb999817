import LockkeeperCore
import LockkeeperWeb
import Testing

struct APITests {
    private static let begin = Timestamp(microseconds: 1_700_000_000_250_000)

    private static let running = MigrationRun(
        id: "r1", target: "app", database: "shop", tool: "drizzle", migrations: ["0042_orders_total"], user: "deploy",
        applicationName: "drizzle-kit", clientAddress: "10.0.0.7",
        sessions: [SessionIdentity(pid: 4711, backendStart: begin - .seconds(1))], begin: begin,
        statements: [
            .init(text: "ALTER TABLE \"orders\" ADD COLUMN total numeric", begin: begin + .seconds(1), pid: 4711)
        ],
        statementCount: 3,
        standing: Standing(
            state: .blocked, waitingSince: begin + .seconds(10), waitingFor: "ACCESS EXCLUSIVE on public.orders",
            rootBlockers: [
                Blocker(
                    pid: 99, user: "alice", database: "shop", applicationName: "psql",
                    state: .idleInTransaction, transactionStart: begin - .seconds(600), stateChange: begin,
                    query: "UPDATE orders SET note = ?"),
                Blocker(pid: 0, gid: "tx-1", transactionStart: begin),
            ],
            blockedSessions: 2, blockedSince: begin + .seconds(15)))

    private static let finished = MigrationRun(
        id: "r/0 é", target: "app", database: "shop", tool: "alembic", sessions: [], begin: begin - .seconds(100),
        end: begin - .milliseconds(99_500), outcome: .failed(evidence: "division by zero"))

    private static let incident: Incident = {
        var incident = Incident(
            id: "run-r1", subject: .migration(run: "r1", target: "app"), severity: .warning, openedAt: begin,
            facts: IncidentFacts(
                target: "app", database: "shop", labels: ["envName": "production"], summary: "It waits.",
                details: [.init("statement", "ALTER TABLE …", isCode: true)],
                actions: [.init("End the blocker.", command: "SELECT pg_terminate_backend(99)")], run: "r1",
                runbookURL: "https://example.org/runbook"),
            firing: [
                "b": IncidentAlert(
                    name: "MigrationBlocked", severity: .warning, labels: ["run": "r1"],
                    annotations: ["summary": "blocked"], activeAt: begin + .seconds(40))
            ],
            timeline: [TimelineEntry(at: begin, severity: .info, text: "It began.")])
        incident.listeners = [
            "mail": Listener(messages: 1, severity: .critical, at: begin),
            "chat": Listener(messages: 2, severity: .critical, at: begin),
        ]
        return incident
    }()

    private static let delivery: Delivery = {
        var delivery = Delivery(
            id: "d1", incidentID: "run-r1", receiver: "chat", sequence: 1,
            notification: Notification(
                incidentID: "run-r1", reason: .opened, severity: .info, isResolved: false, title: "It began",
                since: begin,
                at: begin, duration: .zero, facts: incident.facts, sender: "test"),
            plannedAt: begin)
        delivery.attempts = 1
        delivery.lastError = "503"
        return delivery
    }()

    private static func agent() async -> StubAgent {
        let agent = StubAgent()
        await agent.change {
            $0.runs = [
                RunSnapshot(run: running, serverTime: begin + .seconds(60)),
                RunSnapshot(run: finished, serverTime: begin + .seconds(60)),
            ]
            $0.book = [incident]
            $0.outbox = [delivery]
            $0.statuses = [
                TargetStatus(
                    name: "app", labels: ["envName": "production"], databases: ["shop"], isUp: true,
                    lastSeenAt: begin, lastSampleDuration: .microseconds(1500),
                    server: Server(
                        versionNumber: 150_018, startedAt: begin - .seconds(3600), database: "shop", role: "lockkeeper"),
                    warnings: ["pgbouncer is in front"], runningMigrations: 1, sessions: 7, lockWaiters: 2,
                    oldestTransaction: .seconds(660),
                    leadership: .following(
                        LockHolder(pid: 4711, applicationName: "lockkeeper", clientAddress: "10.0.0.7"))),
                TargetStatus(
                    name: "gone", isUp: false,
                    failure: SampleFailure(reason: .unreachable, message: "connection refused", sqlstate: "08006"),
                    leadership: .unknown(reason: "nobody answers")),
                TargetStatus(name: "new"),
            ]
        }
        return agent
    }

    @Test func theTargetsAreTold() async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get("/api/v1/targets")
            #expect(answer.headers["content-type"] == "application/json")
            #expect(
                answer.text == #"""
                    {"targets":[\#
                    {"databases":["shop"],"labels":{"envName":"production"},"last_sample_seconds":0.0015,\#
                    "last_seen_at":"2023-11-14T22:13:20.250Z",\#
                    "leadership":{"leader":{"application_name":"lockkeeper","client_address":"10.0.0.7","pid":4711},\#
                    "role":"following","tells":false},"lock_waiters":2,"name":"app",\#
                    "oldest_transaction_seconds":660,"running_migrations":1,"server":{"can_read_all_stats":true,\#
                    "is_in_recovery":false,"role":"lockkeeper","started_at":"2023-11-14T21:13:20.250Z",\#
                    "version":"15.18","version_number":150018},"sessions":7,"state":"up",\#
                    "warnings":["pgbouncer is in front"]},\#
                    {"databases":[],"failure":{"message":"connection refused","reason":"unreachable","sqlstate":"08006"},\#
                    "labels":{},"leadership":{"reason":"nobody answers","role":"unknown","tells":true},\#
                    "name":"gone","running_migrations":0,"state":"down","warnings":[]},\#
                    {"databases":[],"labels":{},"name":"new","running_migrations":0,"state":"unknown","warnings":[]}]}

                    """#)
        }
    }

    @Test func aRunningMigrationIsToldWithWhoIsInItsWay() async throws {
        try await withServer(await Self.agent()) { address in
            let text = try await address.get("/api/v1/migrations/r1").text
            #expect(
                text == #"""
                    {"application_name":"drizzle-kit","begin":"2023-11-14T22:13:20.250Z","client_address":"10.0.0.7",\#
                    "database":"shop","duration_seconds":60,"incident_id":"run-r1","is_running":true,\#
                    "last_statement":{"begin":"2023-11-14T22:13:21.250Z","pid":4711,\#
                    "text":"ALTER TABLE \"orders\" ADD COLUMN total numeric"},\#
                    "migrations":["0042_orders_total"],"run":"r1",\#
                    "sessions":[{"backend_start":"2023-11-14T22:13:19.250Z","pid":4711}],\#
                    "standing":{"blocked_seconds":45,"blocked_sessions":2,"root_blockers":[\#
                    {"application_name":"psql","backend_type":"client backend","client_address":"","database":"shop",\#
                    "pid":99,"query":"UPDATE orders SET note = ?","remedy":"SELECT pg_terminate_backend(99)",\#
                    "state":"idle in transaction","state_seconds":60,"transaction_seconds":660,"user":"alice"},\#
                    {"application_name":"","backend_type":"client backend","client_address":"","database":"",\#
                    "gid":"tx-1","query":"","remedy":"ROLLBACK PREPARED 'tx-1'","state":"unknown",\#
                    "transaction_seconds":60,"user":""}],\#
                    "state":"blocked","waiting_for":"ACCESS EXCLUSIVE on public.orders","waiting_seconds":50},\#
                    "statement_count":3,"statements":[{"begin":"2023-11-14T22:13:21.250Z","pid":4711,\#
                    "text":"ALTER TABLE \"orders\" ADD COLUMN total numeric"}],\#
                    "target":"app","tool":"drizzle","user":"deploy","was_underway_at_first_look":false}

                    """#)
        }
    }

    @Test func howFarARunIsAndWhomItHoldsUpIsTold() async throws {
        var run = Self.running
        run.standing = Standing(
            state: .blocking, blockedSessions: 3, blockedSince: Self.begin + .seconds(50),
            impact: Impact(
                total: 3, direct: 2,
                victims: [
                    Impact.Victim(
                        pid: 12, user: "web", database: "shop", applicationName: "checkout",
                        clientAddress: "10.0.0.9", waitingSince: Self.begin + .seconds(50),
                        waitingFor: "ACCESS SHARE on public.orders", isQueued: true, query: "SELECT ?")
                ]),
            progress: RunProgress(
                operation: "CREATE INDEX", relation: "public.orders", index: "public.orders_note",
                phase: "building index: scanning table", counter: .init(420, of: 1000), unit: .blocks, ratio: 0.42,
                remaining: .seconds(58), followingPhases: ["building index: loading tuples in tree"],
                lastAdvance: Self.begin + .seconds(59),
                step: .init(
                    migrationsDone: 2, migrationsTotal: 3, migration: "0042_orders_total", statement: 1,
                    statementsTotal: 4)))
        let snapshot = RunSnapshot(run: run, serverTime: Self.begin + .seconds(60))
        let agent = StubAgent()
        await agent.change { $0.runs = [snapshot] }
        try await withServer(agent) { address in
            let text = try await address.get("/api/v1/migrations/r1").text
            let standing = try #require(text.firstMatch(of: /"standing":(.*),"statement_count"/)).1
            #expect(
                standing == #"""
                    {"blocked_seconds":10,"blocked_sessions":3,"impact":{"direct":2,"total":3,"victims":[\#
                    {"application_name":"checkout","client_address":"10.0.0.9","database":"shop","is_queued":true,\#
                    "pid":12,"query":"SELECT ?","user":"web","waiting_for":"ACCESS SHARE on public.orders",\#
                    "waiting_seconds":10}]},"progress":{"covers_command":false,"done":420,\#
                    "following_phases":["building index: loading tuples in tree"],"index":"public.orders_note",\#
                    "last_advance":"2023-11-14T22:14:19.250Z","migration":"0042_orders_total","migrations_done":2,\#
                    "migrations_total":3,"operation":"CREATE INDEX","phase":"building index: scanning table",\#
                    "ratio":0.42,"relation":"public.orders","remaining_seconds":58,"statement":1,\#
                    "statements_total":4,"text":"creating index public.orders_note: building index: scanning table, \#
                    42 %, about 1m left of this phase","total":1000,"unit":"blocks"},"root_blockers":[],\#
                    "state":"blocking","waiting_seconds":0}
                    """#)
        }
    }

    @Test func aFinishedMigrationIsToldWithItsOutcome() async throws {
        try await withServer(await Self.agent()) { address in
            let text = try await address.get("/api/v1/migrations/r%2F0%20%C3%A9").text
            #expect(text.contains("\"run\":\"r/0 é\""))
            #expect(text.contains("\"outcome\":\"failed\""))
            #expect(text.contains("\"evidence\":\"division by zero\""))
            #expect(text.contains("\"duration_seconds\":0.5"))
            #expect(text.contains("\"end\":\"2023-11-14T22:11:40.750Z\""))
            #expect(!text.contains("standing"))
        }
    }

    @Test func aFinishedMigrationIsToldWithWhatItDidToTheQueries() async throws {
        let begin = Timestamp(seconds: 1_700_000_000)
        let change = QueryChange(
            database: "shop", queryID: -9_007_199_254_740_993, text: "SELECT $1",
            before: QueryWindow(calls: 600, mean: 0.5, deviation: 0.25, blocksPerCall: 4),
            after: QueryWindow(calls: 60, mean: 50, blocksPerCall: 900, readsPerCall: 1), ratio: 100,
            probability: 0.001, effect: 30,
            cause: .init(.indexDropped, "The index i on public.t is gone since the run.", remedy: "Create it again"))
        let work = RunReview.Work(
            commits: 7, rollbacks: 1, deadlocks: 0, temporaryFiles: 0, temporaryBytes: 0, blocksHit: 90,
            blocksRead: 10, walBytes: 4096, checkpoints: 0, from: begin, until: begin + .seconds(30))
        let run = MigrationRun(
            id: "r9", target: "app", database: "shop", tool: "drizzle", sessions: [], begin: begin,
            end: begin + .seconds(1), outcome: .committed(versions: []),
            review: RunReview(standing: .preliminary, changes: [change], comparedQueries: 12, work: work))
        let agent = StubAgent()
        await agent.change { $0.runs = [RunSnapshot(run: run, serverTime: begin + .seconds(60))] }
        try await withServer(agent) { address in
            let text = try await address.get("/api/v1/migrations/r9").text
            #expect(text.contains("\"query_review\":\"preliminary\"") && text.contains("\"compared_queries\":12"))
            #expect(
                text.contains(
                    #"""
                    "query_changes":[{"after":{"blocks_per_call":900,"calls":60,"deviation_seconds":0,"mean_seconds":0.05,\#
                    "reads_per_call":1},"before":{"blocks_per_call":4,"calls":600,"deviation_seconds":0.00025,\#
                    "mean_seconds":0.0005,"reads_per_call":0},"cause":{"kind":"index_dropped","remedy":"Create it again",\#
                    "text":"The index i on public.t is gone since the run."},"database":"shop","effect":30,\#
                    "is_sampled":false,"probability":0.001,"queryid":"-9007199254740993","ratio":100,"text":"SELECT $1"}]
                    """#), "\(text)")
            #expect(text.contains("\"database_work\":{") && text.contains("\"wal_bytes\":4096"))
            #expect(try await !address.get("/api/v1/migrations").text.contains("query_changes"))
        }
    }

    @Test func theDiagnosisIsToldWithItsEvidenceAndWhatToDo() async throws {
        let finding = Finding(
            .invalidIndex, severity: .warning, target: "app", database: "shop", summary: "Index public.i is invalid",
            evidence: ["Nothing is building it."], statements: [.init(pid: 7, isRunning: true, text: "SELECT $1")],
            actions: [.init("Drop it", command: "DROP INDEX CONCURRENTLY public.i"), .init("Then build it anew")])
        let agent = StubAgent()
        let at = Timestamp(seconds: 1_700_000_000)
        await agent.change {
            $0.diagnoses = [
                TargetFindings(target: "app", at: at, isKnown: true, findings: [finding]),
                TargetFindings(target: "other", at: at, isKnown: false, findings: []),
            ]
        }
        try await withServer(agent) { address in
            #expect(
                try await address.get("/api/v1/findings?target=app").text == #"""
                    {"targets":[{"at":"2023-11-14T22:13:20.000Z","findings":[{"actions":[{"command":\#
                    "DROP INDEX CONCURRENTLY public.i","text":"Drop it"},{"text":"Then build it anew"}],\#
                    "database":"shop","evidence":["Nothing is building it."],"severity":"warning",\#
                    "statements":[{"is_running":true,"pid":7,"text":"SELECT $1"}],\#
                    "summary":"Index public.i is invalid","verdict":"invalid_index"}],"is_known":true,"target":"app"}]}

                    """#)
            let all = try await address.get("/api/v1/findings").text
            #expect(all.contains(#"{"at":"2023-11-14T22:13:20.000Z","findings":[],"is_known":false,"target":"other"}"#))
        }
    }

    @Test func theListOfMigrationsLeavesTheDetailsOut() async throws {
        let agent = await Self.agent()
        try await withServer(agent) { address in
            let answer = try await address.get("/api/v1/migrations?limit=5&target=a%20b&state=running")
            #expect(answer.text.hasPrefix("{\"migrations\":[{"))
            #expect(!answer.text.contains("\"statements\""))
            #expect(await agent.lastMigrationQuery == MigrationQuery(limit: 5, target: "a b", isRunning: true))
            _ = try await address.get("/api/v1/migrations")
            #expect(await agent.lastMigrationQuery == MigrationQuery(limit: 100))
        }
    }

    @Test func anIncidentIsToldWithItsTimelineAndItsMessages() async throws {
        let agent = await Self.agent()
        try await withServer(agent) { address in
            let text = try await address.get("/api/v1/incidents/run-r1").text
            #expect(
                text == #"""
                    {"actions":[{"command":"SELECT pg_terminate_backend(99)","text":"End the blocker."}],\#
                    "begin":"2023-11-14T22:13:20.250Z","database":"shop","deliveries":[{"attempts":1,"id":"d1",\#
                    "incident_id":"run-r1","last_error":"503","next_attempt_at":"2023-11-14T22:13:20.250Z",\#
                    "planned_at":"2023-11-14T22:13:20.250Z","reason":"opened","receiver":"chat","sequence":1,\#
                    "severity":"info","status":"pending","title":"It began"}],\#
                    "details":[{"is_code":true,"name":"statement","value":"ALTER TABLE …"}],\#
                    "firing":[{"active_at":"2023-11-14T22:14:00.250Z","annotations":{"summary":"blocked"},\#
                    "labels":{"run":"r1"},"name":"MigrationBlocked","severity":"warning"}],"id":"run-r1",\#
                    "kind":"migration","labels":{"envName":"production"},"opened_at":"2023-11-14T22:13:20.250Z",\#
                    "peak":"warning","run":"r1","runbook_url":"https://example.org/runbook","severity":"warning",\#
                    "status":"open","subject":"r1","summary":"It waits.","target":"app",\#
                    "timeline":[{"at":"2023-11-14T22:13:20.250Z","severity":"info","text":"It began."}],\#
                    "told_receivers":["chat","mail"]}

                    """#)
            #expect(await agent.lastDeliveryQuery == DeliveryQuery(limit: 1000, incidentID: "run-r1"))
            let list = try await address.get("/api/v1/incidents?status=closed&target=app&limit=1000")
            #expect(!list.text.contains("timeline"))
            #expect(await agent.lastIncidentQuery == IncidentQuery(limit: 1000, target: "app", status: .closed))
        }
    }

    @Test func theDeliveriesAreToldAsAskedFor() async throws {
        let agent = await Self.agent()
        try await withServer(agent) { address in
            let answer = try await address.get(
                "/api/v1/deliveries?receiver=chat&status=pending&incident=run-r1&limit=1")
            #expect(answer.text.hasPrefix("{\"deliveries\":[{\"attempts\":1,"))
            #expect(
                await agent.lastDeliveryQuery
                    == DeliveryQuery(limit: 1, receiver: "chat", status: .pending, incidentID: "run-r1"))
        }
    }

    @Test(arguments: [
        ("/nowhere", 404, "there is nothing at /nowhere"), ("/metrics/", 404, "nothing at"),
        ("//metrics", 404, "nothing at"), ("/api/v1/migrations/", 404, "nothing at"),
        ("/api/v1/migrations/%zz", 404, "nothing at"), ("/api/v1/migrations/%ff", 404, "nothing at"),
        ("/api/v1/migrations/nope", 404, "there is no migration run nope; /api/v1/migrations lists"),
        ("/api/v1/incidents/nope", 404, "there is no incident nope; /api/v1/incidents lists"),
        ("/api/v1/migrations?limit=0", 400, "`limit` is a number from 1 to 1000, not `0`"),
        ("/api/v1/migrations?limit=1001", 400, "`limit` is a number"),
        ("/api/v1/migrations?limit=ten", 400, "not `ten`"),
        ("/api/v1/migrations?targets=app", 400, "no parameter `targets`: there are limit, target, state"),
        ("/api/v1/migrations?limit=1&limit=2", 400, "`limit` is there twice"),
        ("/api/v1/migrations?state=idle", 400, "`state` is one of finished, running, not `idle`"),
        ("/api/v1/incidents?status=x", 400, "`status` is one of closed, open, not `x`"),
        (
            "/api/v1/deliveries?status=x", 400,
            "`status` is one of delivered, elsewhere, failed, pending, standby, superseded, not `x`"
        ),
        ("/api/v1/locks?target=nope", 404, "there is no target nope; /api/v1/targets lists"),
        ("/api/v1/findings?target=nope", 404, "there is no target nope; /api/v1/targets lists"),
        ("/api/v1/locks?run=1", 400, "no parameter `run`: there are target"),
        ("/api/v1/targets?x=1", 400, "there are none here"),
    ])
    func whatIsWrongIsSaidWithWhatIsRight(path: String, status: Int, message: String) async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get(path)
            #expect(answer.status == status)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.text.hasPrefix("{\"error\":\""))
            #expect(answer.text.contains(message), "\(answer.text)")
        }
    }

    @Test(arguments: [
        "/", "/metrics", "/-/ready", "/api/v1/targets", "/api/v1/locks", "/api/v1/findings", "/api/v1/incidents/x",
    ])
    func aWrongMethodIsAnsweredWithTheRightOnes(path: String) async throws {
        try await withServer(await Self.agent()) { address in
            for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                let answer = try await address.request(method, path)
                #expect(answer.status == 405)
                #expect(answer.headers["allow"] == "GET, HEAD")
            }
        }
    }

    @Test func aPrometheusMaySendParametersOfItsOwnWithAScrape() async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get("/metrics?module=x&module=y")
            #expect(answer.status == 200)
        }
    }

    @Test func aHistoryThatCannotBeReadIsAnErrorOfTheServer() async throws {
        struct Damaged: Error, CustomStringConvertible {
            var description: String { "the state file is damaged" }
        }
        let agent = await Self.agent()
        await agent.change { $0.failure = Damaged() }
        try await withServer(agent) { address in
            let answer = try await address.get("/api/v1/migrations")
            #expect(answer.status == 500)
            #expect(answer.text == "{\"error\":\"the agent could not answer: the state file is damaged\"}\n")
        }
    }

    @Test func largeAnswersAreCompressedWhenAsked() async throws {
        try await withServer(await Self.agent()) { address in
            let answer = try await address.get("/api/v1/migrations", ["Accept-Encoding": "gzip"])
            #expect(answer.headers["content-encoding"] == "gzip")
            #expect(answer.body.starts(with: [0x1f, 0x8b]))
        }
    }
}
