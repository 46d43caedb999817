public import LockkeeperConfig
public import Logging

/// What an agent is started with.
public struct AgentSetup: Sendable {
    /// Reads the configuration: at the start, and again at each reload.
    ///
    /// - Throws: `ConfigurationProblems` with all that is wrong.
    public var load: @Sendable () throws -> Configuration
    public var logger: Logger
    /// The agent's version, for metrics and the footer of messages.
    public var version: String
    /// The host's name, for the footer of messages.
    public var host: String

    public init(
        load: @escaping @Sendable () throws -> Configuration, logger: Logger, version: String, host: String
    ) {
        self.load = load
        self.logger = logger
        self.version = version
        self.host = host
    }
}
