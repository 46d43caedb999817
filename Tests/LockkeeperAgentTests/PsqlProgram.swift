import Foundation
import LockkeeperTestSupport
import ThrowawayPostgres

/// The real psql, typed into by a person, or with a script.
final class PsqlProgram {
    private let process = Process()
    private let input = Pipe()
    private let exits = Arrivals<Int32>()

    /// - Parameter script: a file to run; it stops at the first error.
    init(_ database: TestDatabase, script: String? = nil) throws {
        process.executableURL = URL(filePath: "\(database.server.installation.binFolder)/psql")
        // The wheel of PostgreSQL 18 may bring none: any psql speaks to any server.
        if !FileManager.default.isExecutableFile(atPath: process.executableURL?.path ?? "") {
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["psql"]
        }
        process.arguments = (process.arguments ?? []) + ["--no-psqlrc", "--quiet", database.dsn()]
        if let script { process.arguments? += ["--set", "ON_ERROR_STOP=1", "--file", script] }
        process.terminationHandler = { [exits] in exits.append($0.terminationStatus) }
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func type(_ text: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }

    /// Waits for its end; 3 if a script has failed (psql, "Exit Status").
    func status() async throws -> Int32 {
        try await exits.wait(count: 1)[0]
    }

    /// End of input.
    func end() {
        try? input.fileHandleForWriting.close()
    }

    deinit { end() }
}
