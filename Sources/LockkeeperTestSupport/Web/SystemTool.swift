public import Foundation
import ThrowawayPostgres

/// A program of the system, such as `curl`, run to its end.
///
/// Foundation's `Process` is not used: it takes a program for ended when nobody holds the other end of a socket any more, and a server that is
/// started by another test at the wrong moment inherits that end and keeps it.
public enum SystemTool {
    public struct Result: Sendable {
        /// 128 and more where a signal ended it.
        public var status: Int32
        /// What it wrote to standard output and standard error.
        public var bytes: [UInt8]

        public var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Runs a program while the caller's thread is free for others.
    ///
    /// - Parameters:
    ///   - arguments: the program, which is looked for in PATH, and its arguments.
    ///   - input: what it gets on standard input.
    ///   - folder: where it runs; without one in a temporary one.
    /// - Throws: `TestFailure` if it does not end in time; it is ended then.
    public static func run(
        _ arguments: [String], input: [UInt8] = [], in folder: URL? = nil, timeout: Duration = .seconds(60)
    ) async throws -> Result {
        try await BlockingWork.run { try wait(for: arguments, input: input, in: folder, timeout: timeout) }
    }

    /// Runs a program and blocks the thread meanwhile; otherwise as `run`.
    public static func wait(
        for arguments: [String], input: [UInt8] = [], in folder: URL? = nil, timeout: Duration = .seconds(60)
    ) throws -> Result {
        let files = try PythonChild.makeFolder("tool")
        defer { try? FileManager.default.removeItem(at: files) }
        let (inputFile, outputFile) = (files.appending(path: "input"), files.appending(path: "output"))
        try Data(input).write(to: inputFile)
        let handle = try FileHandle(forReadingFrom: inputFile)
        defer { try? handle.close() }
        let pid = try Command(
            arguments: arguments, folder: (folder ?? files).path, input: handle.fileDescriptor, log: outputFile.path
        ).spawn()
        guard let status = ChildProcess.reap(pid, seconds: Int(timeout.components.seconds)) else {
            kill(pid, SIGKILL)
            _ = ChildProcess.reap(pid, seconds: 10)
            throw TestFailure("\(arguments[0]) has not ended within \(timeout)")
        }
        return Result(status: status, bytes: Array(try Data(contentsOf: outputFile)))
    }
}
