import ArgumentParser
import FoundationEssentials
import LockkeeperConfig
import ShippedRules

/// Where the configuration comes from: `--config`, else the usual files, else `DATABASE_URL`.
struct ConfigurationSource: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file; else lockkeeper.yml, /etc/lockkeeper/lockkeeper.yml, or DATABASE_URL with defaults.",
            valueName: "file"))
    var file: String?

    private static let usualFiles = ["lockkeeper.yml", "/etc/lockkeeper/lockkeeper.yml"]

    /// The file that is read if none is named; `nil` if there is none.
    static var usualFile: String? { usualFiles.first(where: FileManager.default.fileExists) }

    /// - Throws: `ConfigurationProblems`, or `CommandFailure` when there is nothing to read.
    func load() throws -> Configuration {
        let environment = ProcessInfo.processInfo.environment
        let rules = ShippedRules.files.map { RuleFileText(name: $0.name, text: $0.text) }
        if let path = file ?? Self.usualFile {
            return try Configuration.load(path: path, environment: environment, defaultRules: rules)
        }
        if let url = environment["DATABASE_URL"], !url.isEmpty {
            return try Configuration.fromEnvironment(databaseURL: url, environment: environment, defaultRules: rules)
        }
        throw CommandFailure(
            .usage,
            "no configuration: there is no \(Self.usualFiles.joined(separator: " or ")), and DATABASE_URL is not set",
            "give --config FILE, or DATABASE_URL=postgres://user@host/database")
    }

    /// The same, with problems as a failure of the command; warnings go to standard error.
    func loadOrFail() throws -> Configuration {
        do {
            let configuration = try load()
            for warning in configuration.warnings { Console.error("\(warning)") }
            return configuration
        } catch let problems as ConfigurationProblems {
            throw CommandFailure(.usage, lines: problems.problems.map(\.description))
        }
    }
}
