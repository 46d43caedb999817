import Foundation
import LockkeeperCore
import Testing

@testable import LockkeeperNotify

/// What the plays have shown to be not as it should be, and is now.
@Suite("What Alertmanager's acceptance plays have found")
struct KnownGapAcceptanceTests {
    private struct Posted: Decodable {
        var labels: [String: String]
        var endsAt: String
    }

    /// What an Alertmanager that gets the messages to a receiver holds for firing at a second.
    private func firing(in play: AcceptancePlay, of receiver: String, at second: Int) throws -> [[String: String]] {
        var ends: [[String: String]: String] = [:]
        for message in play.got(receiver) where message.second <= second {
            let body = try AlertmanagerAlerts(message.delivery, at: AcceptancePlay.time(message.second)).json()
            for alert in try JSONDecoder().decode([Posted].self, from: Data(body)) { ends[alert.labels] = alert.endsAt }
        }
        return ends.filter { $0.value > AcceptancePlay.time(second).rfc3339 }.keys.sorted { "\($0)" < "\($1)" }
    }

    @Test func `Alertmanager is told that an alert is over under the labels that it knows it by`() throws {
        let play = AcceptancePlay.merging.played()
        let begun = try firing(in: play, of: "slack", at: 2).map { $0["alertname"] ?? "" }
        let left = try firing(in: play, of: "slack", at: 16).map { $0["alertname"] ?? "" }
        #expect(begun == ["Down"])
        #expect(left == [])
    }

    @Test func `Alertmanager is told that the warning whose place the critical takes is over`() throws {
        let play = AcceptancePlay.taking.played()
        let severities = try firing(in: play, of: "slack", at: 9).map { $0["severity"] ?? "" }
        #expect(severities == ["critical"])
    }

    @Test(arguments: [nil, 4, 6, 7])
    func `Alertmanager is told of an end between two messages, also after a new start`(kill: Int?) throws {
        let (first, second) = (IncidentAlert.played(.warning, of: "a"), IncidentAlert.played(.warning, of: "b"))
        let play = AcceptancePlay.make("ended between", 40, to: "slack") { play in
            play.at(2, .fires(first), .fires(second))
            play.at(5, .ends(first))
            play.at(9, .fires(AcceptancePlay.critical))
            play.at(30, .ends(second), .ends(AcceptancePlay.critical))
        }.played(kill.map { Kill(second: $0, point: .afterwards, receiver: "slack") })
        #expect(try firing(in: play, of: "slack", at: 8).count == 2)
        #expect(try firing(in: play, of: "slack", at: 10).map { $0["what"] ?? "" }.sorted() == ["", "b"])
        #expect(try firing(in: play, of: "slack", at: 31) == [])
        let ended = play.got("slack").flatMap(\.delivery.notification.ended)
        #expect(ended.map(\.at) == [AcceptancePlay.time(5)])
    }

    @Test func `A receiver that was away is reminded at most once of what goes on`() {
        let play = AcceptancePlay.make(
            "reminded while away", 160, routes: [Route(receiver: "slack", reminderInterval: .seconds(15))]
        ) { play in
            play.receivers["slack"] = ScriptedReceiver(from: 0, until: 100, .isUnavailable)
            play.at(1, .fires(AcceptancePlay.critical))
            play.at(150, .ends(AcceptancePlay.critical))
        }
        let seconds = play.played().got("slack").map(\.second)
        let atOnce = Dictionary(grouping: seconds, by: { $0 }).mapValues(\.count).values.max() ?? 0
        #expect(atOnce <= 2, "\(seconds)")
    }

    @Test func `The end of an episode is told before the beginning of the next, however urgent that is`() {
        let play = AcceptancePlay.make("away between episodes", 160, to: "slack") { play in
            play.receivers["slack"] = ScriptedReceiver(from: 5, until: 60, .isUnavailable)
            play.at(1, .fires(AcceptancePlay.warning))
            play.at(10, .ends(AcceptancePlay.warning))
            play.at(20, .fires(AcceptancePlay.critical))
            play.at(150, .ends(AcceptancePlay.critical))
            play.want("slack", 1...2, .opened, .warning)
            play.want("slack", 60...120, .resolved, .warning)
            play.want("slack", 60...120, .opened, .critical)
            play.want("slack", 150...151, .resolved, .critical)
        }.played()
        #expect(play.violations == [])
        #expect(Set(play.arrived.map(\.delivery.incidentKey)).count == 1)
        #expect(Set(play.arrived.map(\.delivery.id)).count == 4)
    }

    @Test func `The end says what was said last, also after a new start`() {
        func summary(_ kill: Kill?) -> String? {
            AcceptancePlay.merging.played(kill).arrived.last?.delivery.notification.facts.summary
        }
        #expect(summary(nil) == "in other words")
        for second in [5, 14] {
            #expect(summary(Kill(second: second, point: .afterwards, receiver: "slack")) == "in other words")
        }
    }
}
