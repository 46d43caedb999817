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
        let receivers = Set(play.wanted.map(\.message.receiver)).sorted()
        for second in 0..<play.length - 1 {
            for point in KillPoint.allCases {
                for receiver in receivers {
                    let kill = Kill(second: second, point: point, receiver: receiver)
                    let played = play.played(kill)
                    #expect(played.violations == [], "\(kill)")
                    let doubles = played.arrived.count - Set(played.arrived.map(\.delivery.id)).count
                    if receiver != "slack", play.receivers["slack"] == nil {
                        #expect(doubles <= 1, "\(kill)")
                    }
                    if !played.violations.isEmpty { return }
                }
            }
        }
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
