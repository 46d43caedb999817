public import ArgumentParser
import Glibc
import LockkeeperAgent
import LockkeeperConfig
import LockkeeperStore
import LockkeeperWeb
public import Logging
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the agent.",
        discussion: """
            Example:
              lockkeeper serve --config /etc/lockkeeper/lockkeeper.yml

            SIGHUP reloads the configuration; SIGTERM and SIGINT end the agent in order.
            """)

    @OptionGroup var source: ConfigurationSource

    @Option(help: "The least level of what is logged to standard error: debug, info, notice, warning, error.")
    var logLevel: Logger.Level = .info

    func run() async throws {
        let configuration = try source.loadOrFail()
        var logger = Logger(label: "lockkeeper") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        let setup = AgentSetup(
            load: { try source.load() }, logger: logger, version: Lockkeeper.version, host: HostName.current)
        let runtime = AgentRuntime(setup: setup, configuration: configuration) { [logger] url in
            logger.notice(
                "watching \(configuration.targets.map(\.name).joined(separator: ", ")); \(url)/metrics, \(url)/ for people"
            )
        }
        try await AgentProcess.run(runtime, logger: logger)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
