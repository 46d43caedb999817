import Foundation
import LockkeeperTestSupport
import ThrowawayPostgres

/// The real psql, typed into by a person.
final class PsqlProgram {
    private let process = Process()
    private let input = Pipe()

    init(_ database: TestDatabase) throws {
        process.executableURL = URL(filePath: "\(database.server.installation.binFolder)/psql")
        // The wheel of PostgreSQL 18 may bring none: any psql speaks to any server.
        if !FileManager.default.isExecutableFile(atPath: process.executableURL?.path ?? "") {
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["psql"]
        }
        process.arguments = (process.arguments ?? []) + ["--no-psqlrc", "--quiet", database.dsn()]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func type(_ text: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }

    /// End of input.
    func end() {
        try? input.fileHandleForWriting.close()
    }

    deinit { end() }
}
