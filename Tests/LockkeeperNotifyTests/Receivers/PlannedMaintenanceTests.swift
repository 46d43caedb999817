import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// Planned maintenance on status pages, against strict stubs of their APIs.
@Suite(.timeLimit(.minutes(2)))
struct PlannedMaintenanceTests {
    private static let window = MaintenanceExample.window

    /// Makes one attempt at the time at which the delivery was planned, or later.
    private func deliver(
        _ delivery: Delivery, to destination: Destination, after delay: Duration = .zero
    ) async -> DeliveryOutcome {
        let transfers = TransferClient()
        let outcome = await ReceiverClient(transfers: transfers, httpTimeout: .seconds(1))
            .deliver(delivery, to: destination, at: delivery.plannedAt + delay)
        await transfers.shutdown()
        #expect(!"\(outcome)".contains("secretXXXX"))
        return outcome
    }

    /// Delivers one message after the other, each with the reference that the one before it was settled with.
    ///
    /// - Parameter before: called before each message.
    /// - Returns: the last reference.
    @discardableResult
    private func tell(
        _ course: [Delivery], to destination: Destination, before: (Int) -> Void = { _ in }
    ) async -> ReceiverReference? {
        var reference: ReceiverReference?
        for (index, var delivery) in course.enumerated() {
            before(index)
            delivery.reference = reference
            switch await deliver(delivery, to: destination) {
            case .delivered: break
            case .opened(let new): reference = new
            case let outcome: Issue.record("\(outcome)")
            }
        }
        return reference
    }

    private func statuspage(_ stub: StubStatuspage, notifies: Bool = false) -> Destination {
        .statuspage(
            StatuspageDestination(
                apiURL: stub.url, page: StubStatuspage.page, token: StubStatuspage.token,
                components: [StubStatuspage.component], notifiesSubscribers: notifies))
    }

    private func cachet(_ stub: StubCachet) -> Destination {
        .cachet(CachetDestination(apiURL: stub.url, token: StubCachet.token, components: [StubCachet.component]))
    }

    // MARK: Statuspage

    @Test func `It is scheduled on Statuspage, which begins and ends it by itself`() async throws {
        try await StubStatuspage.serving { stub in
            stub.addForeignIncident()
            await tell(MaintenanceExample.over.course, to: statuspage(stub)) { index in
                guard index == 1 else { return }
                #expect(stub.component == "operational")
                stub.transition(to: "in_progress")
                #expect(stub.component == "under_maintenance")
                stub.transition(to: "completed")
            }
            #expect(stub.incidents.count == 2)
            let incident = try #require(stub.incidents.last)
            #expect(incident.name == "Planned maintenance of our database")
            #expect(incident.from == "2026-12-01T10:00:00.000Z" && incident.until == "2026-12-01T11:30:00.000Z")
            #expect(incident.updates.map(\.status) == ["scheduled", "in_progress", "completed"])
            #expect(stub.component == "operational")
            #expect(stub.notified == 0)
            #expect(stub.violations == [])
            let body = try #require(stub.server.requests.first { $0.method == "POST" }).body
            let sent = String(decoding: body, as: UTF8.self)
            for flag in [
                "scheduled_auto_in_progress", "scheduled_auto_completed", "auto_transition_to_maintenance_state",
                "auto_transition_to_operational_state",
            ] { #expect(sent.contains("\"\(flag)\":true")) }
            // Customers get mail only where that is asked for, later too.
            #expect(sent.matches(of: /"\w+_deliver_notifications_\w+":false/).count == 2)
        }
    }

    @Test func `A page that is behind is told the end`() async throws {
        try await StubStatuspage.serving { stub in
            await tell(MaintenanceExample.over.course, to: statuspage(stub)) { index in
                if index == 1 { stub.transition(to: "in_progress") }
            }
            #expect(stub.incidents.map(\.status) == ["completed"])
            #expect(stub.component == "operational")
            #expect(stub.violations == [])
        }
    }

    @Test func `It is changed and called off on Statuspage, where customers read so`() async throws {
        let course = MaintenanceExample.course([
            (MaintenanceExample.start, Self.window),
            (MaintenanceExample.start + .seconds(1), MaintenanceExample.laterWindow),
            (MaintenanceExample.start + .seconds(2), nil),
        ])
        try await StubStatuspage.serving { stub in
            await tell(course, to: statuspage(stub, notifies: true))
            let incident = try #require(stub.incidents.first)
            #expect(incident.updates.map(\.status) == ["scheduled", "scheduled", "completed"])
            #expect(incident.until == "2026-12-01T12:00:00.000Z")
            #expect(incident.updates.last?.body.hasSuffix("10:30–12:00 UTC does not take place.") == true)
            #expect(stub.notified == 3)
            #expect(stub.component == "operational")
            #expect(stub.violations == [])
        }
    }

    @Test func `A comment is not for customers, so that its change is no news to them`() async throws {
        var other = Self.window
        other.comment = "db-8 after all"
        let course = MaintenanceExample.course([
            (MaintenanceExample.start, Self.window), (MaintenanceExample.start + .seconds(1), other),
        ])
        #expect(course.map(\.notification.reason) == [.opened, .changed])
        try await StubStatuspage.serving { stub in
            await tell(course, to: statuspage(stub))
            #expect(stub.incidents.map(\.updates.count) == [1])
        }
        try await StubCachet.serving { stub in
            await tell(course, to: cachet(stub))
            #expect(!stub.server.requests.contains { $0.method == "PUT" })
        }
    }

    @Test func `One that has begun is in progress from the start, and ends early with its component set back`()
        async throws
    {
        let course = MaintenanceExample.course([
            (Self.window.begin + .seconds(1), Self.window), (Self.window.begin + .seconds(600), nil),
        ])
        try await StubStatuspage.serving { stub in
            await tell(course, to: statuspage(stub)) { index in
                if index == 1 { #expect(stub.component == "under_maintenance") }
            }
            #expect(stub.incidents.first?.updates.map(\.status) == ["in_progress", "completed"])
            #expect(stub.component == "operational")
            #expect(stub.violations == [])
        }
    }

    @Test func `One that is put off after it has begun gives its component back`() async throws {
        let course = MaintenanceExample.course([
            (MaintenanceExample.start, Self.window), (Self.window.begin + .seconds(60), MaintenanceExample.laterWindow),
        ])
        try await StubStatuspage.serving { stub in
            await tell(course, to: statuspage(stub)) { index in
                if index == 1 { stub.transition(to: "in_progress") }
            }
            #expect(stub.incidents.map(\.status) == ["scheduled"])
            #expect(stub.component == "operational")
        }
    }

    @Test func `One that the page has completed and that is planned for longer is scheduled anew`() async throws {
        let course = MaintenanceExample.course([
            (MaintenanceExample.start, Self.window), (Self.window.end - .seconds(1), MaintenanceExample.laterWindow),
            (MaintenanceExample.laterWindow.end, MaintenanceExample.laterWindow),
        ])
        try await StubStatuspage.serving { stub in
            await tell(course, to: statuspage(stub)) { index in
                if index == 1 { stub.transition(to: "completed") }
            }
            #expect(stub.incidents.map(\.status) == ["completed", "completed"])
            #expect(stub.incidents.last?.until == "2026-12-01T12:00:00.000Z")
            #expect(stub.violations == [])
        }
    }

    @Test(arguments: [Duration.zero, .seconds(3601)])
    func `After an answer that was never seen Statuspage has one, and each update once`(delay: Duration) async throws {
        // The second attempt may come when it has begun.
        let course = MaintenanceExample.course([
            (MaintenanceExample.start, Self.window), (Self.window.begin + .seconds(2), MaintenanceExample.laterWindow),
            (Self.window.begin + .seconds(3), nil),
        ])
        try await StubStatuspage.serving { stub in
            var reference: ReceiverReference?
            for (index, var delivery) in course.enumerated() {
                delivery.reference = reference
                stub.loseNextAnswer()
                #expect(Verdict(await deliver(delivery, to: statuspage(stub))) == .ambiguousRetry)
                if index == 0, delay > .zero { stub.transition(to: "in_progress") }
                delivery.attempts = 2
                guard
                    case .opened(let new) = await deliver(
                        delivery, to: statuspage(stub), after: index == 0 ? delay : .zero)
                else {
                    Issue.record("it was not found")
                    return
                }
                reference = new
            }
            #expect(stub.incidents.count == 1)
            let own = stub.incidents[0].updates.filter { $0.body != "As planned." }
            #expect(own.count == 3 && Set(own.map(\.body)).count == 3)
            #expect(stub.incidents[0].status == "completed")
            #expect(stub.violations == [])
        }
    }

    @Test func `One that somebody deletes on a page is not made again, and its end is no trouble`() async throws {
        try await StubStatuspage.serving { stub in
            let reference = await tell([MaintenanceExample.announced.delivery], to: statuspage(stub))
            stub.deleteIncidents()
            for (example, verdict) in [
                (MaintenanceExample.changed, Verdict.permanent), (.calledOff, .delivered), (.endedEarly, .delivered),
            ] {
                var delivery = example.delivery
                delivery.reference = reference
                #expect(Verdict(await deliver(delivery, to: statuspage(stub))) == verdict)
            }
            #expect(stub.incidents.isEmpty)
        }
        try await StubCachet.serving { stub in
            let reference = await tell([MaintenanceExample.announced.delivery], to: cachet(stub))
            stub.deleteSchedules()
            for (example, verdict) in [
                (MaintenanceExample.changed, Verdict.permanent), (.calledOff, .delivered), (.over, .delivered),
            ] {
                var delivery = example.delivery
                delivery.reference = reference
                #expect(Verdict(await deliver(delivery, to: cachet(stub))) == verdict)
            }
            #expect(stub.schedules.isEmpty)
        }
    }

    @Test(arguments: MaintenanceExample.allCases)
    func `What comes too late, and an end without a beginning, is not told`(example: MaintenanceExample) async throws {
        try await StubStatuspage.serving { stub in
            #expect(await deliver(example.delivery, to: statuspage(stub), after: .seconds(36_000)) == .delivered)
            #expect(stub.incidents.isEmpty)
        }
        try await StubCachet.serving { stub in
            #expect(await deliver(example.delivery, to: cachet(stub), after: .seconds(36_000)) == .delivered)
            #expect(stub.schedules.isEmpty)
        }
    }

    @Test func `One whose reference was lost is found again by its key`() async throws {
        try await StubStatuspage.serving { stub in
            for delivery in MaintenanceExample.changed.course { _ = await deliver(delivery, to: statuspage(stub)) }
            #expect(stub.incidents.map(\.updates.count) == [2])
            stub.transition(to: "in_progress")
            _ = await deliver(MaintenanceExample.endedEarly.delivery, to: statuspage(stub))
            #expect(stub.incidents.map(\.status) == ["completed"])
        }
    }

    @Test(
        arguments: AnswerCase.failures + [
            AnswerCase("422", .status(422), .permanent), AnswerCase("420", .status(420), .retry),
        ])
    func `Whichever of Statuspage's answers fails, it means what it says`(example: AnswerCase) async throws {
        // Of looking among the scheduled and the active, scheduling, asking how it stands, and updating.
        for step in 0..<5 {
            try await StubStatuspage.serving { stub in
                var delivery = MaintenanceExample.changed.delivery
                if step >= 3 {
                    delivery.reference = await tell([MaintenanceExample.announced.delivery], to: statuspage(stub))
                }
                for _ in 0..<min(step, 2) where step < 3 { stub.server.script(.status(200, "[]")) }
                if step == 4 { stub.server.script(.status(200, #"{"id":"incident1","status":"scheduled"}"#)) }
                stub.server.script(example.answer)
                #expect(Verdict(await deliver(delivery, to: statuspage(stub))) == example.verdict, "step \(step)")
            }
        }
    }

    // MARK: Cachet

    @Test func `It is a schedule on Cachet, which tells by its times how it stands`() async throws {
        let course = MaintenanceExample.course([
            (MaintenanceExample.start, Self.window),
            (MaintenanceExample.start + .seconds(1), MaintenanceExample.laterWindow),
            (MaintenanceExample.laterWindow.end, MaintenanceExample.laterWindow),
        ])
        try await StubCachet.serving { stub in
            await tell(course, to: cachet(stub)) { index in
                if index == 2 { stub.pass(to: "2026-12-01 12:00:00") }
            }
            let schedule = try #require(stub.schedules.first)
            #expect(stub.schedules.count == 1)
            #expect((schedule.from, schedule.until) == ("2026-12-01 10:30:00", "2026-12-01 12:00:00"))
            #expect(schedule.message.hasPrefix("Planned work on our database: 2026-12-01 10:30–12:00 UTC."))
            #expect(stub.server.requests.count { $0.method == "PUT" } == 1)
            #expect(stub.violations == [])
        }
    }

    @Test func `It ends early on Cachet, and one that is called off is gone`() async throws {
        try await StubCachet.serving { stub in
            await tell(MaintenanceExample.endedEarly.course, to: cachet(stub)) { index in
                if index == 1 { stub.pass(to: "2026-12-01 10:10:00") }
            }
            #expect(stub.schedules.map(\.until) == ["2026-12-01 10:10:00"])
            #expect(stub.schedules.first?.message.contains("earlier than announced") == true)
            #expect(stub.violations == [])
        }
        try await StubCachet.serving { stub in
            await tell(MaintenanceExample.calledOff.course, to: cachet(stub))
            #expect(stub.schedules.isEmpty)
            #expect(stub.violations == [])
        }
    }

    @Test(arguments: [MaintenanceExample.changed, .endedEarly, .calledOff])
    func `After an answer that was never seen Cachet has one schedule, as it is to be`(
        example: MaintenanceExample
    ) async throws {
        try await StubCachet.serving { stub in
            var reference: ReceiverReference?
            for (index, var delivery) in example.course.enumerated() {
                if index == 1, example == .endedEarly { stub.pass(to: "2026-12-01 10:10:00") }
                delivery.reference = reference
                stub.loseNextAnswer()
                #expect(Verdict(await deliver(delivery, to: cachet(stub))) == .ambiguousRetry)
                delivery.attempts = 2
                let outcome = await deliver(delivery, to: cachet(stub))
                #expect(Verdict(outcome) == .delivered)
                if case .opened(let new) = outcome { reference = new }
            }
            #expect(stub.server.requests.count { $0.method == "POST" } == 1)
            #expect(stub.schedules.count == (example == .calledOff ? 0 : 1))
            #expect(stub.violations == [])
        }
    }

    @Test func `A Cachet that keeps the end that it was told first is not believed`() async throws {
        try await StubCachet.serving { stub in
            stub.keepEnds()
            let reference = await tell([MaintenanceExample.announced.delivery], to: cachet(stub))
            var change = MaintenanceExample.changed.delivery
            change.reference = reference
            guard case .permanent(let reason, _) = await deliver(change, to: cachet(stub)) else {
                Issue.record("it was believed")
                return
            }
            #expect(reason.contains("bring it up to date"))
        }
    }

    @Test func `Another window of the same name is another schedule`() async throws {
        try await StubCachet.serving { stub in
            await tell(MaintenanceExample.over.course, to: cachet(stub)) { index in
                if index == 1 { stub.pass(to: "2026-12-01 11:30:00") }
            }
            await tell([MaintenanceExample.announced.delivery], to: cachet(stub))
            #expect(stub.schedules.count == 2)
        }
    }

    @Test(arguments: AnswerCase.failures + [AnswerCase("422", .status(422), .permanent)])
    func `Whichever of Cachet's answers fails, it means what it says`(example: AnswerCase) async throws {
        // Of looking, making, asking how it stands, and changing.
        for step in 0..<4 {
            try await StubCachet.serving { stub in
                var delivery = MaintenanceExample.changed.delivery
                if step >= 2 {
                    delivery.reference = await tell([MaintenanceExample.announced.delivery], to: cachet(stub))
                }
                if step == 1 { stub.server.script(.status(200, #"{"data":[]}"#)) }
                if step == 3 { stub.server.script(.status(200, #"{"data":{"id":"1","attributes":{}}}"#)) }
                stub.server.script(example.answer)
                #expect(Verdict(await deliver(delivery, to: cachet(stub))) == example.verdict, "step \(step)")
            }
        }
    }
}
