import Foundation
import LockkeeperTestSupport
import ThrowawayPostgres

/// A database client that is a process of its own: it runs one SQL text and may be killed or stopped meanwhile.
final class ClientProgram {
    /// Which client, and by which way it connects.
    enum Kind: String, CaseIterable, Sendable {
        case psqlOverUnixSocket, psqlOverTCP, pythonOverUnixSocket, pythonOverTCP

        var usesTCP: Bool { self == .psqlOverTCP || self == .pythonOverTCP }
        var isPsql: Bool { self == .psqlOverTCP || self == .psqlOverUnixSocket }
    }

    private let process = Process()

    var pid: Int32 { process.processIdentifier }

    /// Runs SQL in a session that calls itself `client`.
    convenience init(_ kind: Kind, _ database: TestDatabase, sql: String) throws {
        let dsn = (kind.usesTCP ? database.loopbackDSN : database.dsn()) + " application_name=client"
        if kind.isPsql {
            try self.init(["psql", "--no-psqlrc", "--quiet", dsn, "--command", sql])
        } else {
            let program = "import sys, psycopg2; psycopg2.connect(sys.argv[1]).cursor().execute(sys.argv[2])"
            try self.init([Self.python, "-c", program, dsn, sql])
        }
    }

    /// Runs any command.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    static let python = ProcessInfo.processInfo.environment["LOCKKEEPER_TEST_PYTHON"] ?? "python3"

    func send(_ signal: Int32) { kill(pid, signal) }

    deinit {
        guard process.isRunning else { return }
        kill(pid, SIGKILL)
        process.waitUntilExit()
    }
}
