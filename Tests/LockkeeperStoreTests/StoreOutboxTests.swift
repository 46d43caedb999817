import LockkeeperCore
import LockkeeperStore
import Testing

@Suite("The outbox in the store")
struct StoreOutboxTests {
    let folder: TemporaryFolder
    let store: Store

    init() async throws {
        folder = try TemporaryFolder()
        store = try await Store.open(folder.state)
    }

    // MARK: Nothing is lost between planned and sent

    enum Step: Int, CaseIterable {
        case planned, begun, sentButNotRecorded, recordedForRetry, recorded
    }

    @Test(arguments: Step.allCases)
    func `a crash at any step between planned and sent loses no message`(step: Step) async throws {
        let start = Timestamp.noon
        try await store.commit(StateChange(incidents: [.example()], deliveries: [.example("key-1", at: start)]))
        var sent: [String] = []
        if step.rawValue >= Step.begun.rawValue {
            let begun = try #require(try await store.begin("key-1", at: start + .seconds(1)))
            #expect(begun.attempts == 1)
            if step.rawValue >= Step.sentButNotRecorded.rawValue { sent.append(begun.id) }
            switch step {
            case .recordedForRetry: try await store.finish(begun.toRetry(at: start + .seconds(3)))
            case .recorded: try await store.finish(begun.delivered(at: start + .seconds(2)))
            case .planned, .begun, .sentButNotRecorded: break
            }
        }

        let reopened = try await Store.open(folder.afterCrash().state)
        let due = try await reopened.due(receiver: "slack", at: start + .seconds(3), limit: 10)
        for delivery in due {
            let begun = try #require(try await reopened.begin(delivery.id, at: start + .seconds(4)))
            sent.append(begun.id)
            try await reopened.finish(begun.delivered(at: start + .seconds(5)))
        }
        // Sent again only where nobody knows the answer, or it was "later"; and then under the same key.
        let expected: [Step: Int] = [
            .planned: 1, .begun: 1, .sentButNotRecorded: 2, .recordedForRetry: 2, .recorded: 1,
        ]
        #expect(sent == Array(repeating: "key-1", count: try #require(expected[step])))
        #expect(try await reopened.pendingReceivers().isEmpty)
        let delivery = try #require(try await reopened.deliveries().first)
        #expect(delivery.status == .delivered)
        #expect(delivery.attempts == [.planned: 1, .recorded: 1][step, default: 2])
    }

    // MARK: What is due

    @Test func `a later message of an incident waits for the earlier one to the same receiver, and for no other`()
        async throws
    {
        try await plan([
            .example("a1", incident: "a", at: .noon - .seconds(1)),
            .example("a2", incident: "a", sequence: 2, at: .noon - .seconds(1)),
            .example("a3", incident: "a", sequence: 3, at: .noon - .seconds(1)), .example("b1", incident: "b"),
            .example("m2", incident: "a", receiver: "mail", sequence: 2),
        ])
        #expect(try await due() == ["a1", "b1"])
        #expect(try await due("mail") == ["m2"])

        try await retry("a1", at: .noon + .seconds(60))
        #expect(try await due(at: .noon + .seconds(59)) == ["b1"])
        #expect(try await due(at: .noon + .seconds(60)) == ["a1", "b1"])

        try await deliver("a1")
        #expect(try await due() == ["a2", "b1"])
        try await fail("a2")
        #expect(try await due() == ["a3", "b1"])
    }

    @Test func `the most severe goes first, then the oldest`() async throws {
        try await plan([
            .example("old-info", incident: "a", severity: .info, at: .noon - .seconds(100)),
            .example("young-critical", incident: "b", severity: .critical),
            .example("old-warning", incident: "c", severity: .warning, at: .noon - .seconds(50)),
            .example("older-warning", incident: "d", severity: .warning, at: .noon - .seconds(60)),
        ])
        #expect(try await due() == ["young-critical", "older-warning", "old-warning", "old-info"])
        #expect(try await due(limit: 2) == ["young-critical", "older-warning"])
    }

    @Test func `the next time is that of the first message that nothing holds back`() async throws {
        #expect(try await store.nextDue(receiver: "slack") == nil)
        try await plan([.example("a1", incident: "a"), .example("a2", incident: "a", sequence: 2)])
        try await retry("a1", at: .noon + .seconds(60))
        #expect(try await store.nextDue(receiver: "slack") == .noon + .seconds(60))
        #expect(try await store.nextDue(receiver: "mail") == nil)
    }

    @Test func `what was planned before the clock was set back by hours is due at once`() async throws {
        try await plan([.example("a1")])
        try await retry("a1", at: .noon + .seconds(900))
        #expect(try await due(at: .noon) == [])
        #expect(try await due(at: .noon - .seconds(3 * 3600)) == ["a1"])
    }

    // MARK: Attempts

    @Test func `what a receiver answered and who has the message already is kept for the next attempt`() async throws {
        try await plan([.example("a1", receiver: "mail")])
        var begun = try #require(try await store.begin("a1", at: .noon))
        begun = begun.toRetry(at: .noon + .seconds(2), error: "450 greylisted")
        begun.acceptedRecipients = ["a@example.org", "b@example.org"]
        try await store.finish(begun)
        #expect(try await store.due(receiver: "mail", at: .noon + .seconds(2), limit: 1) == [begun])
    }

    @Test func `a delivery that is over is neither begun nor changed again`() async throws {
        try await plan([.example("a1")])
        let begun = try #require(try await store.begin("a1", at: .noon))
        try await store.finish(begun.delivered(at: .noon + .seconds(1)))
        #expect(try await store.begin("a1", at: .noon) == nil)
        #expect(try await store.begin("no such delivery", at: .noon) == nil)
        try await store.finish(begun.toRetry(at: .noon + .seconds(9)))
        #expect(try await store.deliveries() == [begun.delivered(at: .noon + .seconds(1))])
    }

    @Test func `expediting makes due what waits for one receiver`() async throws {
        try await plan([.example("a1"), .example("m1", receiver: "mail")])
        try await retry("a1", at: .noon + .seconds(900))
        try await retry("m1", at: .noon + .seconds(900))
        try await store.expedite(receiver: "slack", at: .noon + .seconds(5))
        #expect(try await due(at: .noon + .seconds(5)) == ["a1"])
        #expect(try await due("mail", at: .noon + .seconds(5)) == [])
    }

    @Test func `resuming makes due what waits, and what was refused last of what is open`() async throws {
        try await store.commit(
            StateChange(incidents: [
                .example("run-1"), .example("run-2"), .example("run-3"), .example("run-4", closedAt: .noon),
            ]))
        try await plan([
            .example("a1"), .example("a2", sequence: 2),  // Refused, and told again since.
            .example("b1", incident: "run-2"), .example("b2", incident: "run-2", sequence: 2),  // Both refused.
            .example("c1", incident: "run-3"),  // To be tried later.
            .example("d1", incident: "run-4"),  // Refused, and over.
            .example("m1", receiver: "mail"),
        ])
        for id in ["a1", "b1", "b2", "d1", "m1"] { try await fail(id) }
        try await deliver("a2")
        try await retry("c1", at: .noon + .seconds(900))
        _ = try await store.resume(receiver: "slack", at: .noon + .seconds(5))
        #expect(Set(try await due(at: .noon + .seconds(5))) == ["b2", "c1"])
        let again = try #require(try await store.begin("b2", at: .noon + .seconds(5)))
        #expect(again.finishedAt == nil)
        try await store.finish(again.delivered(at: .noon + .seconds(6)))
        let told = try await store.deliveries(DeliveryFilter(status: .delivered)).map(\.id)
        #expect(Set(told) == ["a2", "b2"])
        #expect(try await due("mail", at: .noon + .seconds(5)) == [])
    }

    @Test func `until when a receiver asked to be left in peace outlives a crash, and says nothing of another`()
        async throws
    {
        try await plan([.example("a1")])
        #expect(try await store.resume(receiver: "slack", at: .noon) == nil)
        try await store.pause(receiver: "slack", until: .noon + .seconds(30))
        try await deliver("a1", at: .noon + .seconds(5))
        try await store.pause(receiver: "slack", until: .noon + .seconds(60))
        let reopened = try await Store.open(folder.afterCrash().state)
        #expect(try await reopened.resume(receiver: "slack", at: .noon) == .noon + .seconds(60))
        #expect(try await reopened.resume(receiver: "mail", at: .noon) == nil)
        #expect(
            try await reopened.outboxSummary() == [OutboxSummary(receiver: "slack", lastSuccessAt: .noon + .seconds(5))]
        )
    }

    @Test func `abandoning fails what is pending for one receiver, with the reason`() async throws {
        try await plan([.example("a1"), .example("a2", sequence: 2), .example("m1", receiver: "mail")])
        try await deliver("a1")
        #expect(try await store.abandon(receiver: "slack", reason: "it is gone", at: .noon + .seconds(9)) == 1)
        #expect(try await store.pendingReceivers() == ["mail"])
        let failed = try await store.deliveries(DeliveryFilter(status: .failed))
        #expect(failed.map(\.id) == ["a2"])
        #expect(failed.first?.lastError == "it is gone")
        #expect(failed.first?.finishedAt == .noon + .seconds(9))
    }

    @Test func `the summary counts what is pending, how old it is, and when a receiver last took something`()
        async throws
    {
        try await plan([
            .example("a1", at: .noon - .seconds(9)), .example("a2", sequence: 2), .example("m1", receiver: "mail"),
            .example("w1", receiver: "web"),
        ])
        try await deliver("m1", at: .noon + .seconds(5))
        try await fail("w1")
        let expected = [
            OutboxSummary(receiver: "mail", lastSuccessAt: .noon + .seconds(5)),
            OutboxSummary(receiver: "slack", pending: 2, oldestPlannedAt: .noon - .seconds(9)),
        ]
        #expect(try await store.outboxSummary() == expected)
        try await store.commit(StateChange(incidents: [.example(closedAt: .noon)]))
        try await store.prune(before: .noon + .seconds(99))
        #expect(try await store.deliveries(DeliveryFilter(receiver: "mail")) == [])
        #expect(try await store.outboxSummary() == expected)
    }

    @Test
    func `what stands is the newest message of each incident that is open or has just ended, with its alerts now`()
        async throws
    {
        try await store.commit(StateChange(incidents: [.example("a"), .example("b"), .example("c"), .example("d")]))
        try await plan([
            .example("a1", incident: "a"), .example("a2", incident: "a", sequence: 2), .example("b1", incident: "b"),
            .example("c1", incident: "c"), .example("d1", incident: "d"),
            .example("m1", incident: "d", receiver: "mail"),
        ])
        for id in ["a1", "a2", "b1", "m1"] { try await deliver(id) }
        try await fail("c1")
        func standing(endedSince time: Timestamp = .noon) async throws -> [String] {
            try await store.standing(receiver: "slack", endedSince: time).map(\.delivery.id)
        }
        #expect(try await standing() == ["a2", "b1"])
        let alerts = try await store.standing(receiver: "slack", endedSince: .noon).first?.firing
        #expect(alerts?.map(\.name) == ["X"])

        // Over, but not told yet: it stands no longer, and its end does not stand before it is told.
        try await store.commit(StateChange(incidents: [.example("a", closedAt: .noon + .seconds(60))]))
        #expect(try await standing() == ["b1"])
        var end = Delivery.example("a3", incident: "a", sequence: 3)
        end.notification.isResolved = true
        try await plan([end])
        try await deliver("a3", at: .noon + .seconds(70))
        #expect(try await standing(endedSince: .noon + .seconds(60)) == ["a3", "b1"])
        #expect(try await standing(endedSince: .noon + .seconds(61)) == ["b1"])
    }

    // MARK: What a receiver calls an incident

    @Test func `what a receiver calls an incident is known to its later messages, after a crash too, and to no others`()
        async throws
    {
        let reference = ReceiverReference(["channel": "C1", "ts": "1503435956.000247"])
        func planned(_ id: String, thread: String, sequence: Int) -> Delivery {
            var delivery = Delivery.example(id, sequence: sequence)
            delivery.notification.thread = thread
            return delivery
        }
        try await plan([
            planned("a1", thread: "a1", sequence: 1), planned("a2", thread: "a1", sequence: 2),
            // Another incident under the same name, as of a run that is told once more.
            planned("b1", thread: "b1", sequence: 3),
        ])
        var begun = try #require(try await store.begin("a1", at: .noon))
        #expect(begun.reference == nil)
        begun.reference = reference
        try await store.finish(begun.toRetry(at: .noon))
        #expect(try await store.begin("a1", at: .noon)?.reference == nil)
        try await store.finish(begun.delivered(at: .noon))

        let reopened = try await Store.open(folder.afterCrash().state)
        var second = try #require(try await reopened.begin("a2", at: .noon))
        #expect(second.reference == reference)
        second.reference = ReceiverReference(["channel": "C1", "ts": "2"])
        try await reopened.finish(second.delivered(at: .noon))
        #expect(try await reopened.begin("b1", at: .noon)?.reference == nil)
    }

    @Test func `what a receiver calls an incident is forgotten with the incident, not before`() async throws {
        try await store.commit(StateChange(incidents: [.example(closedAt: .noon)]))
        var second = Delivery.example("a2", sequence: 2)
        second.notification.thread = "a1"
        try await plan([.example("a1"), second])
        var begun = try #require(try await store.begin("a1", at: .noon))
        begun.reference = ReceiverReference(["ts": "1"])
        try await store.finish(begun.delivered(at: .noon))
        try await store.prune(before: .noon + .seconds(99))
        #expect(try await store.begin("a2", at: .noon)?.reference != nil)
        try await store.finish(second.delivered(at: .noon))
        #expect(try await store.prune(before: .noon + .seconds(99)) == 3)
    }

    // MARK: Any sequence of steps

    @Test(arguments: 1...6)
    func `what is due is what a plain list says, after any sequence of steps and crashes`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var folder = folder
        var store = store
        var model: [Delivery] = []
        var now = Timestamp.noon
        for step in 0..<150 {
            now = now + .seconds(Int.random(in: 0...20, using: &random))
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<4:
                let incident = "i\(Int.random(in: 0..<5, using: &random))"
                let receiver = Bool.random(using: &random) ? "slack" : "mail"
                let sequence = model.count { $0.incidentID == incident && $0.receiver == receiver } + 1
                let delivery = Delivery.example(
                    "d\(step)", incident: incident, receiver: receiver, sequence: sequence,
                    severity: Severity.allCases.randomElement(using: &random) ?? .info, at: now)
                model.append(delivery)
                try await store.commit(StateChange(incidents: [.example(incident)], deliveries: [delivery]))
            case 4..<10:
                guard let index = model.indices.randomElement(using: &random) else { continue }
                let begun = try await store.begin(model[index].id, at: now)
                #expect((begun != nil) == (model[index].status == .pending))
                guard begun != nil else { continue }
                model[index].attempts += 1
                switch Int.random(in: 0..<4, using: &random) {
                case 0: model[index] = model[index].delivered(at: now)
                case 1: model[index].status = .failed
                case 2: model[index] = model[index].toRetry(at: now + .seconds(30))
                default: break  // No answer is recorded.
                }
                try await store.finish(model[index])
            case 10:
                let crashed = try folder.afterCrash()
                store = try await Store.open(crashed.state)
                folder = crashed
            default:
                try await store.expedite(receiver: "mail", at: now)
                for index in model.indices
                where model[index].receiver == "mail" && model[index].status == .pending {
                    model[index].nextAttemptAt = min(model[index].nextAttemptAt, now)
                }
            }
            for receiver in ["slack", "mail"] {
                let heads = model.filter { mine in
                    mine.receiver == receiver && mine.status == .pending
                        && !model.contains {
                            $0.receiver == receiver && $0.incidentID == mine.incidentID && $0.status == .pending
                                && $0.sequence < mine.sequence
                        }
                }
                let due = heads.filter { $0.nextAttemptAt <= now }
                let answer = try await store.due(receiver: receiver, at: now, limit: 100)
                #expect(Set(answer) == Set(due))
                #expect(
                    answer.map(\.notification.severity) == due.map(\.notification.severity).sorted().reversed())
                #expect(try await store.nextDue(receiver: receiver) == heads.map(\.nextAttemptAt).min())
            }
        }
    }

    // MARK: Steps

    private func plan(_ deliveries: [Delivery]) async throws {
        try await store.commit(StateChange(deliveries: deliveries))
    }

    private func due(_ receiver: String = "slack", at time: Timestamp = .noon, limit: Int = 10) async throws -> [String]
    {
        try await store.due(receiver: receiver, at: time, limit: limit).map(\.id)
    }

    private func retry(_ id: String, at time: Timestamp) async throws {
        let begun = try #require(try await store.begin(id, at: .noon))
        try await store.finish(begun.toRetry(at: time))
    }

    private func deliver(_ id: String, at time: Timestamp = .noon) async throws {
        let begun = try #require(try await store.begin(id, at: .noon))
        try await store.finish(begun.delivered(at: time))
    }

    private func fail(_ id: String) async throws {
        var begun = try #require(try await store.begin(id, at: .noon))
        begun.status = .failed
        begun.finishedAt = .noon
        begun.lastError = "404"
        try await store.finish(begun)
    }
}
