internal import LockkeeperConfig
internal import LockkeeperCore
internal import LockkeeperPostgres
internal import Logging

/// Several agents on the same targets: of each target one tells people, the others watch, record, and take over.
extension Agent {
    /// A target's keeper as it was started.
    struct Keeper {
        /// Tells it from others of the same target.
        var number: Int
        var dsn: Secret
        var task: Task<Void, Never>
    }

    /// Starts and stops keepers so that they are those of the configuration. One whose server is as before goes on undisturbed.
    func adjustKeepers() {
        let targets = configuration.electsLeader ? configuration.targets : []
        for (name, keeper) in keepers where targets.first(where: { $0.name == name })?.dsn != keeper.dsn {
            keeper.task.cancel()
            keepers[name] = nil
        }
        for name in leadership.keys where !targets.contains(where: { $0.name == name }) {
            // Of one that is watched no longer another agent goes on to tell, if it did.
            leadership[name] = nil
        }
        if !configuration.electsLeader {
            // Nobody else tells any more; nor of what was on standby when the agent ended.
            for target in configuration.targets where !hasTakenOver || committer.isFollowing(target.name) {
                committer.turn(target.name, tells: true, at: AgentClock.now)
            }
        }
        hasTakenOver = true
        for target in targets where keepers[target.name] == nil { start(target) }
    }

    private func start(_ target: TargetConfiguration) {
        keeperCount += 1
        let number = keeperCount
        let name = target.name
        let keeper = LeadershipKeeper(
            target: name, dsn: Sampler.Configuration(target, sampling: configuration.sampling).dsn)
        leadership[name] = .undecided
        committer.awaitDecision(on: name)
        let task = Task { [weak self] in
            await withTaskGroup { group in
                group.addTask { await keeper.run() }
                for await role in keeper.roles { await self?.take(role, of: name, from: number) }
            }
        }
        keepers[name] = Keeper(number: number, dsn: target.dsn, task: task)
    }

    /// - Parameter number: whose role it is. A keeper that was stopped may still have one to tell, of another server perhaps.
    private func take(_ role: LeadershipRole, of target: String, from number: Int) {
        guard keepers[target]?.number == number, let before = leadership.updateValue(role, forKey: target) else {
            return
        }
        guard before.label != role.label else { return }
        committer.turn(target, tells: role.tells, at: AgentClock.now)
        let metadata: Logger.Metadata = ["target": "\(target)", "was": "\(before.label)"]
        switch role {
        case .undecided: break
        case .leading: setup.logger.notice("leading: this agent tells of the target", metadata: metadata)
        case .following: setup.logger.notice("following: another agent tells of the target", metadata: metadata)
        case .unknown(let reason):
            setup.logger.warning(
                "it cannot be known which agent leads, so this one tells of the target: \(reason)", metadata: metadata)
        }
    }

    /// Stops the keepers and waits until their locks are free.
    func stopKeepers() async {
        let tasks = keepers.values.map(\.task)
        keepers = [:]
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    func recordLeadership(into metrics: inout MetricsBuilder) {
        for (target, role) in leadership {
            metrics.set(MetricCatalog.leader, .init(target: target), to: role.tells)
            metrics.set(MetricCatalog.leadershipKnown, .init(target: target), to: role.isKnown)
        }
    }
}
