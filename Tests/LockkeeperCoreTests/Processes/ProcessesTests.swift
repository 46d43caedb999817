import LockkeeperCore
import LockkeeperTestSupport
import Testing

@Suite("What is known of processes")
struct ProcessesTests {
    private let start = Stage.origin
    private let session = SessionIdentity(pid: 100, backendStart: Stage.origin)

    private func process(
        _ pid: Int32 = 500, _ name: String = "node", state: HostProcess.State = .sleeping, cpu: Duration = .zero,
        disk: Int64? = nil
    ) -> HostProcess {
        HostProcess(
            pid: pid, startedAt: start, name: name, state: state, cpu: cpu, residentBytes: 120 << 20,
            disk: disk.map { .init(readBytes: $0, writtenBytes: 2 * $0) })
    }

    private func reading(
        _ seconds: Double, _ client: BackendReading.ClientProcess? = nil, server: HostProcess? = nil,
        tool: String? = "drizzle", unconnected: [ToolProcess] = []
    ) -> ProcessReading {
        ProcessReading(
            takenAt: start + .seconds(seconds),
            backends: client.map {
                [
                    BackendReading(
                        session: session, tool: tool,
                        server: server.map { .found($0, sleepsIn: nil) } ?? .unknown(reason: "elsewhere"), client: $0)
                ]
            } ?? [], unconnected: unconnected)
    }

    private func figures(_ processes: Processes, at seconds: Double) -> [String: Double] {
        var metrics = MetricsBuilder()
        processes.record(into: &metrics, at: start + .seconds(seconds))
        return Dictionary(
            metrics.snapshot().series.map { series in
                (
                    series.name.replacing("lockkeeper_migration_process_", with: "") + " "
                        + series.labels.map(\.value).joined(separator: " "), series.value
                )
            }, uniquingKeysWith: { $1 })
    }

    @Test("Counters of a tool's processes only rise, over processes that end and begin")
    func counters() {
        var processes = Processes(target: "app")
        processes.advance(reading(0, .found(process(cpu: .seconds(3), disk: 100), program: .other)))
        #expect(
            figures(processes, at: 1) == [
                "running app drizzle": 1, "cpu_seconds_total app drizzle": 3,
                "resident_memory_bytes app drizzle": Double(120 << 20), "read_bytes_total app drizzle": 100,
                "written_bytes_total app drizzle": 200,
            ])
        processes.advance(reading(1, .found(process(cpu: .seconds(5), disk: 150), program: .other)))
        processes.advance(reading(2))
        #expect(figures(processes, at: 2)["running app drizzle"] == 0)
        #expect(figures(processes, at: 2)["resident_memory_bytes app drizzle"] == 0)
        processes.advance(
            reading(3, unconnected: [ToolProcess(tool: "drizzle", process: process(501, cpu: .seconds(1)))]))
        #expect(figures(processes, at: 3)["running app drizzle"] == 1)
        #expect(figures(processes, at: 3)["cpu_seconds_total app drizzle"] == 6)
        #expect(figures(processes, at: 40).isEmpty, "an old reading says nothing of now")
    }

    @Test("A process that some readings do not show has used no more for that when it is back")
    func alternation() {
        var processes = Processes(target: "app")
        func tool(_ pid: Int32, cpu: Double, disk: Int64? = nil) -> [ToolProcess] {
            [ToolProcess(tool: "prisma", process: process(pid, cpu: .seconds(cpu), disk: disk))]
        }
        // The wrapper is left out while what it has started works.
        processes.advance(reading(0, unconnected: tool(500, cpu: 3, disk: 100)))
        processes.advance(reading(1, unconnected: tool(501, cpu: 1)))
        processes.advance(reading(2, unconnected: tool(500, cpu: 3.5, disk: 120)))
        processes.advance(reading(3, unconnected: tool(501, cpu: 2)))
        processes.advance(reading(4))
        // One whose file of figures could not be read for once has not begun anew either.
        processes.advance(reading(5, unconnected: tool(500, cpu: 3.5)))
        processes.advance(reading(6, unconnected: tool(500, cpu: 4, disk: 130)))
        let figures = figures(processes, at: 6)
        #expect(figures["cpu_seconds_total app prisma"] == 6)
        #expect(figures["read_bytes_total app prisma"] == 130)
        #expect(figures["running app prisma"] == 1)
    }

    @Test(
        "A process is counted once, however many sessions and lists name it; a pooler and the clients of others are not"
    )
    func once() {
        var processes = Processes(target: "app")
        var both = reading(
            0, .found(process(), program: .tool("manual")),
            unconnected: [ToolProcess(tool: "manual", process: process())])
        both.backends.append(both.backends[0])
        processes.advance(both)
        #expect(figures(processes, at: 0)["running app drizzle"] == 1)
        #expect(figures(processes, at: 0)["running app manual"] == nil)
        var unrecognised = Processes(target: "app")
        unrecognised.advance(reading(0, .found(process(), program: .tool("knex")), tool: "manual"))
        #expect(figures(unrecognised, at: 0)["running app knex"] == 1, "its command line knows more than the database")
        var others = Processes(target: "app")
        others.advance(reading(0, .found(process(500, "pgbouncer"), program: .relay)))
        others.advance(reading(1, .found(process(), program: .other), tool: nil))
        #expect(figures(others, at: 1).isEmpty)
    }

    @Test("A client counts as gone once two readings in a row find it so")
    func orphan() {
        var processes = Processes(target: "app")
        processes.advance(reading(0, .found(process(), program: .other)))
        processes.advance(reading(1, .gone(evidence: "closed")))
        #expect(processes.orphans.isEmpty)
        processes.advance(reading(2, .gone(evidence: "closed")))
        #expect(processes.orphans == [session: "closed"])
        processes.advance(reading(3, .connected(reason: "remote")))
        #expect(processes.orphans.isEmpty)
    }

    @Test("Computing is told from waiting by the CPU time between two readings")
    func cores() {
        var processes = Processes(target: "app")
        let active = Session(pid: 100, backendStart: start, state: .active)
        let client = BackendReading.ClientProcess.connected(reason: "remote")
        processes.advance(reading(0, client, server: process(100, "postgres", cpu: .seconds(10))))
        #expect(
            processes.activity(of: active)
                == .busy(reason: "its process sleeps, and PostgreSQL does not say what for"))
        processes.advance(reading(2, client, server: process(100, "postgres", cpu: .seconds(11))))
        #expect(processes.activity(of: active) == .computing(cores: 0.5))
        processes.advance(reading(3, client, server: process(100, "postgres", cpu: .seconds(11))))
        #expect(
            processes.activity(of: active)
                == .busy(reason: "its process sleeps, and PostgreSQL does not say what for"))
        #expect(
            processes.activity(of: Session(pid: 7, backendStart: start, state: .active))
                == .busy(reason: "its process has not been looked at"))
    }

    @Test(
        "What PostgreSQL and the kernel say of a session makes one answer",
        arguments: [
            ("Lock", Session.State.active, HostProcess.State.sleeping, BackendActivity.waitingForLock),
            ("Client", .active, .sleeping, .waitingForClient),
            ("Client", .idleInTransaction, .sleeping, .waitingForClient),
            ("IO", .active, .sleeping, .waitingForDisk), ("", .active, .waitingForDisk, .waitingForDisk),
            ("", .active, .running, .computing(cores: 1)), ("Timeout", .active, .sleeping, .waiting("Timeout: x")),
            ("Lock", .active, .stopped, .stopped), ("", .idle, .sleeping, .waitingForClient),
        ])
    func activity(type: String, state: Session.State, kernel: HostProcess.State, expected: BackendActivity) {
        var session = Session(pid: 100, backendStart: start, state: state)
        session.waitEventType = type.isEmpty ? nil : type
        session.waitEvent = type.isEmpty ? nil : "x"
        #expect(
            BackendActivity(session, server: .found(process(state: kernel), sleepsIn: nil), cores: nil) == expected)
    }

    @Test(
        "A run whose client is gone is an orphan, with the evidence; its client is named while it is there, and figures do not make news"
    )
    func standing() throws {
        var state = TargetState(target: "app")
        var stage = Stage()
        stage.connect(100)
        func look(_ content: Sample.Content) -> [RunEvent] {
            state.advance(
                Sample(target: "app", tier: .active, takenAt: stage.now, duration: .zero, content: content))
        }
        _ = look(.seen(stage.observation))
        stage.wait(.seconds(1))
        stage.run(100, "ALTER TABLE orders ADD COLUMN note text", transactionID: 900)
        _ = look(.seen(stage.observation))
        let question = try #require(state.inquiry.processQuestions.first)
        #expect(question.session == stage.sessions[100]?.identity && question.clientAddress == "10.0.0.7")
        #expect(question.tool == "manual" && question.clientPort == 100)

        func read(_ client: BackendReading.ClientProcess) -> [RunEvent] {
            stage.wait(.seconds(1))
            _ = look(
                .processes(
                    ProcessReading(
                        takenAt: stage.now,
                        backends: [
                            BackendReading(
                                session: question.session, tool: "manual", server: .unknown(reason: ""), client: client)
                        ])))
            return look(.seen(stage.observation))
        }
        _ = read(.found(process(cpu: .milliseconds(3120)), program: .other))
        let run = try #require(state.tracker.open.first?.run)
        #expect(run.standing.client?.text == "node (pid 500), sleeping, 3.12 s CPU, 120 MiB")
        #expect(run.standing.state == .working)
        let facts = RunDescription(run, at: stage.now).facts(labels: [:])
        #expect(facts.details.contains { $0.name == "Client process" && $0.value.hasPrefix("node (pid 500)") })
        #expect(read(.found(process(state: .running, cpu: .seconds(4)), program: .other)).isEmpty)
        _ = read(.found(process(state: .stopped, cpu: .seconds(4)), program: .other))
        #expect(state.tracker.open.first?.run.standing.client?.text.contains("stopped") == true)

        _ = read(.gone(evidence: "its client has closed the connection"))
        #expect(state.tracker.open.first?.run.standing.state == .working, "once is not enough")
        _ = read(.gone(evidence: "its client has closed the connection"))
        let orphan = try #require(state.tracker.open.first?.run)
        #expect(orphan.standing.state == .orphaned)
        #expect(orphan.standing.client?.isGone == true)
        let told = RunDescription(orphan, at: stage.now).facts(labels: [:])
        #expect(told.summary.contains("its client has closed the connection"))
        #expect(told.actions.contains { $0.command == "SELECT pg_terminate_backend(100)" })
    }
}
