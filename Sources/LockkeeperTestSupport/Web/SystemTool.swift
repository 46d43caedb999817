import Foundation

/// A program of the system, such as `curl`, run to its end.
public enum SystemTool {
    public struct Result: Sendable {
        public var status: Int32
        /// What it wrote to standard output and standard error.
        public var output: String
    }

    /// - Parameters:
    ///   - arguments: the program, which is looked for in PATH, and its arguments.
    ///   - input: what it gets on standard input.
    /// - Throws: `TestFailure` if it does not end in time; it is ended then.
    public static func run(
        _ arguments: [String], input: String = "", timeout: Duration = .seconds(30)
    ) async throws -> Result {
        let folder = try PythonChild.makeFolder("tool")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (inputFile, outputFile) = (folder.appending(path: "input"), folder.appending(path: "output"))
        try Data(input.utf8).write(to: inputFile)
        try Data().write(to: outputFile)
        let output = try FileHandle(forWritingTo: outputFile)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = output
        process.standardError = output
        let exit = Arrivals<Int32>()
        process.terminationHandler = { exit.append($0.terminationStatus) }
        try process.run()
        do {
            let status = try await exit.wait(count: 1, timeout: timeout)[0]
            return Result(
                status: status, output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self))
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw TestFailure("\(arguments[0]) has not ended within \(timeout)")
        }
    }
}
