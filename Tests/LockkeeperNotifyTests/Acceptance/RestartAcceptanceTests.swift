import LockkeeperCore
import LockkeeperNotify
import PromQL
import Testing

@Suite("Alertmanager's acceptance plays, the agent killed in the middle")
struct RestartAcceptanceTests {
    @Test(arguments: AcceptancePlay.all)
    func `Wherever it is killed, the same is told, and at most the message under way comes twice`(
        play: AcceptancePlay
    ) {
        for kill in kills(play) {
            let played = play.played(kill)
            #expect(played.violations == [], "\(kill)")
            for (receiver, came) in Dictionary(grouping: played.arrived, by: \.delivery.receiver)
            where play.receivers[receiver] == nil {
                let isUnderWay = kill.point == .beforeTheAnswerIsStored && kill.receiver == receiver
                #expect(came.count - played.got(receiver).count <= (isUnderWay ? 1 : 0), "\(kill)")
            }
            if !played.violations.isEmpty { return }
        }
    }

    /// At each point of each second in which something happens, of the one before it and of the one after it.
    private func kills(_ play: AcceptancePlay) -> [Kill] {
        let busy = play.played().busy
        let seconds = busy.union(busy.map { $0 - 1 }).union(busy.map { $0 + 1 }).filter { 0..<play.length - 1 ~= $0 }
        let receivers = Set(play.wanted.map(\.message.receiver)).sorted()
        return seconds.sorted().flatMap { second in
            KillPoint.allCases.flatMap { point in
                (point.isOfAMessage ? receivers : ["all"]).map { Kill(second: second, point: point, receiver: $0) }
            }
        }
    }

    @Test(arguments: [
        (KillPoint.beforeStoring, [2]), (.beforeSending, [2]), (.beforeTheRequest, [2]),
        (.beforeTheAnswerIsStored, [1, 2]), (.afterwards, [1]),
    ])
    func `The begin comes with the new start if it was not sent, and twice if its answer was not stored`(
        point: KillPoint, seconds: [Int]
    ) {
        let played = AcceptancePlay.merging.played(Kill(second: 1, point: point, receiver: "slack"))
        #expect(played.violations == [])
        #expect(played.arrived.map(\.second) == seconds + [15])
        #expect(Set(played.arrived.map(\.delivery.id)).count == 2)
    }

    @Test func `What begins while the agent is away is told when it is back`() {
        var play = AcceptancePlay.make("begins in an absence", 30, to: "slack") { play in
            play.at(5, .fires(AcceptancePlay.warning))
            play.at(20, .ends(AcceptancePlay.warning))
            play.want("slack", 10...10, .opened, .warning)
            play.want("slack", 20...20, .resolved, .warning)
        }
        play.absence = 2..<10
        #expect(play.played().violations == [])
    }

    @Test func `What ends while the agent is away is told when it is back`() {
        var play = AcceptancePlay.make("ends in an absence", 30, to: "slack") { play in
            play.at(1, .fires(AcceptancePlay.warning))
            play.at(5, .ends(AcceptancePlay.warning))
            play.want("slack", 1...1, .opened, .warning)
            play.want("slack", 10...10, .resolved, .warning)
        }
        play.absence = 2..<10
        #expect(play.played().violations == [])
    }

    @Test func `Who was to be told of the begin before the agent went is told of it, and then of the end`() {
        var play = AcceptancePlay.make("unsent before an absence", 60, to: "slack") { play in
            play.receivers["slack"] = ScriptedReceiver(from: 0, until: 3, .isUnavailable)
            play.at(1, .fires(AcceptancePlay.warning))
            play.at(5, .ends(AcceptancePlay.warning))
            play.want("slack", 10...12, .opened, .warning)
            play.want("slack", 10...12, .resolved, .warning)
        }
        play.absence = 2..<10
        #expect(play.played().violations == [])
    }
}
