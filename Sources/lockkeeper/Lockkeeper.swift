import ArgumentParser

struct Lockkeeper: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "lockkeeper",
        abstract: "Watches PostgreSQL while schema migrations run, and tells people.",
        discussion: """
            Example:
              lockkeeper demo --for 60
              DATABASE_URL=postgres://lockkeeper@db/app lockkeeper serve

            Exit status: 0 fine, 1 what was checked does not hold, 2 usage or configuration error, 3 something could not be reached.
            Shell completions: lockkeeper --generate-completion-script bash|zsh|fish
            """,
        version: version,
        subcommands: [
            ServeCommand.self, DemoCommand.self, AssessCommand.self, CheckCommand.self, NotifyCommand.self,
            MigrationsCommand.self, IncidentsCommand.self, DeliveriesCommand.self, SilenceCommand.self,
            RulesCommand.self, QueryCommand.self,
        ])
}
