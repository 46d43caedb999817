import Foundation
import LockkeeperTestSupport
import Testing

/// The program `lockkeeper` as a process: that of `LOCKKEEPER_BINARY`, else the one built beside these tests.
final class LockkeeperProgram: Sendable {
    static let path: String = {
        if let named = ProcessInfo.processInfo.environment["LOCKKEEPER_BINARY"], !named.isEmpty { return named }
        return URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "lockkeeper").path
    }()

    /// How a process ended and what it said.
    struct Result: Sendable {
        /// Negative where a signal ended it.
        var status: Int32
        var output: String
        var errors: String
    }

    private let process = Process()
    private let folder: TemporaryFolder
    private let fixture: AgentFixture?
    private let exits = Arrivals<Int32>()

    /// Starts it in an empty folder.
    ///
    /// - Parameters:
    ///   - environment: all of it, PATH apart.
    ///   - fixture: whose configuration it is given; its folder stays as long as the program runs.
    init(_ arguments: [String], environment: [String: String] = [:], with fixture: AgentFixture? = nil) throws {
        folder = try TemporaryFolder()
        self.fixture = fixture
        process.executableURL = URL(filePath: Self.path)
        process.arguments = arguments + (fixture.map { ["--config", $0.configurationPath] } ?? [])
        process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
        process.currentDirectoryURL = URL(filePath: folder.path)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder.write("", to: "output")))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: folder.write("", to: "errors")))
        process.terminationHandler = { [exits] process in
            exits.append(process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
        }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Runs it to its end.
    static func run(
        _ arguments: String..., environment: [String: String] = [:], with fixture: AgentFixture? = nil
    ) async throws -> Result {
        try await LockkeeperProgram(arguments, environment: environment, with: fixture).result()
    }

    /// Starts an agent and waits until it serves HTTP.
    static func serve(_ fixture: AgentFixture) async throws -> (program: LockkeeperProgram, api: AgentAPI) {
        let (program, url) = try await start(fixture)
        return (program, try AgentAPI(url))
    }

    /// Starts an agent and waits until it says where it serves HTTP, or HTTPS.
    static func start(_ fixture: AgentFixture) async throws -> (program: LockkeeperProgram, url: String) {
        let program = try LockkeeperProgram(["serve"], with: fixture)
        var url = ""
        try await eventually("the agent says where it listens, or ends") {
            if let said = program.errors.firstMatch(of: #/https?://127\.0\.0\.1:\d+/#) { url = String(said.output) }
            return !url.isEmpty || !program.exits.all.isEmpty
        }
        guard !url.isEmpty else { throw TestFailure("the agent ended: \(program.errors)") }
        return (program, url)
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for its end.
    func result() async throws -> Result {
        let status = try await exits.wait(count: 1, timeout: .seconds(30))[0]
        return Result(status: status, output: output, errors: errors)
    }

    var output: String { read("output") }
    var errors: String { read("errors") }

    private func read(_ name: String) -> String {
        (try? String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)) ?? ""
    }
}
