import LockkeeperCore
import LockkeeperPostgres
import LockkeeperTestSupport

/// An agent's keeper of a target's leadership, at work.
final class RunningKeeper: Sendable {
    /// All that it has taken itself for.
    let roles = Arrivals<LeadershipRole>()
    private let task: Task<Void, Never>

    /// - Parameter dsn: a libpq connection string.
    init(_ dsn: String, target: String = "tested", _ change: (inout LeadershipPolicy) -> Void = { _ in }) {
        var policy = LeadershipPolicy()
        change(&policy)
        let keeper = LeadershipKeeper(target: target, policy: policy) { () throws(PostgresError) in try DSN(dsn) }
        task = Task { [roles] in
            await withTaskGroup { group in
                group.addTask { await keeper.run() }
                for await role in keeper.roles { roles.append(role) }
            }
        }
    }

    var role: LeadershipRole { roles.all.last ?? .undecided }

    func waitUntil(
        _ label: String, within limit: Duration = .seconds(60), isolation: isolated (any Actor)? = #isolation
    ) async throws {
        try await eventually("it is \(label)", within: limit) { role.label == label }
    }

    func stop() async {
        task.cancel()
        await task.value
    }

    deinit { task.cancel() }
}

extension [RunningKeeper] {
    /// Waits until one of them leads and all others follow.
    func waitUntilOneLeads(
        within limit: Duration = .seconds(60), isolation: isolated (any Actor)? = #isolation
    ) async throws {
        try await eventually("one of \(count) leads, and the others follow", within: limit) {
            let labels = map(\.role.label).sorted()
            return labels == [String](repeating: "following", count: count - 1) + ["leading"]
        }
    }

    func stop() async { for keeper in self { await keeper.stop() } }
}
