import Foundation
import Testing

/// Prometheus's own tool, the oracle for the language (Debian package `prometheus`).
enum Promtool {
    static let path: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// In continuous integration its absence must not pass for success.
    static let isWanted = path != nil || ProcessInfo.processInfo.environment["CI"] != nil

    static let reason: Comment = "promtool is not installed (Debian: apt-get install prometheus)"

    /// Runs `promtool test rules` on the text of a test file.
    ///
    /// - Returns: all it printed.
    static func testRules(_ text: String) throws -> String {
        let tool = try #require(path, reason)
        let folder = FileManager.default.temporaryDirectory.appending(path: "promtool-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "test.yml")
        try Data(text.utf8).write(to: file)
        // Into a file, because a pipe that nobody empties would stop it.
        let output = folder.appending(path: "output")
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = ["test", "rules", file.path]
        process.currentDirectoryURL = folder
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        try handle.close()
        return String(decoding: try Data(contentsOf: output), as: UTF8.self)
    }
}
