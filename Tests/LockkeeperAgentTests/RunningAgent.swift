import LockkeeperAgent
import LockkeeperConfig
import LockkeeperCore
import LockkeeperTestSupport
import Logging
import ServiceLifecycle

/// An agent in this process, over real servers.
struct RunningAgent: Sendable {
    let api: AgentAPI
    /// What it found out about runs, with the time at which it did.
    let events: Arrivals<(event: RunEvent, at: ContinuousClock.Instant)>

    /// Runs an agent, with all that `serve` gives it, until `body` is done; then it is shut down in order.
    static func with<Result: Sendable>(
        _ fixture: AgentFixture, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningAgent) async throws -> Result
    ) async throws -> Result {
        let path = try fixture.write()
        let load: @Sendable () throws -> Configuration = { try Configuration.load(path: path, environment: [:]) }
        let events = Arrivals<(event: RunEvent, at: ContinuousClock.Instant)>()
        let urls = Arrivals<String>()
        let runtime = AgentRuntime(
            setup: AgentSetup(load: load, logger: logger, version: "0.0.0-test", host: "test"),
            configuration: try load(), onListening: { urls.append($0) }, onEvent: { events.append(($0, .now)) })
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(
                        service: runtime, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: logger))
        let running = Task { try await group.run() }
        do {
            let url = try await urls.wait(count: 1)[0]
            let result = try await body(RunningAgent(api: AgentAPI(url), events: events))
            withExtendedLifetime(fixture) {}
            await group.triggerGracefulShutdown()
            try await running.value
            return result
        } catch {
            await group.triggerGracefulShutdown()
            // A failure of the agent explains what failed because of it.
            try await running.value
            throw error
        }
    }

    // MARK: - Waiting

    /// Waits until the target answers, and what its histories hold is known: what comes after that is news.
    func waitUntilWatching(_ target: String = "app", databases: [String]) async throws {
        try await eventually("\(target) is watched") {
            let seen = try await self.target(target)
            return seen?.state == "up" && databases.allSatisfy { seen?.databases.contains($0) == true }
        }
    }

    /// The runs in a database as last heard of, in the order of their begin.
    func runs(in database: String) -> [MigrationRun] {
        var runs: [String: MigrationRun] = [:]
        for (event, _) in events.all where event.run.database == database { runs[event.run.id] = event.run }
        return runs.values.sorted { $0.begin < $1.begin }
    }

    /// Waits for a run in a database that fits, as it then was.
    @discardableResult
    func waitForRun(
        in database: String, _ what: String, within limit: Duration = .seconds(20),
        where fits: @Sendable (MigrationRun) -> Bool
    ) async throws -> MigrationRun {
        var found: MigrationRun?
        do {
            try await eventually(what, within: limit) {
                found = events.all.map(\.event.run).first { $0.database == database && fits($0) }
                return found != nil
            }
        } catch let failure as TestFailure {
            throw TestFailure("\(failure); the runs are \(runs(in: database))")
        }
        guard let found else { throw TestFailure(what) }
        return found
    }

    func waitForStart(in database: String) async throws -> MigrationRun {
        try await waitForRun(in: database, "a run has started in \(database)") { $0.end == nil }
    }

    /// Waits for the end of a run, and long enough to see that it was the only one.
    func waitForEnd(in database: String) async throws -> MigrationRun {
        try await waitForRun(in: database, "a run has ended in \(database)") { $0.end != nil }
    }

    func target(_ name: String) async throws -> APIDocument.Target? {
        try await api.get(APIDocument.Targets.self, "/api/v1/targets").targets.first { $0.name == name }
    }

    /// The messages about a run to a receiver, in their order.
    func deliveries(of run: MigrationRun, to receiver: String) async throws -> [APIDocument.Delivery] {
        try await api.get(APIDocument.Deliveries.self, "/api/v1/deliveries?limit=1000").deliveries.filter {
            $0.incidentId == "run-\(run.id)" && $0.receiver == receiver
        }.sorted { $0.sequence < $1.sequence }
    }

    /// How many glances at a target have succeeded.
    func glances(at target: String) async throws -> Double {
        try await api.metric(
            "lockkeeper_samples_total", ["target": target, "tier": "glance", "outcome": "ok"]) ?? 0
    }
}
