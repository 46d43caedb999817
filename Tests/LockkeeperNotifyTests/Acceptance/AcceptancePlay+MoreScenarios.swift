import LockkeeperCore
import PromQL

/// Silences, severities, reloads and migrations.
extension AcceptancePlay {
    private static let everything = LabelMatcher("target", is: "app")

    /// TestSilencing: one is silenced, the other is told; what is still true after the silence is told then.
    static let silencing = make("silencing", 40, to: "slack") { play in
        play.at(2, .silence(until: 20, from: 2, LabelMatcher("alertname", is: "Full")))
        play.at(5, .fires(warning), .fires(.played(.critical, "Full")))
        play.at(30, .ends(warning))
        play.at(32, .ends(.played(.critical, "Full")))
        play.want("slack", 5...6, .opened, .warning)
        play.want("slack", 20...21, .opened, .critical, "Full")
        play.want("slack", 30...31, .resolved, .warning)
        play.want("slack", 32...33, .resolved, .critical, "Full")
    }

    /// What begins and ends in a silence is nobody's news.
    static let silencedThroughout = make("silenced throughout", 40, to: "slack") { play in
        play.at(2, .silence(until: 20, from: 2, everything))
        play.at(5, .fires(warning))
        play.at(15, .ends(warning))
    }

    /// A silence holds back that it became worse, and not that it is over.
    static let silencedEnd = make("silenced at its end", 40, to: "slack") { play in
        play.at(2, .fires(warning))
        play.at(5, .silence(until: 35, from: 5, everything))
        play.at(8, .fires(critical))
        play.at(15, .ends(warning), .ends(critical))
        play.want("slack", 2...3, .opened, .warning)
        play.want("slack", 15...16, .resolved, .critical)
    }

    /// TestInhibiting, and its orphan: the rule's critical alert takes the place of its warning, and nobody is told that all is well.
    static let taking = make(
        "the critical takes the place of the warning", 40,
        routes: [Route(receiver: "slack"), Route(receiver: "pager", severity: .critical)]
    ) { play in
        play.at(2, .fires(warning))
        play.at(8, .ends(warning), .fires(critical))
        play.at(20, .ends(critical))
        play.want("slack", 2...3, .opened, .warning)
        play.want("slack", 8...9, .escalated, .critical)
        play.want("slack", 20...21, .resolved, .critical)
        play.want("pager", 8...9, .opened, .critical)
        play.want("pager", 20...21, .resolved, .critical)
    }

    /// And back: the fall is told once it has settled, to all who know of the rise.
    static let falling = make(
        "the warning takes the place of the critical", 40,
        routes: [Route(receiver: "slack"), Route(receiver: "pager", severity: .critical)]
    ) { play in
        play.at(2, .fires(critical))
        play.at(10, .ends(critical), .fires(warning))
        play.at(30, .ends(warning))
        for receiver in ["slack", "pager"] {
            play.want(receiver, 2...3, .opened, .critical)
            play.want(receiver, 15...17, .deescalated, .warning)
            play.want(receiver, 30...31, .resolved, .warning)
        }
    }

    /// A reload tells nothing again.
    static let reloading = make("reloading", 30, to: "slack") { play in
        play.at(2, .fires(warning))
        for second in [2, 3, 10, 21] { play.at(second, .reload([Route(receiver: "slack")])) }
        play.at(20, .ends(warning))
        play.want("slack", 2...3, .opened, .warning)
        play.want("slack", 20...21, .resolved, .warning)
    }

    /// A receiver that comes with a reload hears of what goes on; another whose route no longer leads to it hears how it ends.
    static let reloadingMeanwhile = make(
        "reloading meanwhile", 30, routes: [Route(receiver: "slack"), Route(receiver: "pager")]
    ) { play in
        play.at(2, .fires(warning))
        play.at(
            10,
            .reload([
                Route(receiver: "slack"), Route(receiver: "pager", severity: .critical), Route(receiver: "mail"),
            ]))
        play.at(20, .ends(warning))
        play.want("slack", 2...3, .opened, .warning)
        play.want("slack", 20...21, .resolved, .warning)
        play.want("pager", 2...3, .opened, .warning)
        play.want("pager", 20...21, .resolved, .warning)
        play.want("mail", 10...11, .opened, .warning)
        play.want("mail", 20...21, .resolved, .warning)
    }

    /// A reload does not wait for the backoff of a receiver in trouble, as a new start does, and doubles nothing at the healthy one.
    static let reloadingInTrouble = make("reloading with a receiver in trouble", 40, to: "slack", "mail") { play in
        play.receivers["slack"] = ScriptedReceiver(from: 0, until: 8, .isUnavailable)
        play.at(1, .fires(warning))
        for second in [4, 8] { play.at(second, .reload([Route(receiver: "slack"), Route(receiver: "mail")])) }
        play.at(30, .ends(warning))
        play.want("slack", 8...24, .opened, .warning)
        play.want("slack", 30...31, .resolved, .warning)
        play.want("mail", 1...2, .opened, .warning)
        play.want("mail", 30...31, .resolved, .warning)
    }

    /// A reload does not break the peace that a receiver has asked for.
    static let reloadingInPeace = make("reloading with a receiver that wants peace", 60, to: "slack", "mail") { play in
        play.receivers["slack"] = ScriptedReceiver(from: 0, until: 5, .asksToWait(10))
        play.at(1, .fires(warning))
        play.at(7, .reload([Route(receiver: "slack"), Route(receiver: "mail")]))
        play.at(40, .ends(warning))
        play.want("slack", 5...25, .opened, .warning)
        play.want("slack", 40...41, .resolved, .warning)
        play.want("mail", 1...2, .opened, .warning)
        play.want("mail", 40...41, .resolved, .warning)
    }

    /// Who is told that somebody looks after it is not reminded, until it becomes worse.
    static let acknowledging = make(
        "acknowledging", 70, routes: [Route(receiver: "slack", reminderInterval: .seconds(15))]
    ) { play in
        play.at(2, .fires(warning))
        play.at(10, .acknowledge)
        play.at(40, .fires(critical))
        play.at(60, .ends(warning), .ends(critical))
        play.want("slack", 2...3, .opened, .warning)
        play.want("slack", 10...11, .acknowledged, .warning)
        play.want("slack", 40...41, .escalated, .critical)
        play.want("slack", 55...57, .reminder, .critical)
        play.want("slack", 60...61, .resolved, .critical)
    }

    /// A migration and its alerts are one incident: the end of an alert that its own end brings is no news.
    static let migrating = make(
        "migrating", 60, routes: [Route(receiver: "slack"), Route(receiver: "pager", severity: .critical)]
    ) { play in
        let long = IncidentAlert.played(.warning, "Long", run: "r1")
        let blocked = IncidentAlert.played(.critical, "Blocked", run: "r1")
        play.at(2, .run(.started(.played())))
        play.at(10, .fires(long))
        play.at(15, .fires(blocked))
        play.at(20, .ends(blocked))
        play.at(40, .ends(long))
        play.at(42, .run(.ended(.played(ended: 42, .committed(versions: [])))))
        play.want("slack", 2...3, .opened, .info, "the migration")
        play.want("slack", 10...11, .escalated, .warning, "the migration")
        play.want("slack", 15...16, .escalated, .critical, "the migration")
        play.want("slack", 25...27, .deescalated, .warning, "the migration")
        play.want("slack", 42...43, .resolved, .warning, "the migration")
        play.want("pager", 15...16, .opened, .critical, "the migration")
        play.want("pager", 25...27, .deescalated, .warning, "the migration")
        play.want("pager", 42...43, .resolved, .warning, "the migration")
    }

    /// A receiver that keeps how things stand is spared what was meanwhile when it was away; its acknowledgement is none of that.
    static let keepingState = make("keeping state", 160, to: "pager", "slack") { play in
        play.book.policy.stateReceivers = ["pager"]
        for receiver in ["pager", "slack"] {
            play.receivers[receiver] = ScriptedReceiver(from: 4, until: 60, .isUnavailable)
        }
        play.at(1, .fires(warning))
        play.at(6, .fires(critical))
        play.at(10, .acknowledge)
        play.at(20, .ends(critical))
        play.at(30, .fires(critical))
        play.at(150, .ends(warning), .ends(critical))
        play.want("pager", 1...2, .opened, .warning)
        play.want("pager", 60...125, .acknowledged, .critical)
        play.want("pager", 60...125, .escalated, .critical)
        play.want("pager", 150...151, .resolved, .critical)
        play.want("slack", 1...2, .opened, .warning)
        play.want("slack", 60...125, .escalated, .critical)
        play.want("slack", 60...125, .acknowledged, .critical)
        play.want("slack", 60...125, .deescalated, .warning)
        play.want("slack", 60...125, .escalated, .critical)
        play.want("slack", 150...151, .resolved, .critical)
    }

    /// A migration that fails is told to whom only failures matter, once.
    static let failing = make(
        "failing", 30, routes: [Route(receiver: "slack"), Route(receiver: "pager", severity: .critical)]
    ) { play in
        play.at(2, .run(.started(.played())))
        play.at(10, .run(.ended(.played(ended: 10, .failed(evidence: "it broke")))))
        play.want("slack", 2...3, .opened, .info, "the migration")
        play.want("slack", 10...11, .resolved, .critical, "the migration")
        play.want("pager", 10...11, .resolved, .critical, "the migration")
    }
}
