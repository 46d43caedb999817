import Foundation
import Synchronization

/// A Python program as a child process that speaks to the test in lines of JSON on its standard output.
///
/// The program must end when its standard input does: so it ends with the tests even when they crash.
final class PythonChild: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let folder: URL
    let lines = Arrivals<String>()
    private let process: Process
    private let input: Pipe
    private let exit = Arrivals<Int32>()

    /// Starts `script` with `configuration` (JSON) as its only argument and waits for its first line.
    ///
    /// - Parameter folder: the program's working folder, removed by ``close()``.
    static func start(_ script: String, configuration: [String: Any], folder: URL) async throws -> PythonChild {
        let file = folder.appendingPathComponent("program.py")
        try Data(script.utf8).write(to: file)
        let argument = try JSONSerialization.data(withJSONObject: configuration, options: [.sortedKeys])
        let child = try PythonChild(file, String(decoding: argument, as: UTF8.self), folder)
        do {
            // The exit is a line, too: a program that cannot start says why at once.
            let first = try await child.lines.wait(count: 1, timeout: .seconds(30)).first
            guard let first, first.hasPrefix("{") else { throw Failed(description: child.complaint) }
            return child
        } catch {
            let complaint = child.complaint
            await child.close()
            throw Failed(description: "the Python child did not start: \(error) \(complaint)")
        }
    }

    private init(_ script: URL, _ argument: String, _ folder: URL) throws {
        self.folder = folder
        process = Process()
        input = Pipe()
        let output = Pipe()
        let errors = folder.appendingPathComponent("errors.txt")
        try Data().write(to: errors)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [ClientProgram.python, "-u", "-W", "ignore", script.path, argument]
        process.currentDirectoryURL = folder
        process.standardInput = input
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        let lines = self.lines
        let exit = self.exit
        process.terminationHandler = { process in
            exit.append(process.terminationStatus)
            lines.append("exit \(process.terminationStatus)")
        }
        let pending = Pending()
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
            } else {
                for line in pending.add(data) { lines.append(line) }
            }
        }
        try process.run()
    }

    /// What the program wrote to standard error.
    var complaint: String {
        (try? String(contentsOf: folder.appendingPathComponent("errors.txt"), encoding: .utf8)) ?? ""
    }

    /// Ends the program and removes its folder.
    func close() async {
        try? input.fileHandleForWriting.close()
        if (try? await exit.wait(count: 1, timeout: .seconds(5))) == nil {
            kill(process.processIdentifier, SIGKILL)
            _ = try? await exit.wait(count: 1, timeout: .seconds(5))
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// A fresh folder under the system's temporary one, for the owner alone.
    static func makeFolder(_ name: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("lockkeeper-\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return folder
    }

    /// Output that has not come to the end of its line yet.
    private final class Pending: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func add(_ data: Data) -> [String] {
            bytes.withLock { bytes in
                bytes += data
                var lines: [String] = []
                while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                    lines.append(String(decoding: bytes[..<end], as: UTF8.self))
                    bytes.removeSubrange(...end)
                }
                return lines
            }
        }
    }
}
