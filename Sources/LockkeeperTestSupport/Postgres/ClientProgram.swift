import Foundation
import ThrowawayPostgres

/// A database client that is a process of its own and may be killed or stopped.
public final class ClientProgram {
    /// Which client, and by which way it connects.
    public enum Kind: String, CaseIterable, Sendable {
        case psqlOverUnixSocket, psqlOverTCP, pythonOverUnixSocket, pythonOverTCP

        public var usesTCP: Bool { self == .psqlOverTCP || self == .pythonOverTCP }
        public var isPsql: Bool { self == .psqlOverTCP || self == .psqlOverUnixSocket }
    }

    private let process = Process()

    public var pid: Int32 { process.processIdentifier }

    /// Runs one SQL text in a session that calls itself `client`.
    public convenience init(_ kind: Kind, _ database: TestDatabase, sql: String) throws {
        let dsn = (kind.usesTCP ? database.loopbackDSN : database.dsn()) + " application_name=client"
        if kind.isPsql {
            try self.init(["psql", "--no-psqlrc", "--quiet", dsn, "--command", sql])
        } else {
            let program = "import sys, psycopg2; psycopg2.connect(sys.argv[1]).cursor().execute(sys.argv[2])"
            try self.init([Self.python, "-c", program, dsn, sql])
        }
    }

    /// Runs any command; its program is looked for in PATH.
    public init(_ arguments: [String], environment: [String: String] = [:]) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// The Python of `LOCKKEEPER_TEST_PYTHON`, which has psycopg2.
    public static let python = ProcessInfo.processInfo.environment["LOCKKEEPER_TEST_PYTHON"] ?? "python3"

    public func send(_ signal: Int32) { kill(pid, signal) }

    deinit {
        // Foundation reaps it; to wait for that would hold up one of the few threads of the cooperative pool.
        if process.isRunning { kill(pid, SIGKILL) }
    }
}
