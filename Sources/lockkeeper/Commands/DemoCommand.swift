import ArgumentParser
import LockkeeperAgent
import LockkeeperConfig
import LockkeeperCore
import Logging
import ServiceLifecycle
import ThrowawayPostgres
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Shows a migration that gets stuck, and the agent that watches it.",
        discussion: """
            Example:
              lockkeeper demo --for 60

            Starts a throwaway PostgreSQL, some traffic, a forgotten transaction and a Drizzle-shaped migration behind it, with an agent whose
            messages are printed as a local receiver gets them. Thresholds are seconds instead of minutes. Leaves nothing behind.
            """)

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Ends by itself after so long; else Ctrl-C ends it.", valueName: "seconds"))
    var seconds: Int?

    @Flag(help: "Prints each event as a line of JSON.")
    var json = false

    @Option(help: "The port of the agent's HTTP; 0 for any free one.")
    var port = 0

    func validate() throws {
        if let seconds, seconds < 1 { throw ValidationError("--for is to be at least 1 second") }
        guard (0...65_535).contains(port) else { throw ValidationError("--port is to be from 0 to 65535") }
    }

    func run() async throws {
        var logger = Logger(label: "lockkeeper") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let narrator = DemoNarrator(json: json)
        narrator.tell("starting a throwaway PostgreSQL")
        let folder = try DemoFolder.make()
        defer { folder.remove() }
        let server: ThrowawayPostgres
        do {
            server = try await ThrowawayPostgres.start()
        } catch {
            throw CommandFailure(.unreachable, "\(error)")
        }
        do {
            try await perform(on: server, in: folder, narrator, logger)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        narrator.tell("the end; nothing is left behind")
    }

    private func perform(
        on server: ThrowawayPostgres, in folder: DemoFolder, _ narrator: DemoNarrator, _ logger: Logger
    ) async throws {
        let scenario = DemoScenario(server: server, migrations: try folder.writeMigrations()) { narrator.tell($0) }
        try await scenario.prepare()
        try await MessageSink.serving(logger: logger, receive: { narrator.received($0) }) { webhook in
            try folder.writeConfiguration(
                dsn: server.dsn(database: DemoScenario.database), webhook: webhook, port: port)
            let load: @Sendable () throws -> Configuration = {
                try Configuration.load(path: folder.configurationFile, environment: [:])
            }
            let runtime = AgentRuntime(
                setup: AgentSetup(load: load, logger: logger, version: Lockkeeper.version, host: HostName.current),
                configuration: try load(), onListening: { narrator.listening(at: $0) }, onEvent: { narrator.saw($0) })
            var group = ServiceGroupConfiguration(
                services: [
                    .init(
                        service: runtime, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(
                        service: DemoPerformance(scenario: scenario, length: seconds.map { .seconds($0) }),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup),
                ], gracefulShutdownSignals: [.sigint, .sigterm],
                logger: Logger(label: "") { _ in SwiftLogNoOpLogHandler() })
            group.maximumGracefulShutdownDuration = .seconds(20)
            try await ServiceGroup(configuration: group).run()
        }
    }
}

/// The play as a service: it ends with its length, or with the demo.
private struct DemoPerformance: Service {
    let scenario: DemoScenario
    let length: Duration?

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        try await scenario.play()
                    } catch  where Task.isCancelled {
                        // The sessions were cut off in the middle of what they did.
                    }
                }
                if let length { group.addTask { try? await Task.sleep(for: length) } }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}
