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

    /// What somebody probably meant who writes a subcommand as if it were a command; `nil` where there is none of that name.
    static func hint(for arguments: [String]) -> String? {
        func name(_ command: any ParsableCommand.Type) -> String {
            command.configuration.commandName ?? "\(command)".lowercased()
        }
        let commands = configuration.subcommands
        guard let first = arguments.first, !commands.contains(where: { name($0) == first }) else { return nil }
        let meant = commands.flatMap { command in
            command.configuration.subcommands.filter { name($0) == first }
                .map { "`lockkeeper \(name(command)) \(name($0))`" }
        }
        return meant.isEmpty ? nil : "Did you mean \(meant.joined(separator: " or "))?"
    }
}
