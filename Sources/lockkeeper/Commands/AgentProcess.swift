import LockkeeperAgent
import LockkeeperConfig
import LockkeeperStore
import LockkeeperWeb
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs an agent as the process's main service, until a signal ends it in order.
enum AgentProcess {
    static func run(_ runtime: AgentRuntime, logger: Logger) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: runtime, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        // Long enough for a message that is being sent, short enough for a service manager.
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as StoreError {
            throw CommandFailure(.usage, "state: \(error)")
        } catch let error as WebError {
            throw CommandFailure(.usage, "listen: \(error)")
        } catch let error as TLSFileFailure {
            throw CommandFailure(.usage, "web.tls.\(error.field): \(error)\(error.hint.map { ". \($0)" } ?? "")")
        }
    }
}
