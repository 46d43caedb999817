import LockkeeperCore
import PromQL

/// The plays in which the agent may be killed at any point, and the same is told.
///
/// The windows leave a second or two for a new start; where a receiver fails they leave what the backoff may take.
extension AcceptancePlay {
    static let warning = IncidentAlert.played(.warning), critical = IncidentAlert.played(.critical)

    static let all: [AcceptancePlay] = [
        merging, batching, joining, repeating, retrying, recovering, limiting, notHeard, resolving, flapping, silencing,
        silencedThroughout, silencedEnd, taking, falling, reloading, reloadingMeanwhile, acknowledging, migrating,
        failing, reloadingInTrouble, reloadingInPeace, keepingState,
    ]

    /// TestMergeAlerts: one alert, told anew with other words, is one alert.
    static let merging = make("merging", 20, to: "slack") { play in
        play.at(1, .fires(warning))
        play.at(5, .fires(.played(.warning, saying: "in other words")))
        play.at(15, .ends(warning))
        play.want("slack", 1...2, .opened, .warning)
        play.want("slack", 15...16, .resolved, .warning)
    }

    /// TestBatching: those that begin at once are one message, per rule and target.
    static let batching = make("batching", 20, to: "slack") { play in
        play.at(1, .fires(.played(.warning, of: "a")), .fires(.played(.warning, of: "b")))
        play.at(1, .fires(.played(.critical, "Full", of: "a")), .fires(.played(.critical, "Full", of: "b")))
        play.at(10, .ends(.played(.critical, "Full", of: "a")), .ends(.played(.critical, "Full", of: "b")))
        play.at(15, .ends(.played(.warning, of: "a")), .ends(.played(.warning, of: "b")))
        play.want("slack", 1...2, .opened, .critical, "Full")
        play.want("slack", 1...2, .opened, .warning)
        play.want("slack", 10...11, .resolved, .critical, "Full")
        play.want("slack", 15...16, .resolved, .warning)
    }

    /// That others of the rule join is told half a minute after the first of them, once, and of more of them after five minutes; that some of
    /// them are over is not told by itself.
    static let joining = make(
        "joining", 410, routes: [Route(receiver: "slack"), Route(receiver: "pager", severity: .critical)]
    ) { play in
        play.at(1, .fires(.played(.warning, of: "a")))
        play.at(4, .fires(.played(.warning, of: "b")))
        play.at(8, .fires(.played(.warning, of: "c")))
        play.at(10, .fires(.played(.warning, of: "brief")))
        play.at(20, .ends(.played(.warning, of: "brief")))
        play.at(40, .ends(.played(.warning, of: "a")))
        play.at(50, .fires(.played(.warning, of: "d")))
        play.at(60, .ends(.played(.warning, of: "c")))
        play.at(400, .ends(.played(.warning, of: "b")), .ends(.played(.warning, of: "d")))
        play.want("slack", 1...2, .opened, .warning)
        play.want("slack", 34...36, .changed, .warning)
        play.want("slack", 334...336, .changed, .warning)
        play.want("slack", 400...401, .resolved, .warning)
    }

    /// TestRepeat: what goes on is told again, and no more once it is over.
    static let repeating = make(
        "repeating", 45, routes: [Route(receiver: "slack", reminderInterval: .seconds(15)), Route(receiver: "mail")]
    ) { play in
        play.at(1, .fires(critical))
        play.at(35, .ends(critical))
        play.want("slack", 1...2, .opened, .critical)
        play.want("slack", 16...18, .reminder, .critical)
        play.want("slack", 31...34, .reminder, .critical)
        play.want("slack", 35...36, .resolved, .critical)
        play.want("mail", 1...2, .opened, .critical)
        play.want("mail", 35...36, .resolved, .critical)
    }

    /// TestRetry: one receiver is down for a while, and the healthy one gets no double.
    static let retrying = make("retrying", 90, to: "slack", "mail") { play in
        play.receivers["slack"] = ScriptedReceiver(from: 0, until: 12, .isUnavailable)
        play.at(1, .fires(warning))
        play.at(60, .ends(warning))
        play.want("slack", 12...45, .opened, .warning)
        play.want("slack", 60...61, .resolved, .warning)
        play.want("mail", 1...2, .opened, .warning)
        play.want("mail", 60...61, .resolved, .warning)
    }

    /// What a receiver missed comes in order, the end last, also if all was over before it was back.
    static let recovering = make("recovering", 120, to: "slack", "mail") { play in
        play.receivers["slack"] = ScriptedReceiver(from: 0, until: 20, .isUnavailable)
        play.at(1, .fires(warning))
        play.at(8, .fires(critical))
        play.at(15, .ends(warning), .ends(critical))
        for (receiver, last) in [("mail", 0), ("slack", 90)] {
            play.want(receiver, 1...2 + last, .opened, .warning)
            play.want(receiver, 8...9 + last, .escalated, .critical)
            play.want(receiver, 15...16 + last, .resolved, .critical)
        }
    }

    /// A receiver that asks for peace has it, and then gets what waited.
    static let limiting = make("limiting", 60, to: "slack", "mail") { play in
        play.receivers["slack"] = ScriptedReceiver(from: 0, until: 5, .asksToWait(10))
        play.at(1, .fires(warning))
        play.at(6, .fires(critical))
        play.at(40, .ends(warning), .ends(critical))
        for (receiver, last) in [("mail", 0), ("slack", 20)] {
            play.want(receiver, 1...2 + last, .opened, .warning)
            play.want(receiver, 6...7 + last, .escalated, .critical)
            play.want(receiver, 40...41, .resolved, .critical)
        }
    }

    /// A message whose answer is lost may come twice, and no other does.
    static let notHeard = make("an answer is lost", 60, to: "slack", "mail") { play in
        play.receivers["slack"] = ScriptedReceiver(from: 0, until: 5, .takesAndIsNotHeard)
        play.at(1, .fires(warning))
        play.at(40, .ends(warning))
        for receiver in ["mail", "slack"] {
            play.want(receiver, 1...2, .opened, .warning)
            play.want(receiver, 40...41, .resolved, .warning)
        }
    }

    /// TestResolved: each end is told to whom its begin was told, and to no other.
    static let resolving = make(
        "resolving", 20, routes: [Route(receiver: "slack"), Route(receiver: "pager", severity: .critical)]
    ) { play in
        play.at(1, .fires(warning), .fires(.played(.critical, "Full")))
        play.at(8, .ends(warning))
        play.at(12, .ends(.played(.critical, "Full")))
        play.want("slack", 1...2, .opened, .critical, "Full")
        play.want("slack", 1...2, .opened, .warning)
        play.want("slack", 8...9, .resolved, .warning)
        play.want("slack", 12...13, .resolved, .critical, "Full")
        play.want("pager", 1...2, .opened, .critical, "Full")
        play.want("pager", 12...13, .resolved, .critical, "Full")
    }

    /// What begins again is another incident.
    static let flapping = make("flapping", 30, to: "slack") { play in
        for begin in [1, 10, 20] {
            play.at(begin, .fires(warning))
            play.at(begin + 4, .ends(warning))
            play.want("slack", begin...begin + 1, .opened, .warning)
            play.want("slack", begin + 4...begin + 5, .resolved, .warning)
        }
    }
}

extension AcceptancePlay {
    static func make(
        _ name: String, _ length: Int, to receivers: String..., filled: (inout AcceptancePlay) -> Void
    ) -> AcceptancePlay {
        make(name, length, routes: receivers.map { Route(receiver: $0) }, filled: filled)
    }

    static func make(
        _ name: String, _ length: Int, routes: [Route], filled: (inout AcceptancePlay) -> Void
    ) -> AcceptancePlay {
        var play = AcceptancePlay(name, seconds: length, routes: routes)
        filled(&play)
        return play
    }
}
