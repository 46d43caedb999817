import ArgumentParser

@main
struct Lockkeeper: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockkeeper",
        abstract: "Watches PostgreSQL while schema migrations run, and tells people.",
        discussion: """
            Example:
              lockkeeper demo --for 60
              DATABASE_URL=postgres://monitor@db/app lockkeeper serve

            Shell completions: lockkeeper --generate-completion-script bash|zsh|fish
            """,
        version: "0.1.0")
}
