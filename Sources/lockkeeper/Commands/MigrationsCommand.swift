import ArgumentParser
import LockkeeperCore
import LockkeeperStore
import LockkeeperWeb

struct MigrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrations", abstract: "Shows the migrations that the agent has seen.",
        discussion: """
            Example:
              lockkeeper migrations
              lockkeeper migrations show 8h3k2m1x9q4zt
            """, subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists them, newest first.",
            discussion: "Example:\n  lockkeeper migrations list --target app --json")

        @OptionGroup var state: StateSource

        @Option(help: "Only those of this target.")
        var target: String?

        func run() async throws {
            let store = try await state.open()
            let runs = try await store.runs(RunFilter(target: target), limit: state.limit)
            let now = Sightings.now
            if state.json {
                Console.line(try JSONDocuments.migrations(runs.map { RunSnapshot(run: $0, serverTime: now) }))
                return
            }
            guard !runs.isEmpty else { return Console.line("no migration has been seen yet") }
            var table = TextTable("RUN", "BEGIN", "TARGET", "DATABASE", "TOOL", "MIGRATION", "OUTCOME", "DURATION")
            for run in runs {
                table.add(
                    run.id, run.begin.readable, run.target, run.database, run.tool,
                    run.migrations.isEmpty ? "-" : run.migrations.joined(separator: ","),
                    run.outcome?.label ?? "running",
                    run.duration(at: now).readable)
            }
            Console.line(table.text)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one of them with its statements.",
            discussion: "Example:\n  lockkeeper migrations show 8h3k2m1x9q4zt")

        @OptionGroup var state: StateSource

        @Argument(help: "The run, as `migrations list` names it.")
        var run: String

        func run() async throws {
            let store = try await state.open()
            guard let found = try await store.run(run) else {
                throw CommandFailure(
                    .doesNotHold, "there is no run \(run); `lockkeeper migrations` lists those there are")
            }
            let now = Sightings.now
            if state.json {
                Console.line(try JSONDocuments.migration(RunSnapshot(run: found, serverTime: now)))
                return
            }
            let description = RunDescription(found, at: now)
            Console.line(description.title)
            Sightings.describe(description.facts(labels: [:]))
            if !found.statements.isEmpty { Console.line("\nStatements seen (\(found.statementCount) in all):") }
            for statement in found.statements {
                Console.line("  \(statement.begin.readable)  pid \(statement.pid)  \(statement.text)")
            }
        }
    }
}
