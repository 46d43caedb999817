import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperNotify

/// Alertmanager as a receiver: stubs for what goes wrong, real ones for what it makes of it.
@Suite(.timeLimit(.minutes(2)))
struct AlertmanagerTests {
    private let now = Example.begin + .seconds(900)

    private func withClient<Result>(_ body: (ReceiverClient) async throws -> Result) async throws -> Result {
        let transfers = TransferClient()
        let result: Result
        do { result = try await body(ReceiverClient(transfers: transfers, httpTimeout: .seconds(1))) } catch {
            await transfers.shutdown()
            throw error
        }
        await transfers.shutdown()
        return result
    }

    private func cluster(_ urls: String...) -> AlertmanagerDestination { AlertmanagerDestination(urls: urls) }

    // MARK: Stubs

    @Test(arguments: AnswerCase.failures + AnswerCase.successesByStatus)
    func `An answer means what HTTP says`(example: AnswerCase) async throws {
        try await StubHTTPServer.serving { server in
            server.script(example.answer)
            let outcome = try await withClient {
                await $0.deliver(
                    Example.runningLong.delivery, to: .alertmanager(cluster(server.url(""))), at: now)
            }
            #expect(Verdict(outcome) == example.verdict)
        }
    }

    @Test(arguments: AnswerCase.failures)
    func `One member in trouble does not keep the others from being told`(example: AnswerCase) async throws {
        try await StubHTTPServer.serving { sick in
            try await StubHTTPServer.serving { well in
                sick.script(example.answer)
                let outcome = try await withClient {
                    await $0.deliver(
                        Example.runningLong.delivery,
                        to: .alertmanager(cluster(sick.url("/am"), well.url(""))), at: now)
                }
                #expect(outcome == .delivered)
                #expect(well.requests.map(\.path) == ["/api/v2/alerts"])
            }
        }
    }

    @Test func `A test shows which member cannot be told`() async throws {
        try await StubHTTPServer.serving { sick in
            try await StubHTTPServer.serving { well in
                sick.script(.status(404, "no such page"))
                let outcome = try await withClient {
                    await $0.deliver(
                        Example.test.delivery, to: .alertmanager(cluster(well.url(""), sick.url(""))), at: now)
                }
                guard case .permanent(let reason, _) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(reason == "\(sick.url("")): Alertmanager answered 404: no such page")
            }
        }
    }

    @Test func `If no member can be told, the reason names each`() async throws {
        try await StubHTTPServer.serving { one in
            try await StubHTTPServer.serving { two in
                one.script(.status(400, "start time must be before end time"))
                two.script(.rateLimited(retryAfter: 7))
                let outcome = try await withClient {
                    await $0.deliver(
                        Example.started.delivery, to: .alertmanager(cluster(one.url(""), two.url(""))), at: now)
                }
                guard case .retry(.seconds(7), let reason, false, _) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(reason.contains("\(one.url("")): Alertmanager answered 400: start time must be before end"))
                #expect(reason.contains("\(two.url("")): Alertmanager answered 429"))
            }
        }
    }

    @Test func `A token goes along, and into no reason`() async throws {
        try await StubHTTPServer.serving { server in
            server.script(.status(403, "swordfish-77 may not"))
            let destination = AlertmanagerDestination(urls: [server.url("")], token: "swordfish-77")
            let outcome = try await withClient {
                await $0.deliver(Example.started.delivery, to: .alertmanager(destination), at: now)
            }
            #expect(server.requests.first?.header("Authorization") == "Bearer swordfish-77")
            #expect(!"\(outcome)".contains("swordfish"))
        }
    }

    // MARK: Rendering

    @Test(arguments: Example.allCases)
    func `Alerts are as kept`(example: Example) throws {
        let alerts = AlertmanagerAlerts(example.delivery, at: example.notification.at)
        let pretty = String(decoding: try MessageJSON.encode(alerts.alerts, isPretty: true), as: UTF8.self)
        try Golden.expect(pretty + "\n", equals: "\(example).alertmanager.json")
    }

    @Test func `An alert keeps its labels for as long as it lives, whatever is told of it`() throws {
        func labels(_ example: Example, of name: String) -> [[String: String]] {
            AlertmanagerAlerts(example.delivery, at: now).alerts.map(\.labels).filter { $0["alertname"] == name }
        }
        let course = [Example.started, .runningLong, .blockedByForgottenTransaction, .committed]
        #expect(Set(course.flatMap { labels($0, of: "LockkeeperMigration") }).count == 1)
        #expect(Set(course.flatMap { labels($0, of: "MigrationRunningLong") }).count == 1)
    }

    @Test func `Alerts that ended without a message are told as ended, new ones as firing`() throws {
        var standing = StandingMessage(delivery: Example.blockedByForgottenTransaction.delivery, firing: [])
        let told = standing.delivery.notification.alerts
        #expect(told.map(\.name) == ["MigrationRunningLong", "MigrationRunningTooLong"])
        var new = told[0]
        new.name = "MigrationBlocked"
        new.labels["alertname"] = "MigrationBlocked"
        standing.firing = [told[1], new]
        let ends = Dictionary(
            AlertmanagerAlerts([standing], at: now).alerts.map { ($0.labels["alertname"] ?? "", $0.endsAt) },
            uniquingKeysWith: { first, _ in first })
        let firing = (now + .seconds(240)).rfc3339
        #expect(
            ends == [
                "LockkeeperMigration": firing, "MigrationRunningTooLong": firing, "MigrationBlocked": firing,
                "MigrationRunningLong": now.rfc3339,
            ])
    }

    @Test func `It is not told that it fails itself, though it was told that another does`() throws {
        var standing = StandingMessage(delivery: Example.otherAlert.delivery, firing: [])
        var failure = try #require(standing.delivery.notification.alerts.first)
        failure.labels["target"] = nil
        standing.firing = ["mail", standing.delivery.receiver].map { receiver in
            failure.labels["receiver"] = receiver
            return failure
        }
        standing.delivery.notification.alerts = [standing.firing[0]]
        let receivers = AlertmanagerAlerts([standing], at: now).alerts.compactMap { $0.labels["receiver"] }
        #expect(receivers == ["mail"])
    }

    @Test func `An alert that is over since the last message ends when it did, unless it fires again`() throws {
        var delivery = Example.blockedByForgottenTransaction.delivery
        let over = delivery.notification.alerts.removeFirst()
        delivery.notification.ended = [EndedAlert(alert: over, at: Example.begin + .seconds(700))]
        func end(_ standing: StandingMessage) -> [String] {
            AlertmanagerAlerts([standing], at: now).alerts.filter { $0.labels["alertname"] == over.name }.map(\.endsAt)
        }
        #expect(AlertmanagerAlerts(delivery, at: now).alerts.count == 3)
        let told = delivery.notification.alerts
        #expect(end(StandingMessage(delivery: delivery, firing: told)) == [(Example.begin + .seconds(700)).rfc3339])
        let again = end(StandingMessage(delivery: delivery, firing: told + [over]))
        #expect(again == [(now + .seconds(240)).rfc3339])
    }

    @Test func `An alert never begins after its end or in the future, whatever the clocks say`() throws {
        for example in Example.allCases {
            for shift in [-86_400, 0, 86_400] {
                var delivery = example.delivery
                delivery.notification.since = Example.begin + .seconds(shift)
                for alert in AlertmanagerAlerts(delivery, at: now).alerts {
                    #expect(alert.startsAt <= alert.endsAt)
                    #expect(alert.startsAt <= now.rfc3339)
                }
            }
        }
    }

    // MARK: Real ones

    @Test(.enabled(if: TestAlertmanager.isWanted))
    func `Two in a cluster notify each thing once; one that lost everything is told again; the end reaches both`()
        async throws
    {
        let hook = try await StubHTTPServer.start()
        var members: [TestAlertmanager] = []
        do {
            members.append(try await TestAlertmanager.start(webhook: hook.url("/am")))
            members.append(
                try await TestAlertmanager.start(webhook: hook.url("/am"), peer: members[0].clusterAddress))
            try await eventually("they see each other") { try await members[0].members() == 2 }
            let destination = AlertmanagerDestination(urls: members.map(\.url))
            let now = Self.wallClock
            var firing = Example.runningLong.delivery
            firing.notification.since = now - .seconds(600)
            firing.notification.alerts[0].activeAt = now - .seconds(1)

            try await withClient { client in
                #expect(await client.deliver(firing, to: .alertmanager(destination), at: now) == .delivered)
                for member in members {
                    let alerts = try await member.alerts()
                    #expect(alerts.compactMap { $0.labels["alertname"] }.sorted() == Self.names)
                }
                try await hook.waitForRequests(count: 2)

                // A crash takes its alerts away.
                let ports = members[1].ports
                await members[1].stop()
                members[1] = try await TestAlertmanager.start(
                    webhook: hook.url("/am"), ports: ports, peer: members[0].clusterAddress)
                #expect(try await members[1].alerts().isEmpty)
                // The first may still count the one that is gone; what was notified, the new one knows once it sees the first.
                try await eventually("they see each other again") {
                    let both = try await (members[0].members(), members[1].members())
                    return both == (2, 2)
                }
                let standing = StandingMessage(delivery: firing, firing: firing.notification.alerts)
                #expect(await client.refresh([standing], to: destination, at: Self.wallClock) == [])
                #expect(try await members[1].alerts().count == 2)

                var resolved = Example.committed.delivery
                resolved.notification.since = firing.notification.since
                resolved.notification.alerts = firing.notification.alerts
                resolved.notification.at = Self.wallClock
                #expect(
                    await client.deliver(resolved, to: .alertmanager(destination), at: Self.wallClock) == .delivered)
            }
            try await hook.waitForRequests(count: 4)
            let told = try hook.requests.map { try JSONDecoder().decode(Told.self, from: Data($0.body)) }
            #expect(
                told.filter { $0.status == "firing" }.compactMap { $0.groupLabels["alertname"] }.sorted() == Self.names)
            #expect(
                told.filter { $0.status == "resolved" }.compactMap { $0.groupLabels["alertname"] }.sorted()
                    == Self.names
            )
        } catch {
            for member in members { await member.stop() }
            try? await hook.close()
            throw error
        }
        for member in members { await member.stop() }
        try await hook.close()
    }

    @Test(.enabled(if: TestAlertmanager.isWanted), arguments: Example.allCases)
    func `A real Alertmanager takes every kind of message`(example: Example) async throws {
        let member = try await TestAlertmanager.start(webhook: "http://127.0.0.1:1/")
        let outcome = try await withClient {
            await $0.deliver(example.delivery, to: .alertmanager(cluster(member.url)), at: Self.wallClock)
        }
        #expect(outcome == .delivered)
        if !example.notification.isResolved { #expect(try await member.alerts().isEmpty == false) }
        await member.stop()
    }

    private static let names = ["LockkeeperMigration", "MigrationRunningLong"]

    private static var wallClock: Timestamp { SystemCourierClock().now }

    private struct Told: Decodable {
        var status: String
        var groupLabels: [String: String]
    }
}
