import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// Status pages as receivers: Atlassian's Statuspage and Cachet, against strict stubs of their APIs.
@Suite(.timeLimit(.minutes(2)))
struct StatusPageTests {
    private func deliver(_ delivery: Delivery, to destination: Destination) async -> DeliveryOutcome {
        let transfers = TransferClient()
        let outcome = await ReceiverClient(transfers: transfers, httpTimeout: .seconds(1))
            .deliver(delivery, to: destination, at: Example.begin + .seconds(5))
        await transfers.shutdown()
        #expect(!"\(outcome)".contains("secretXXXX"))
        return outcome
    }

    private func statuspage(_ stub: StubStatuspage, token: String = StubStatuspage.token) -> Destination {
        .statuspage(
            StatuspageDestination(
                apiURL: stub.url, page: StubStatuspage.page, token: token, components: [StubStatuspage.component]))
    }

    private func cachet(_ stub: StubCachet, token: String = StubCachet.token) -> Destination {
        .cachet(CachetDestination(apiURL: stub.url, token: token, components: [StubCachet.component]))
    }

    private static let course = [Example.runningLong, .blockedByForgottenTransaction, .committed].map(\.delivery)

    /// Delivers one message after the other, each with the reference that the one before it was settled with.
    private func tell(_ course: [Delivery], to destination: Destination) async {
        var reference: ReceiverReference?
        for var delivery in course {
            delivery.reference = reference
            switch await deliver(delivery, to: destination) {
            case .delivered: break
            case .opened(let new): reference = new
            case let outcome: Issue.record("\(outcome)")
            }
        }
    }

    // MARK: What customers read

    @Test(arguments: Example.allCases)
    func `Customers are told nothing of servers, databases, tables, people and queries`(example: Example) throws {
        let notice = PublicNotice(PublicNotice.notification(example.notification, to: "customers"))
        for word in ["app-production", "orders", "pid", "4711", "reports", "deploy", "ALTER", "psql", "run-", "7k2m"] {
            #expect(!"\(notice.title) \(notice.body) \(notice.key)".contains(word))
        }
        #expect(notice.body.count > 20)
    }

    // MARK: Statuspage

    @Test func `A migration is one incident on Statuspage, with its component set and set back`() async throws {
        try await StubStatuspage.serving { stub in
            stub.addForeignIncident()
            await tell([Self.course[0]], to: statuspage(stub))
            #expect(stub.component == "degraded_performance")
            await tell(Array(Self.course.dropFirst()), to: statuspage(stub))
            #expect(stub.component == "operational")
            // Two to open, three to find it again and change it, two to end: the receiver's pace is made for so many.
            #expect(stub.server.requests.count == 7)
            #expect(stub.incidents.count == 2)
            let incident = try #require(stub.incidents.last)
            #expect(incident.name == "Database maintenance")
            #expect(incident.impact == "major")
            #expect(incident.updates.map(\.status) == ["identified", "identified", "resolved"])
            #expect(stub.incidents.first?.updates.count == 1)
            #expect(stub.violations == [])
            // Customers get mail only where that is asked for.
            #expect(stub.notified == 0)
        }
    }

    @Test func `After an answer that was never seen Statuspage has one incident, and each update once`() async throws {
        try await StubStatuspage.serving { stub in
            stub.loseNextAnswer()
            #expect(Verdict(await deliver(Self.course[0], to: statuspage(stub))) == .ambiguousRetry)
            var second = Self.course[0]
            second.attempts = 2
            guard case .opened(let reference) = await deliver(second, to: statuspage(stub)) else {
                Issue.record("it was not found")
                return
            }
            #expect(stub.incidents.map(\.updates.count) == [1])
            for var delivery in Self.course.dropFirst() {
                delivery.reference = reference
                stub.loseNextAnswer()
                #expect(Verdict(await deliver(delivery, to: statuspage(stub))) == .ambiguousRetry)
                delivery.attempts = 2
                #expect(
                    await deliver(delivery, to: statuspage(stub)).reference?["incident"] == reference["incident"])
            }
            #expect(stub.incidents.map(\.updates.count) == [3])
        }
    }

    /// Messages of a second incident, which came while the first was open.
    private static let secondCourse = course.map { delivery in
        var delivery = delivery
        delivery.notification.incidentKey = "run-other"
        return delivery
    }

    /// What is news to engineers alone.
    private static var acknowledgement: Delivery {
        var delivery = course[0]
        delivery.notification.reason = .acknowledged
        delivery.notification.acknowledgement = Acknowledgement(author: "anna", at: Example.begin, severity: .warning)
        return delivery
    }

    @Test func `What customers have been told already they are not told again, by Statuspage or Cachet`() async throws {
        let course = [Self.course[0], Self.acknowledgement, Self.course[1], Self.course[1], Self.course[2]]
        try await StubStatuspage.serving { stub in
            await tell(course, to: statuspage(stub))
            #expect(stub.incidents.map(\.updates.count) == [3])
            #expect(stub.violations == [])
        }
        try await StubCachet.serving { stub in
            await tell(course, to: cachet(stub))
            // What it was opened with is none.
            #expect(stub.incidents.map(\.updates.count) == [2])
            #expect(stub.violations == [])
        }
    }

    @Test
    func `The end of an incident leaves components as another that is open needs them, and the last sets them back`()
        async throws
    {
        try await StubStatuspage.serving { stub in
            stub.addForeignIncident()
            await tell([Self.course[0]], to: statuspage(stub))
            await tell([Self.secondCourse[0]], to: statuspage(stub))
            _ = await deliver(Self.course[2], to: statuspage(stub))
            #expect(stub.component == "degraded_performance")
            _ = await deliver(Self.secondCourse[2], to: statuspage(stub))
            #expect(stub.component == "operational")
            #expect(stub.incidents.suffix(2).map(\.status) == ["resolved", "resolved"])
        }
        try await StubCachet.serving { stub in
            await tell([Self.course[0]], to: cachet(stub))
            await tell([Self.secondCourse[0]], to: cachet(stub))
            _ = await deliver(Self.course[2], to: cachet(stub))
            #expect(stub.component == 2)
            _ = await deliver(Self.secondCourse[2], to: cachet(stub))
            #expect(stub.component == 1)
            #expect(stub.incidents.map(\.status) == [4, 4])
        }
    }

    @Test func `An incident that is open and has not the component does not keep it from being set back`() async throws
    {
        try await StubStatuspage.serving { stub in
            await tell([Self.course[0]], to: statuspage(stub))
            let other = StatuspageDestination(apiURL: stub.url, page: StubStatuspage.page, token: StubStatuspage.token)
            await tell([Self.secondCourse[0]], to: .statuspage(other))
            _ = await deliver(Self.course[2], to: statuspage(stub))
            #expect(stub.component == "operational")
        }
        try await StubCachet.serving { stub in
            await tell([Self.course[0]], to: cachet(stub))
            await tell(
                [Self.secondCourse[0]], to: .cachet(CachetDestination(apiURL: stub.url, token: StubCachet.token)))
            _ = await deliver(Self.course[2], to: cachet(stub))
            #expect(stub.component == 1)
            #expect(stub.violations == [])
        }
    }

    @Test func `Words that arrived are known again although another incident has set the component since`() async throws
    {
        try await StubStatuspage.serving { stub in
            stub.loseNextAnswer()
            #expect(Verdict(await deliver(Self.course[0], to: statuspage(stub))) == .ambiguousRetry)
            stub.setComponent("operational")
            var again = Self.course[0]
            again.attempts = 2
            _ = await deliver(again, to: statuspage(stub))
            #expect(stub.incidents.map(\.updates.count) == [1])
            #expect(stub.component == "degraded_performance")
        }
    }

    @Test func `An incident that somebody deletes on Statuspage is not opened again, and its component is set back`()
        async throws
    {
        try await StubStatuspage.serving { stub in
            guard case .opened(let reference) = await deliver(Self.course[0], to: statuspage(stub)) else { return }
            stub.deleteIncidents()
            var second = Self.course[1]
            second.reference = reference
            #expect(Verdict(await deliver(second, to: statuspage(stub))) == .permanent)
            var end = Self.course[2]
            end.reference = reference
            #expect(Verdict(await deliver(end, to: statuspage(stub))) == .delivered)
            #expect(stub.incidents.isEmpty)
            #expect(stub.component == "operational")
        }
    }

    @Test func `An incident whose reference was lost is found again by its key`() async throws {
        try await StubStatuspage.serving { stub in
            for delivery in Self.course { _ = await deliver(delivery, to: statuspage(stub)) }
            #expect(stub.incidents.map(\.updates.count) == [3])
            #expect(stub.incidents.first?.status == "resolved")
        }
        try await StubCachet.serving { stub in
            for delivery in Self.course { _ = await deliver(delivery, to: cachet(stub)) }
            #expect(stub.incidents.map(\.updates.count) == [2])
            #expect(stub.incidents.first?.status == 4)
        }
    }

    @Test func `An end of which customers know no beginning is not told, and a test tells them nothing`() async throws {
        try await StubStatuspage.serving { stub in
            #expect(await deliver(Example.failed.delivery, to: statuspage(stub)) == .delivered)
            #expect(await deliver(Example.test.delivery, to: statuspage(stub)) == .delivered)
            #expect(stub.incidents.isEmpty)
            let wrong = StatuspageDestination(
                apiURL: stub.url, page: StubStatuspage.page, token: StubStatuspage.token, components: ["nosuch"])
            guard case .permanent(let reason, _) = await deliver(Example.test.delivery, to: .statuspage(wrong)) else {
                Issue.record("a component that is not there was not noticed")
                return
            }
            #expect(reason == "the page has no component nosuch")
        }
    }

    @Test func `Statuspage's rate limit is waited for`() async throws {
        try await StubStatuspage.serving(requestsPerMinute: 1) { stub in
            guard case .retry(.seconds(9), let reason, false, _) = await deliver(Self.course[0], to: statuspage(stub))
            else {
                Issue.record("the second request was not refused")
                return
            }
            #expect(reason.contains("Statuspage answered 420"))
        }
    }

    @Test(
        arguments: AnswerCase.failures + [
            AnswerCase("422", .status(422), .permanent), AnswerCase("420", .status(420), .retry),
        ])
    func `Whichever of Statuspage's answers fails, it means what it says`(example: AnswerCase) async throws {
        // Of looking, opening, and updating.
        for step in 0..<3 {
            try await StubStatuspage.serving { stub in
                var delivery = Self.course[1]
                if step == 2 {
                    guard case .opened(let reference) = await deliver(Self.course[0], to: statuspage(stub)) else {
                        return
                    }
                    delivery.reference = reference
                }
                if step == 1 { stub.server.script(.status(200, "[]")) }
                stub.server.script(example.answer)
                #expect(Verdict(await deliver(delivery, to: statuspage(stub))) == example.verdict)
            }
        }
    }

    @Test func `A wrong token is refused, and half an answer to an opening is no answer`() async throws {
        try await StubStatuspage.serving { stub in
            #expect(Verdict(await deliver(Self.course[0], to: statuspage(stub, token: "guess-77"))) == .permanent)
            stub.server.script(
                .status(200, "[]"), StubAnswer(.half(status: 201, body: Array(#"{"id":"incident1","name":"x"}"#.utf8))))
            #expect(Verdict(await deliver(Self.course[0], to: statuspage(stub))) == .ambiguousRetry)
            stub.server.script(.status(200, "[]"), .ofSize(1_000_000))
            #expect(Verdict(await deliver(Self.course[0], to: statuspage(stub))) == .ambiguousRetry)
        }
    }

    // MARK: Cachet

    @Test func `A migration is one incident on Cachet, with its component set and set back`() async throws {
        try await StubCachet.serving { stub in
            await tell([Self.course[0]], to: cachet(stub))
            #expect(stub.component == 2)
            await tell(Array(Self.course.dropFirst()), to: cachet(stub))
            #expect(stub.component == 1)
            #expect(stub.incidents.count == 1)
            let incident = try #require(stub.incidents.first)
            #expect(incident.isVisible)
            #expect(incident.status == 4)
            #expect(incident.updates.map(\.status) == [2, 4])
            #expect(stub.violations == [])
        }
    }

    @Test func `After an answer that was never seen Cachet has one incident, and each update once`() async throws {
        try await StubCachet.serving { stub in
            stub.loseNextAnswer()
            #expect(Verdict(await deliver(Self.course[0], to: cachet(stub))) == .ambiguousRetry)
            var second = Self.course[0]
            second.attempts = 2
            guard case .opened(let reference) = await deliver(second, to: cachet(stub)) else {
                Issue.record("it was not found")
                return
            }
            #expect(stub.incidents.map(\.updates.count) == [0])
            for var delivery in Self.course.dropFirst() {
                delivery.reference = reference
                stub.loseNextAnswer()
                #expect(Verdict(await deliver(delivery, to: cachet(stub))) == .ambiguousRetry)
                delivery.attempts = 2
                #expect(await deliver(delivery, to: cachet(stub)).reference?["incident"] == reference["incident"])
            }
            #expect(stub.incidents.map(\.updates.count) == [2])
        }
    }

    @Test func `Another incident with the same words is another one, and one that is fixed is not opened again`()
        async throws
    {
        try await StubCachet.serving { stub in
            await tell(Self.course, to: cachet(stub))
            var other = Self.course[0]
            other.notification.incidentKey = "run-other"
            await tell([other], to: cachet(stub))
            await tell([Self.course[0]], to: cachet(stub))
            #expect(stub.incidents.map(\.status) == [4, 2, 2])
        }
    }

    @Test func `Cachet hears of no end without a beginning, and of no test`() async throws {
        try await StubCachet.serving { stub in
            #expect(await deliver(Example.failed.delivery, to: cachet(stub)) == .delivered)
            #expect(await deliver(Example.test.delivery, to: cachet(stub)) == .delivered)
            #expect(stub.incidents.isEmpty)
        }
    }

    @Test(arguments: AnswerCase.failures + [AnswerCase("422", .status(422), .permanent)])
    func `Whichever of Cachet's answers fails, it means what it says`(example: AnswerCase) async throws {
        // Of looking, opening, setting the component, and updating.
        for step in 0..<4 {
            try await StubCachet.serving { stub in
                var delivery = Self.course[1]
                if step >= 2 { delivery.reference = ReceiverReference(["incident": "1"]) }
                if step == 1 { stub.server.script(.status(200, #"{"data":[]}"#)) }
                if step == 3 { stub.server.script(.status(200, "{}")) }
                stub.server.script(example.answer)
                #expect(Verdict(await deliver(delivery, to: cachet(stub))) == example.verdict)
            }
        }
    }

    @Test func `Half an answer to an opening on Cachet, or one without end, is no answer`() async throws {
        let opened = Array(#"{"data":{"id":"1","type":"incidents","attributes":{}}}"#.utf8)
        for answer in [StubAnswer(.half(status: 201, body: opened)), .ofSize(1_000_000)] {
            try await StubCachet.serving { stub in
                stub.server.script(.status(200, #"{"data":[]}"#), answer)
                #expect(Verdict(await deliver(Self.course[0], to: cachet(stub))) == .ambiguousRetry)
            }
        }
    }

    @Test(arguments: [1, 2])
    func `An incident that somebody deletes on Cachet is not opened again, and its component is set back`(attempt: Int)
        async throws
    {
        try await StubCachet.serving { stub in
            guard case .opened(let reference) = await deliver(Self.course[0], to: cachet(stub)) else { return }
            stub.deleteIncidents()
            var second = Self.course[1]
            second.reference = reference
            second.attempts = attempt
            #expect(Verdict(await deliver(second, to: cachet(stub))) == .permanent)
            var end = Self.course[2]
            end.reference = reference
            end.attempts = attempt
            #expect(await deliver(end, to: cachet(stub)).reference?["incident"] == reference["incident"])
            #expect(stub.incidents.isEmpty)
            #expect(stub.component == 1)
        }
    }

    @Test func `Cachet's rate limit is waited for`() async throws {
        try await StubCachet.serving(requestsPerMinute: 1) { stub in
            guard case .retry(.seconds(41), let reason, false, _) = await deliver(Self.course[0], to: cachet(stub))
            else {
                Issue.record("the second request was not refused")
                return
            }
            #expect(reason.contains("Cachet answered 429"))
        }
    }

    @Test func `A wrong token is refused by Cachet, and shown to nobody`() async throws {
        try await StubCachet.serving { stub in
            let outcome = await deliver(Self.course[0], to: cachet(stub, token: "9|guess-77"))
            #expect(Verdict(outcome) == .permanent)
            #expect(!"\(outcome)".contains("guess-77"))
        }
    }
}

extension DeliveryOutcome {
    fileprivate var reference: ReceiverReference? { if case .opened(let reference) = self { reference } else { nil } }
}
