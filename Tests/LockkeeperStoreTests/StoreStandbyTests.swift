import Foundation
import LockkeeperCore
import LockkeeperStore
import LockkeeperTestSupport
import Testing

/// Messages about targets of which another agent tells.
@Suite("Standing by in the store")
struct StoreStandbyTests {
    let folder: TemporaryFolder
    let store: Store

    init() async throws {
        folder = try TemporaryFolder()
        store = try await Store.open(folder.state)
    }

    // MARK: While another tells

    @Test func `what is planned while another agent tells is kept, and not sent`() async throws {
        try await follow()
        try await plan([.example("a1")])
        #expect(try await due() == [])
        #expect(try await store.nextDue(receiver: "slack") == nil)
        #expect(try await store.pendingReceivers() == [])
        #expect(try await store.outboxSummary() == [])
        #expect(try await store.begin("a1", at: .noon) == nil)
        #expect(try await store.deliveries().map(\.status) == [.standby])
        #expect(try await store.deliveries(DeliveryFilter(status: .pending)) == [])
        #expect(try await store.load().unfinishedIncidents.map(\.id) == ["run-1"])
        #expect(try folder.statuses() == ["a1": "standby"])
    }

    @Test func `what is about other targets, or about the agent itself, is sent`() async throws {
        try await follow()
        try await plan([.example("a1"), .about("", "b1"), .about("billing", "c1")], following: ["app", ""])
        #expect(try folder.statuses() == ["a1": "standby", "b1": "pending", "c1": "pending"])
    }

    @Test func `what is about no target and led by one stands by with it`() async throws {
        try await follow()
        var delivery = Delivery.about("", "b1")
        delivery.leadingTarget = "app"
        try await plan([delivery])
        #expect(try folder.statuses() == ["b1": "standby"])
        try await lead()
        #expect(try folder.statuses() == ["b1": "pending"])
    }

    @Test func `of each incident and receiver only the newest stands by`() async throws {
        try await follow()
        try await plan([.example("a1"), .example("a2", sequence: 2), .example("m1", receiver: "mail")])
        try await plan([.example("a3", sequence: 3), .example("b1", incident: "run-2")])
        #expect(
            try folder.statuses() == [
                "a1": "elsewhere", "a2": "elsewhere", "a3": "standby", "b1": "standby", "m1": "standby",
            ])
    }

    // MARK: Taking over

    @Test func `taking over sends the newest of each incident that is open, to each receiver`() async throws {
        try await follow()
        try await plan(
            [
                .example("a1"), .example("a2", sequence: 2), .example("m1", receiver: "mail"),
                .example("b1", incident: "run-2"), .about("billing", "c1"),
            ], following: ["app", "billing"])
        let now = Timestamp.noon + .seconds(3600)
        try await lead(at: now)
        #expect(try await due(at: now) == ["a2", "b1"])
        #expect(try await due("mail", at: now) == ["m1"])
        // It has not been waiting since then: nobody was to send it.
        #expect(try await store.deliveries(DeliveryFilter(receiver: "mail")).map(\.plannedAt) == [now])
        #expect(try folder.statuses()["c1"] == "standby")
        #expect(try folder.statuses()["a1"] == "elsewhere")
    }

    @Test(arguments: [(59, "pending"), (60, "pending"), (61, "elsewhere"), (-30, "pending")])
    func `an end is sent if whoever told until then may have died before sending it`(
        age: Int, status: String
    ) async throws {
        try await follow()
        try await plan([.example("a1")])
        try await close("run-1", [.end("a2", sequence: 2)])
        #expect(try folder.statuses() == ["a1": "elsewhere", "a2": "standby"])
        try await lead(at: .noon + .seconds(age))
        #expect(try folder.statuses() == ["a1": "elsewhere", "a2": status])
    }

    @Test func `taking over again and again sends nothing twice`() async throws {
        try await follow()
        try await plan([.example("a1")])
        try await lead()
        try await deliver("a1")
        for second in 1...3 {
            try await follow(at: .noon + .seconds(second))
            try await lead(at: .noon + .seconds(second))
        }
        #expect(try await due(at: .noon + .seconds(9)) == [])
        #expect(try folder.statuses() == ["a1": "delivered"])
    }

    @Test func `what is stored with a takeover is sent, and what is planned with the end of telling is not`()
        async throws
    {
        try await follow()
        try await store.commit(
            StateChange(incidents: [.example()], deliveries: [.example("a1")]),
            standby: StandbyOrders(turns: [.init(target: "app", tells: true, at: .noon)]))
        #expect(try await due() == ["a1"])
        try await store.commit(
            StateChange(deliveries: [.example("a2", sequence: 2)]),
            standby: StandbyOrders(following: ["app"], turns: [.init(target: "app", tells: false, at: .noon)]))
        #expect(try await due() == [])
        #expect(try folder.statuses() == ["a1": "elsewhere", "a2": "standby"])
    }

    @Test func `a message whose incident is not there is sent rather than lost`() async throws {
        try await store.commit(
            StateChange(deliveries: [.example("a1")]), standby: StandbyOrders(following: ["app"]))
        try await lead(at: .noon + .seconds(3600))
        #expect(try folder.statuses() == ["a1": "pending"])
    }

    // MARK: Handing over

    @Test func `what is not sent yet of open incidents is left to the other, and what is over is sent from here`()
        async throws
    {
        try await plan([.example("a1"), .example("a2", sequence: 2), .example("b1", incident: "run-2")], following: [])
        try await close("run-2", [.end("b2", incident: "run-2", sequence: 2)], following: [])
        try await follow()
        #expect(
            try folder.statuses() == ["a1": "elsewhere", "a2": "standby", "b1": "pending", "b2": "pending"])
        #expect(try await due() == ["b1"])
    }

    @Test func `whoever told that something began tells how it ended, though another leads by then`() async throws {
        try await plan([.example("a1"), .example("m1", receiver: "mail")], following: [])
        try await deliver("a1")
        try await follow()
        try await plan([.example("a2", sequence: 2)])
        #expect(try await due() == [])
        try await close("run-1", [.end("a3", sequence: 3), .end("m2", receiver: "mail", sequence: 2)])
        #expect(try await due() == ["a3"])
        #expect(
            try folder.statuses() == [
                "a1": "delivered", "a2": "elsewhere", "a3": "pending", "m1": "elsewhere", "m2": "standby",
            ])
    }

    @Test func `what was refused is tried again by who leads, and not by who follows`() async throws {
        try await plan([.example("a1"), .example("a2", sequence: 2), .example("b1", incident: "run-2")], following: [])
        for id in ["a1", "a2", "b1"] {
            var begun = try #require(try await store.begin(id, at: .noon))
            begun.status = .failed
            begun.finishedAt = .noon
            try await store.finish(begun)
        }
        try await close("run-2", [], following: [])
        try await follow()
        _ = try await store.resume(receiver: "slack", at: .noon)
        #expect(try await due() == [])
        try await lead()
        #expect(try await due() == ["a2"])
    }

    @Test func `that somebody looks after it is told with what it is about`() async throws {
        var acknowledged = Delivery.example("a2", sequence: 2)
        acknowledged.notification.reason = .acknowledged
        try await plan([.example("a1"), acknowledged])
        #expect(try folder.statuses() == ["a1": "standby", "a2": "standby"])
        try await lead()
        #expect(Set(try await store.deliveries().filter { $0.status == .pending }.map(\.id)) == ["a1", "a2"])
    }

    @Test func `what a receiver may have heard counts as told`() async throws {
        try await plan([.example("a1")], following: [])
        // Sent, and the connection broke before the answer.
        let begun = try #require(try await store.begin("a1", at: .noon))
        try await store.finish(begun.toRetry(at: .noon + .seconds(2)))
        try await follow()
        #expect(try folder.statuses() == ["a1": "standby"])
        try await close("run-1", [.end("a2", sequence: 2)])
        #expect(try await due() == ["a2"])
    }

    @Test func `an attempt that is under way when another takes over is recorded as it ends`() async throws {
        try await plan([.example("a1"), .example("m1", receiver: "mail")], following: [])
        var sent = try #require(try await store.begin("a1", at: .noon))
        let refused = try #require(try await store.begin("m1", at: .noon))
        try await follow()
        sent.reference = ReceiverReference(["ts": "1"])
        try await store.finish(sent.delivered(at: .noon + .seconds(1)))
        try await store.finish(refused.toRetry(at: .noon + .seconds(2)))
        #expect(try folder.statuses() == ["a1": "delivered", "m1": "standby"])
        // The end goes to the same message.
        try await close("run-1", [.end("a2", sequence: 2, thread: "a1")])
        #expect(try await store.begin("a2", at: .noon)?.reference == ReceiverReference(["ts": "1"]))
    }

    // MARK: What stays

    @Test func `what stood by for an incident that is long over goes with it`() async throws {
        try await follow()
        try await plan([.example("a1"), .example("b1", incident: "run-2")])
        try await close("run-1", [.end("a2", sequence: 2)])
        try await store.prune(before: .noon + .seconds(1))
        #expect(try folder.statuses() == ["b1": "standby"])
        #expect(try await store.incidents().map(\.id) == ["run-2"])
    }

    @Test func `a crash leaves what stands by as it is`() async throws {
        try await follow()
        try await plan([.example("a1")])
        let reopened = try await Store.open(folder.afterCrash().state)
        #expect(try await reopened.due(receiver: "slack", at: .noon, limit: 9) == [])
        try await reopened.commit(
            StateChange(), standby: StandbyOrders(turns: [.init(target: "app", tells: true, at: .noon)]))
        #expect(try await reopened.due(receiver: "slack", at: .noon, limit: 9).map(\.id) == ["a1"])
        try await reopened.close()
    }

    // MARK: However it goes

    /// What an agent has planned of one incident for one receiver.
    private struct Thread {
        var ids: [String] = []
        var endID: String?
    }

    @Test(arguments: 0..<3)
    func `whatever happens, who tells has told how things stand, and no begin is left without its end`(
        seed: UInt64
    ) async throws {
        var generator = SeededGenerator(seed: seed)
        var open: [String] = []
        var threads: [[String]: Thread] = [:]
        var tells = false
        var count = 0
        try await follow()
        for step in 0..<160 {
            let time = Timestamp.noon + .seconds(step * 20)
            let following: Set<String> = tells ? [] : ["app"]
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                count += 1
                if open.count < 3 { open.append("run-\(count)") }
                let incident = open.randomElement(using: &generator) ?? ""
                var planned: [Delivery] = []
                for receiver in ["slack", "mail"] where Bool.random(using: &generator) {
                    let sequence = threads[[incident, receiver], default: Thread()].ids.count + 1
                    let id = "\(incident) \(receiver) \(sequence)"
                    planned.append(
                        .example(id, incident: incident, receiver: receiver, sequence: sequence, at: time))
                    threads[[incident, receiver], default: Thread()].ids.append(id)
                }
                try await plan(planned, following: following)
            case 4 where !open.isEmpty:
                let incident = open.remove(at: Int.random(in: open.indices, using: &generator))
                var planned: [Delivery] = []
                for receiver in ["slack", "mail"] {
                    // Who was told of it, by this agent's book, is told its end.
                    guard let thread = threads[[incident, receiver]] else { continue }
                    let id = "\(incident) \(receiver) end"
                    planned.append(
                        .end(id, incident: incident, receiver: receiver, sequence: thread.ids.count + 1, at: time))
                    threads[[incident, receiver]]?.endID = id
                }
                try await close(incident, planned, following: following)
            case 5:  // An attempt that fails.
                if let due = try await store.due(receiver: "slack", at: time, limit: 1).first,
                    let begun = try await store.begin(due.id, at: time)
                {
                    try await store.finish(begun.toRetry(at: time))
                }
            case 6...7:
                tells.toggle()
                if tells { try await lead(at: time) } else { try await follow(at: time) }
            default:
                for receiver in ["slack", "mail"] {
                    while let due = try await store.due(receiver: receiver, at: time, limit: 1).first {
                        let begun = try #require(try await store.begin(due.id, at: time))
                        try await store.finish(begun.delivered(at: time))
                    }
                }
                let statuses = try folder.statuses()
                for (key, thread) in threads {
                    let wasTold = thread.ids.contains { statuses[$0] == "delivered" }
                    if let end = thread.endID {
                        #expect(!wasTold || statuses[end] == "delivered", "\(key) at step \(step)")
                    } else if tells {
                        #expect(statuses[thread.ids.last ?? ""] == "delivered", "\(key) at step \(step)")
                    }
                    let standing = (thread.ids + [thread.endID].compactMap(\.self)).filter { statuses[$0] == "standby" }
                    #expect(standing.count <= (tells ? 0 : 1), "\(key) at step \(step)")
                }
            }
        }
        #expect(threads.count > 10)
    }

    // MARK: -

    private func follow(at time: Timestamp = .noon) async throws {
        try await store.commit(
            StateChange(),
            standby: StandbyOrders(following: ["app"], turns: [.init(target: "app", tells: false, at: time)]))
    }

    private func lead(at time: Timestamp = .noon) async throws {
        try await store.commit(
            StateChange(), standby: StandbyOrders(turns: [.init(target: "app", tells: true, at: time)]))
    }

    /// Plans messages, with their incidents open.
    private func plan(_ deliveries: [Delivery], following: Set<String> = ["app"]) async throws {
        let incidents = Set(deliveries.map(\.incidentID)).sorted().map { Incident.example($0) }
        try await store.commit(
            StateChange(incidents: incidents, deliveries: deliveries), standby: StandbyOrders(following: following))
    }

    private func close(
        _ incident: String, _ deliveries: [Delivery], following: Set<String> = ["app"]
    ) async throws {
        try await store.commit(
            StateChange(incidents: [.example(incident, closedAt: .noon)], deliveries: deliveries),
            standby: StandbyOrders(following: following))
    }

    private func deliver(_ id: String) async throws {
        let begun = try #require(try await store.begin(id, at: .noon))
        try await store.finish(begun.delivered(at: .noon))
    }

    private func due(_ receiver: String = "slack", at time: Timestamp = .noon) async throws -> [String] {
        try await store.due(receiver: receiver, at: time, limit: 9).map(\.id).sorted()
    }
}

extension Delivery {
    /// About another target.
    fileprivate static func about(_ target: String, _ id: String) -> Delivery {
        var delivery = example(id, incident: "other-\(id)")
        delivery.notification.facts.target = target
        return delivery
    }

    /// Tells that an incident is over.
    fileprivate static func end(
        _ id: String, incident: String = "run-1", receiver: String = "slack", sequence: Int, thread: String? = nil,
        at time: Timestamp = .noon
    ) -> Delivery {
        var delivery = example(id, incident: incident, receiver: receiver, sequence: sequence, at: time)
        delivery.notification = .example(incident: incident, reason: .resolved)
        delivery.notification.thread = thread
        return delivery
    }
}

extension TemporaryFolder {
    /// The status of each delivery, as another program reads it in the file.
    fileprivate func statuses() throws -> [String: String] {
        let answer = try SystemTool.wait(for: [
            "python3", "-c",
            """
            import json, sqlite3, sys
            print(json.dumps(dict(sqlite3.connect(sys.argv[1]).execute('SELECT id, status FROM delivery'))))
            """, database,
        ])
        return try JSONDecoder().decode([String: String].self, from: Data(answer.bytes))
    }
}
