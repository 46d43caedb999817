internal import LockkeeperConfig
internal import LockkeeperCore
internal import LockkeeperWeb
internal import Logging

/// What people ask of the agent over HTTP. Each answer comes when what they asked for is on the disk.
extension Agent {
    func now() -> Timestamp { AgentClock.now }

    func acknowledge(incident id: String, author: String, comment: String) async -> ActionOutcome<Incident> {
        // The beginning of an id is enough, as everywhere.
        let matching = state.book.open.keys.filter { $0.hasPrefix(id) }
        let id = state.book.open[id] == nil && matching.count == 1 ? matching[0] : id
        guard let before = state.book.open[id] else { return .notThere }
        // Asked once more, after an answer that was lost.
        if let known = before.acknowledgementInForce, known.author == author, known.comment == comment {
            return await outcome(of: StateChange(), before)
        }
        guard let change = state.acknowledge(id, by: author, comment: comment, at: AgentClock.now),
            let incident = state.book.open[id]
        else { return .notThere }
        setup.logger.info("acknowledged", metadata: ["incident": "\(id)", "by": "\(author)"])
        return await outcome(of: change, incident)
    }

    func silences() -> [SilenceStatus] {
        let now = AgentClock.now
        let own = state.book.silences.values.map { SilenceStatus($0, at: now) }
        let configured = configuration.maintenance.map { SilenceStatus($0, isConfigured: true, at: now) }
        return (own + configured).filter { !$0.isOver }
            .sorted { ($0.silence.end, $0.silence.id) < ($1.silence.end, $1.silence.id) }
    }

    func add(_ silence: Silence) async -> ActionOutcome<SetSilence> {
        let set = SetSilence(
            silence, warnings: configuration.warnings(about: silence.matchers), reach: state.book.reach(of: silence))
        if let known = state.book.silences[silence.id], known.end == silence.end {
            return await outcome(of: StateChange(), SetSilence(known, warnings: set.warnings, reach: set.reach))
        }
        guard state.book.silences.count < Silence.maximumCount else { return .notThere }
        let change = state.add(silence)
        setup.logger.info("silence set", metadata: ["silence": "\(silence.id)", "by": "\(silence.author)"])
        return await outcome(of: change, set)
    }

    func expire(silence id: String) async -> ActionOutcome<Silence> {
        guard let change = state.expire(silence: id, at: AgentClock.now), let silence = change.silences.first else {
            return .notThere
        }
        setup.logger.info("silence expired", metadata: ["silence": "\(id)"])
        return await outcome(of: change, silence)
    }

    private func outcome<Value>(of change: StateChange, _ value: Value) async -> ActionOutcome<Value> {
        await committer.store(change)
            ? .done(value) : .notStored(reason: committer.problem ?? "the agent is about to end")
    }
}
