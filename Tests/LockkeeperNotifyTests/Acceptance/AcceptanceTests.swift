import LockkeeperCore
import LockkeeperNotify
import PromQL
import Testing

@Suite("Alertmanager's acceptance plays")
struct AcceptanceTests {
    @Test(arguments: AcceptancePlay.all)
    func `Each receiver gets the wanted messages in their time, and no others`(play: AcceptancePlay) {
        let played = play.played()
        #expect(played.violations == [])
        for receiver in Set(played.arrived.map(\.delivery.receiver)) where play.receivers[receiver] == nil {
            #expect(played.attempts[receiver] == played.got(receiver).count, "a healthy receiver is asked once")
        }
    }

    @Test func `A receiver in trouble is asked ever less often`() {
        let played = AcceptancePlay.retrying.played()
        // At 1, 3 and 7 s, then every probe until 12 s, and the end.
        #expect(played.attempts["slack"].map { 5...7 ~= $0 } == true, "\(played.attempts)")
    }

    @Test func `After a reload a receiver in trouble is tried at once`() {
        #expect(AcceptancePlay.reloadingInTrouble.played().got("slack").map(\.second) == [8, 30])
    }

    @Test func `A message whose answer is lost comes again with the same id, and only that one`() {
        let played = AcceptancePlay.notHeard.played()
        let copies = Dictionary(grouping: played.arrived, by: \.delivery.id).mapValues(\.count)
        #expect(copies.values.sorted().dropLast() == [1, 1, 1])
        #expect(copies.values.max().map { $0 > 1 } == true)
    }

    @Test func `Those that begin at once are one message that counts them`() {
        let opened = AcceptancePlay.batching.played().arrived.filter { $0.delivery.notification.reason == .opened }
        #expect(opened.map(\.delivery.notification.alerts.count) == [2, 2])
        #expect(opened.map(\.delivery.notification.title) == ["Full (and 1 more)", "Down (and 1 more)"])
    }

    @Test func `What a receiver refuses is not sent again, and what comes after it is told`() {
        var play = AcceptancePlay.make("refusing", 30, to: "slack", "mail") { play in
            play.receivers["slack"] = ScriptedReceiver(from: 0, until: 5, .refuses)
            play.at(1, .fires(AcceptancePlay.warning))
            play.at(20, .ends(AcceptancePlay.warning))
            play.want("slack", 20...20, .resolved, .warning)
            play.want("mail", 1...1, .opened, .warning)
            play.want("mail", 20...20, .resolved, .warning)
        }
        play = play.played()
        #expect(play.violations == [])
        #expect(play.attempts == ["slack": 2, "mail": 2])
    }

    @Test func `Two rules on a target are two incidents, and each ends for itself`() {
        let play = AcceptancePlay.make("an orphan", 30, to: "slack") { play in
            play.at(2, .fires(.played(.warning, "Lagging")))
            play.at(8, .ends(.played(.warning, "Lagging")), .fires(.played(.critical, "LaggingFar")))
            play.at(20, .ends(.played(.critical, "LaggingFar")))
            play.want("slack", 2...2, .opened, .warning, "Lagging")
            // The worse comes first, so that nobody believes that all is well.
            play.want("slack", 8...8, .opened, .critical, "LaggingFar")
            play.want("slack", 8...8, .resolved, .warning, "Lagging")
            play.want("slack", 20...20, .resolved, .critical, "LaggingFar")
        }
        #expect(play.played().violations == [])
    }
}
