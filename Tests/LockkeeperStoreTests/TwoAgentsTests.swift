import LockkeeperCore
import LockkeeperStore
import Testing

/// Two agents that watch one target in virtual time, each with its book and its store, and receivers that both tell. An alert comes and
/// goes; agents are killed, cut off from receivers and from the database, and lead in turn.
private struct TwoAgentWorld {
    private static let policy = IncidentPolicy(
        routes: ["pager", "hook", "mail"].map { Route(receiver: $0) }, stateReceivers: ["pager"],
        correlatingReceivers: ["hook"])

    private struct Agent {
        let folder: TemporaryFolder
        let store: Store
        var book = IncidentBook(policy: TwoAgentWorld.policy)
        /// What the leader's lock says to it: `nil` while it does not know, and so tells.
        var leads: Bool? = false
        var tells = false
        var isAliveAt: Timestamp?
        var unreachable: Set<String> = []
        /// Since when it sees the alert fire; it outlives a kill, as the live alerts do.
        var activeAt: Timestamp?
    }

    private var generator: SeededGenerator
    private var agents: [Agent] = []
    private(set) var now = Timestamp.noon
    private(set) var isFiring = false
    /// What each receiver has taken, in order.
    private(set) var taken: [String: [Delivery]] = [:]
    private(set) var turns = 0, kills = 0

    init(seed: UInt64) async throws {
        generator = SeededGenerator(seed: seed)
        for _ in 1...2 {
            let folder = try TemporaryFolder()
            agents.append(Agent(folder: folder, store: try await Store.open(folder.state)))
        }
        for index in agents.indices { try await turn(index, leads: index == 0) }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    /// Days that go wrong, and then an hour in which all is well.
    mutating func run(steps: Int) async throws {
        for _ in 0..<steps {
            if chance(12) { isFiring.toggle() }
            if chance(5) { try await kill(Int.random(in: 0...1, using: &generator)) }
            if chance(8) { try await elect(Int.random(in: 0...1, using: &generator)) }
            if chance(3) {
                // The database is out of reach: who does not know who leads tells.
                try await turn(Int.random(in: 0...1, using: &generator), leads: nil)
            }
            if chance(10) {
                let receiver = ["pager", "hook", "mail"].randomElement(using: &generator) ?? ""
                agents[Int.random(in: 0...1, using: &generator)].unreachable.formSymmetricDifference([receiver])
            }
            try await step(
                Duration.seconds([1, 5, 20, 70].randomElement(using: &generator) ?? 1), areReceiversWell: false)
        }
        for index in agents.indices { agents[index].unreachable = [] }
        try await start(0)
        try await start(1)
        try await elect(Int.random(in: 0...1, using: &generator))
        for _ in 0..<60 { try await step(.seconds(60), areReceiversWell: true) }
    }

    // MARK: What happens

    private mutating func kill(_ index: Int) async throws {
        kills += 1
        agents[index].isAliveAt = now + .seconds(Int.random(in: 0...300, using: &generator))
        // Its lock is free.
        if agents[index].leads == true { try await elect(1 - index) }
        agents[index].leads = false
    }

    private mutating func start(_ index: Int) async throws {
        guard agents[index].isAliveAt != nil else { return }
        agents[index].isAliveAt = nil
        let stored = try await agents[index].store.load()
        agents[index].book = IncidentBook(
            incidents: stored.unfinishedIncidents, episodes: stored.episodes, silences: stored.silences,
            policy: Self.policy)
        try await turn(index, leads: agents[index].leads)
        for receiver in ["pager", "hook", "mail"] {
            _ = try await agents[index].store.resume(receiver: receiver, at: now)
        }
    }

    private mutating func elect(_ index: Int) async throws {
        guard agents[index].isAliveAt == nil else { return }
        turns += 1
        try await turn(index, leads: true)
        if agents[1 - index].isAliveAt == nil { try await turn(1 - index, leads: false) }
        agents[1 - index].leads = false
    }

    private mutating func turn(_ index: Int, leads: Bool?) async throws {
        guard agents[index].isAliveAt == nil else { return }
        agents[index].leads = leads
        let tells = leads ?? true
        agents[index].tells = tells
        try await agents[index].store.commit(
            StateChange(),
            standby: StandbyOrders(
                following: tells ? [] : ["app"], turns: [.init(target: "app", tells: tells, at: now)]))
    }

    private mutating func step(_ pause: Duration, areReceiversWell: Bool) async throws {
        now = now + pause
        for index in agents.indices.shuffled(using: &generator) {
            if let start = agents[index].isAliveAt {
                guard start <= now else { continue }
                try await self.start(index)
            }
            // Agents look at different instants.
            try await look(index, at: now + .milliseconds(Int.random(in: 0...900, using: &generator)))
            try await send(index, isWell: areReceiversWell)
        }
    }

    private mutating func look(_ index: Int, at time: Timestamp) async throws {
        agents[index].activeAt = isFiring ? agents[index].activeAt ?? time : nil
        let alert = agents[index].activeAt.map {
            IncidentAlert(
                name: "Slow", severity: .warning,
                labels: ["alertname": "Slow", "severity": "warning", "target": "app"],
                annotations: ["summary": "It is slow"], activeAt: $0)
        }
        let change = agents[index].book.advance(firing: [alert].compactMap(\.self), at: time)
        try await agents[index].store.commit(
            change, standby: StandbyOrders(following: agents[index].tells ? [] : ["app"]))
    }

    private mutating func send(_ index: Int, isWell: Bool) async throws {
        let store = agents[index].store
        for receiver in ["pager", "hook", "mail"] {
            while let due = try await store.due(receiver: receiver, at: now, limit: 1).first,
                var begun = try await store.begin(due.id, at: now)
            {
                let isLost = agents[index].unreachable.contains(receiver)
                if !isLost { taken[receiver, default: []].append(begun) }
                if !isWell, chance(10) {
                    // It may have arrived, and the agent does not live to know.
                    try await kill(index)
                    return
                }
                if isLost || !isWell && chance(10) {
                    begun.nextAttemptAt = now + .seconds(min(900, 1 << min(begun.attempts, 10)))
                } else {
                    begun.status = .delivered
                    begun.finishedAt = now
                }
                try await store.finish(begun)
                if isLost { break }
            }
        }
    }

    // MARK: What is true in the end

    /// What is wrong.
    var violations: [String] {
        var violations: [String] = []
        if let last = taken["pager"]?.last, last.notification.isResolved == isFiring {
            violations.append("the pager is \(isFiring ? "quiet, and it fires" : "open, and it is over")")
        }
        if let isOpen = stateOfHook, isOpen != isFiring {
            violations.append("to the hook it \(isFiring ? "is over, and it fires" : "fires, and it is over")")
        }
        if isFiring, taken["pager", default: []].isEmpty { violations.append("nobody was told") }
        for (thread, messages) in Dictionary(grouping: taken["mail", default: []], by: \.thread) {
            let isOpen = !messages.contains { $0.notification.isResolved }
            if isOpen, !isFiring { violations.append("the mails of \(thread) have no end") }
        }
        return violations
    }

    /// What a program knows that keeps to the README: it takes each message once, goes by the newest episode, and takes an end for the end.
    private var stateOfHook: Bool? {
        var seen: Set<Delivery.ID> = []
        var episode = Int.min
        var isOpen: Bool?
        for delivery in taken["hook", default: []] where seen.insert(delivery.id).inserted {
            let notification = delivery.notification
            guard notification.episode >= episode, notification.episode > episode || isOpen == true else { continue }
            (episode, isOpen) = (notification.episode, !notification.isResolved)
        }
        return isOpen
    }

    /// Everything that was taken, for the reader of a failure.
    var story: String {
        taken.sorted { $0.key < $1.key }.map { receiver, messages in
            "\(receiver): " + messages.map { "\($0.incidentID) \($0.notification.reason)" }.joined(separator: ", ")
        }.joined(separator: "\n")
    }
}

@Suite("Two agents in virtual time")
struct TwoAgentsTests {
    @Test(arguments: 0..<40)
    func `whoever leads, and whatever fails, each receiver knows in the end how things stand`(seed: UInt64) async throws
    {
        var world = try await TwoAgentWorld(seed: seed)
        try await world.run(steps: 150)
        #expect(world.violations == [], "\(world.story)")
        // The world is worth something only if these happen.
        #expect(world.turns > 3)
        #expect(world.kills > 3)
        #expect(world.taken.count == 3)
    }
}
