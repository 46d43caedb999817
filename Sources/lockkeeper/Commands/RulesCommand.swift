import ArgumentParser
import FoundationEssentials
import LockkeeperConfig
import LockkeeperCore

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Checks and tests Prometheus rule files as the agent understands them.",
        discussion: """
            Example:
              lockkeeper rules check alerts/*.yml
              lockkeeper rules test alerts/tests/*.yml
            """, subcommands: [Check.self, Test.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks rule files, and lists all that is wrong with them.",
            discussion: """
                Example:
                  lockkeeper rules check alerts/migrations.yml alerts/locks.yml

                Takes the files of `promtool check rules`. Exit status: 1 if one of them cannot be used.
                """)

        @Argument(help: ArgumentHelp("The rule files.", valueName: "file"))
        var files: [String]

        @Flag(help: "Prints JSON.")
        var json = false

        private struct Answer: Encodable {
            var file: String
            var isFine: Bool
            var rules: Int
            var problems: [ConfigurationProblem]
        }

        func run() async throws {
            let answers = files.map(check)
            if json {
                try RulesCommand.printJSON(answers)
            } else {
                for answer in answers {
                    for problem in answer.problems { Console.line("\(problem)") }
                    let errors = answer.problems.count { $0.gravity == .error }
                    Console.line(
                        "\(answer.file): "
                            + (answer.isFine
                                ? "fine, \(RulesCommand.count(answer.rules, "rule"))"
                                : RulesCommand.count(errors, "error")))
                }
            }
            if answers.contains(where: { !$0.isFine }) { throw CommandFailure(.doesNotHold, lines: []) }
        }

        private func check(_ path: String) -> Answer {
            do {
                let (file, warnings) = try RuleFileReader.readWithWarnings(path: path)
                let rules = file.groups.reduce(0) { $0 + $1.rules.count }
                return Answer(file: path, isFine: true, rules: rules, problems: warnings)
            } catch {
                return Answer(file: path, isFine: false, rules: 0, problems: error.problems)
            }
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs tests of rules on the agent's own evaluator.",
            discussion: """
                Example:
                  lockkeeper rules test alerts/tests/*.yml

                Takes the files of `promtool test rules`
                (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/). In a difference, lines that
                begin with - were expected, and lines that begin with + came. Exit status: 1 if a test does not hold.
                """)

        @Argument(help: ArgumentHelp("The files of tests.", valueName: "file"))
        var files: [String]

        @Flag(help: "Prints JSON.")
        var json = false

        private struct Answer: Encodable {
            var file: String
            var isFine: Bool
            var tests: Int
            /// What is wrong with the file or its rule files.
            var problems: [ConfigurationProblem]
            var failures: [Failure]
        }

        private struct Failure: Encodable {
            var test: String
            /// Of the test in the file, counted from 1.
            var number: Int
            /// Since time 0.
            var seconds: Double
            var text: String
        }

        func run() async throws {
            let answers = files.map(test)
            if json {
                try RulesCommand.printJSON(answers)
            } else {
                for answer in answers {
                    for problem in answer.problems { Console.line("\(problem)") }
                    for failure in answer.failures {
                        Console.line(failure.text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
                    }
                    Console.line("\(answer.file): \(summary(answer))")
                }
            }
            if answers.contains(where: { !$0.isFine }) { throw CommandFailure(.doesNotHold, lines: []) }
        }

        private func summary(_ answer: Answer) -> String {
            if answer.isFine { return "fine, \(RulesCommand.count(answer.tests, "test"))" }
            let errors = answer.problems.count { $0.gravity == .error }
            if errors > 0 { return RulesCommand.count(errors, "error") }
            let failed = Set(answer.failures.map(\.number)).count
            return "FAILED: \(failed) of \(RulesCommand.count(answer.tests, "test"))"
        }

        private func test(_ path: String) -> Answer {
            do {
                let file = try RuleTestFileReader.read(path: path)
                let failures = file.failures()
                return Answer(
                    file: path, isFine: failures.isEmpty, tests: file.tests.count, problems: file.warnings,
                    failures: failures.map {
                        Failure(
                            test: $0.test, number: $0.index + 1, seconds: $0.time.inSeconds, text: $0.description)
                    })
            } catch {
                return Answer(file: path, isFine: false, tests: 0, problems: error.problems, failures: [])
            }
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private static func printJSON(_ answers: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        Console.line(String(decoding: try encoder.encode(answers), as: UTF8.self))
    }
}
