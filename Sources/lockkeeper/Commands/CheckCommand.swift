import ArgumentParser
import FoundationEssentials
import LockkeeperConfig
import LockkeeperCore

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks the configuration and the rule files, and lists all that is wrong.",
        discussion: """
            Example:
              lockkeeper check --config /etc/lockkeeper/lockkeeper.yml

            Nothing is connected to and nothing is written.
            """)

    @OptionGroup var source: ConfigurationSource

    @Flag(help: "Prints JSON.")
    var json = false

    func run() async throws {
        var problems: [ConfigurationProblem] = []
        var summary = ""
        do {
            let configuration = try source.load()
            problems = configuration.warnings
            let rules = configuration.rules.files.flatMap(\.groups).reduce(0) { $0 + $1.rules.count }
            summary =
                "fine: \(count(configuration.targets.count, "target")), \(count(rules, "rule")), \(count(configuration.receivers.count, "receiver")), \(count(configuration.routes.count, "route"))"
        } catch let found as ConfigurationProblems {
            problems = found.problems
        }
        let errors = problems.filter { $0.gravity == .error }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            Console.line(String(decoding: try encoder.encode(problems), as: UTF8.self))
        } else {
            for problem in problems { Console.line("\(problem)") }
            Console.line(errors.isEmpty ? summary : count(errors.count, "error"))
        }
        if !errors.isEmpty { throw CommandFailure(.doesNotHold, lines: []) }
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
