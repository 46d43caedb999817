import Foundation

/// Prometheus's own tool, the oracle for rules (Debian package `prometheus`).
public enum Promtool {
    public static let path: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// In continuous integration its absence must not pass for success.
    public static let isWanted = path != nil || ProcessInfo.processInfo.environment["CI"] != nil

    public static let reason = "promtool is not installed (Debian: apt-get install prometheus)"

    /// Runs promtool in a folder with these files.
    ///
    /// - Returns: all it printed.
    public static func run(_ arguments: String..., files: [String: String]) async throws -> String {
        try await result(arguments, files: files).output
    }

    /// Runs `promtool test rules` on the text of a test file.
    ///
    /// - Returns: all it printed.
    public static func testRules(_ text: String) async throws -> String {
        try await run("test", "rules", "test.yml", files: ["test.yml": text])
    }

    /// Runs promtool in a folder with these files.
    ///
    /// - Returns: its exit status and all it printed.
    public static func result(
        _ arguments: [String], files: [String: String] = [:]
    ) async throws -> (status: Int32, output: String) {
        guard let tool = path else { throw TestFailure(reason) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "promtool-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        let result = try await SystemTool.run([tool] + arguments, in: folder)
        return (result.status, result.output)
    }

    /// The text as a scalar of YAML.
    public static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Reads a label set as Go prints it, from behind its opening brace to behind its closing one.
    public static func labels(_ rest: inout Substring) -> [String: String] {
        var result: [String: String] = [:]
        while let first = rest.first, first != "}" {
            let name = rest.prefix { $0 != "=" }.drop { $0 == "," || $0 == " " }
            rest = rest.drop { $0 != "=" }.dropFirst(2)
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                guard character == "\\", let escaped = rest.popFirst() else {
                    value.append(character)
                    continue
                }
                value.append(escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped)
            }
            result[String(name)] = value
        }
        rest = rest.dropFirst()
        return result
    }
}
