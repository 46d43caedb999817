/// The processes on the agent's own machine that have to do with a target's runs: the tools' and the server's backends.
public struct Processes: Sendable {
    public let target: String

    public init(target: String) {
        self.target = target
    }

    public mutating func advance(_ reading: ProcessReading) {}

    public func record(into metrics: inout MetricsBuilder) {}
}
