import Foundation
import LockkeeperStore
import LockkeeperTestSupport
import Testing
import ThrowawayPostgres

/// The program and what it says to people who get something wrong.
@Suite struct CommandTests {
    /// An agent whose target is not there: nothing but the agent itself is of interest.
    private func fixture(listen: String = "127.0.0.1:0") throws -> AgentFixture {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        try fixture.write(listen: listen)
        return fixture
    }

    /// A state folder as an agent leaves it. Its lock goes with the store.
    private func makeState(_ path: String) async throws {
        try await Store.open(path).close()
    }

    @Test func `An unknown command is a usage error`() async throws {
        let result = try await LockkeeperProgram.run("serv")
        #expect(result.status == 2)
        #expect(result.errors.contains("'serv'") && result.errors.contains("lockkeeper --help"))
        #expect(result.output.isEmpty)
    }

    @Test func `An unknown option is a usage error`() async throws {
        let result = try await LockkeeperProgram.run("serve", "--confg", "x")
        #expect(result.status == 2)
        #expect(result.errors.contains("--confg"))
    }

    @Test func `The version and the completions are printed for whoever asks`() async throws {
        let version = try await LockkeeperProgram.run("--version")
        #expect(version.status == 0)
        #expect(version.output.wholeMatch(of: #/\d+\.\d+\.\d+\S*\n/#) != nil)
        for shell in ["bash", "zsh", "fish"] {
            let script = try await LockkeeperProgram.run("--generate-completion-script", shell)
            #expect(script.status == 0)
            #expect(script.output.contains("lockkeeper") && script.output.contains("serve"))
        }
    }

    @Test func `Every command explains itself with an example`() async throws {
        let help = try await LockkeeperProgram.run("--help")
        #expect(help.status == 0)
        let commands = help.output.split(separator: "\n").drop { !$0.hasPrefix("SUBCOMMANDS:") }.dropFirst().compactMap
        {
            $0.firstMatch(of: #/^  ([a-z-]+)( |$)/#).map { String($0.output.1) }
        }
        #expect(Set(commands).isSuperset(of: ["serve", "demo", "check", "migrations", "incidents"]))
        for command in commands where command != "help" {
            let result = try await LockkeeperProgram.run(command, "--help")
            #expect(result.status == 0)
            #expect(result.output.contains("Example"), "\(command)")
        }
    }

    @Test func `Without any configuration it says what it looked for`() async throws {
        let result = try await LockkeeperProgram.run("serve")
        #expect(result.status == 2)
        #expect(result.errors.contains("lockkeeper.yml") && result.errors.contains("DATABASE_URL"))
    }

    @Test func `A configuration that is not there is named`() async throws {
        for command in ["serve", "check"] {
            let result = try await LockkeeperProgram.run(command, "--config", "/nonexistent/lockkeeper.yml")
            #expect(result.status == (command == "serve" ? 2 : 1), "\(command)")
            #expect((result.errors + result.output).contains("/nonexistent/lockkeeper.yml"))
            #expect((result.errors + result.output).contains("does not exist"))
        }
    }

    @Test func `A typo is told with its line and what was meant`() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "targets:\n  - { name: app, dsn: host=db }\nrecievers: []\n", to: "lockkeeper.yml")
        let result = try await LockkeeperProgram.run("serve", "--config", path)
        #expect(result.status == 2)
        #expect(result.errors.contains("\(path):3"))
        #expect(result.errors.contains("`receivers`"))
    }

    @Test func `A check lists everything that is wrong at once`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: sum(lockkeeper_up\n", to: "broken.yml")
        let path = try folder.write(
            """
            targets:
              - { name: app, dsn_file: secrets/missing }
            sampling: { glance: soon }
            rules: { files: [broken.yml] }
            receivers:
              - { name: people, webhook: { url: "http://example.org/hook" } }
            routes:
              - { receiver: poeple, severity: info }
            """, to: "lockkeeper.yml")
        let result = try await LockkeeperProgram.run("check", "--config", path)
        #expect(result.status == 1)
        for part in [
            "secrets/missing", "lockkeeper.yml:3", "sampling.glance", "broken.yml:5", "receivers[0].webhook.url",
            "routes[0].receiver", "`people`",
        ] {
            #expect(result.output.contains(part), "\(part) in \(result.output)")
        }
        let json = try await LockkeeperProgram.run("check", "--config", path, "--json")
        #expect(json.status == 1)
        let problems = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        #expect(problems?.count ?? 0 >= 5)
        #expect(problems?.allSatisfy { $0["message"] is String && $0["file"] is String } == true)
    }

    @Test func `A check of a good configuration counts what is in it`() async throws {
        let result = try await LockkeeperProgram.run("check", with: fixture())
        #expect(result.status == 0)
        #expect(result.output.contains("1 target"))
    }

    @Test func `A port that is taken is named, with what to do`() async throws {
        let listener = try SilentListener()
        let result = try await LockkeeperProgram.run("serve", with: fixture(listen: "127.0.0.1:\(listener.port)"))
        #expect(result.status == 2)
        #expect(result.errors.contains("127.0.0.1:\(listener.port)"))
        #expect(result.errors.contains("listens there already") && result.errors.contains("`listen`"))
    }

    @Test(arguments: ["/dev/null/lockkeeper", "/proc/lockkeeper"])
    func `A state folder that cannot be is named`(state: String) async throws {
        let fixture = try fixture()
        let text = try String(contentsOfFile: fixture.configurationPath, encoding: .utf8)
        try fixture.folder.write(
            text.replacing("state: \(fixture.statePath)", with: "state: \(state)"), to: "lockkeeper.yml")
        let result = try await LockkeeperProgram.run("serve", with: fixture)
        #expect(result.status == 2)
        #expect(result.errors.contains(state))
    }

    @Test func `A damaged state file is refused, left as it is, and what can be done is said`() async throws {
        let fixture = try fixture()
        let damage = String(repeating: "this is no database ", count: 1000)
        let file = try fixture.folder.write(damage, to: "state/lockkeeper.sqlite")
        let result = try await LockkeeperProgram.run("serve", with: fixture)
        #expect(result.status == 2)
        #expect(result.errors.contains("is damaged") && result.errors.contains(file))
        #expect(result.errors.contains(".recover"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == damage)
    }

    @Test func `A state file of a newer version is refused and left as it is`() async throws {
        let fixture = try fixture()
        try await makeState(fixture.statePath)
        let file = "\(fixture.statePath)/lockkeeper.sqlite"
        let python = ProcessInfo.processInfo.environment["LOCKKEEPER_TEST_PYTHON"] ?? "python3"
        let program = "import sqlite3; sqlite3.connect('\(file)').execute('PRAGMA user_version = 99')"
        let status = try await BlockingWork.run { try Command(arguments: [python, "-c", program]).run(seconds: 30) }
        #expect(status == 0)
        let before = try Data(contentsOf: URL(filePath: file))
        let result = try await LockkeeperProgram.run("serve", with: fixture)
        #expect(result.status == 2)
        #expect(result.errors.contains("version 99") && result.errors.contains("newer"))
        #expect(try Data(contentsOf: URL(filePath: file)) == before)
    }

    @Test func `The history of a state that is not there cannot be shown`() async throws {
        for command in ["migrations", "incidents"] {
            let result = try await LockkeeperProgram.run(command, "--state", "/nonexistent/state")
            #expect(result.status == 3)
            #expect(result.errors.contains("/nonexistent/state"))
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `An agent that is told to end does so in order, and another one may have its folder`(signal: Int32)
        async throws
    {
        let fixture = try fixture()
        for _ in 1...2 {
            let (program, api) = try await LockkeeperProgram.serve(fixture)
            #expect(try await api.request("GET", "/-/healthy").status == 200)
            program.signal(signal)
            #expect(try await program.result().status == 0)
        }
    }

    @Test func `A second agent may not have the same state folder`() async throws {
        let fixture = try fixture()
        let (first, _) = try await LockkeeperProgram.serve(fixture)
        let second = try await LockkeeperProgram.run("serve", with: fixture)
        #expect(second.status == 2)
        #expect(second.errors.contains("state"))
        first.signal(SIGTERM)
        #expect(try await first.result().status == 0)
    }

    @Test func `A reload of a broken file keeps the old configuration and says so, until it is right again`()
        async throws
    {
        let fixture = try fixture()
        let good = try String(contentsOfFile: fixture.configurationPath, encoding: .utf8)
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        let metric = "lockkeeper_config_last_reload_successful"
        #expect(try await api.metric(metric) == 1)

        try fixture.folder.write(good + "recievers: []\n", to: "lockkeeper.yml")
        program.signal(SIGHUP)
        try await eventually("the reload is refused") { try await api.metric(metric) == 0 }
        #expect(program.errors.contains("recievers") && program.errors.contains("`receivers`"))
        #expect(try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets.map(\.name) == ["app"])

        try fixture.folder.write(good.replacing("name: app", with: "name: shop"), to: "lockkeeper.yml")
        program.signal(SIGHUP)
        try await eventually("the reload has succeeded") { try await api.metric(metric) == 1 }
        #expect(try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets.map(\.name) == ["shop"])
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }
}
