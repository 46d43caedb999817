import LockkeeperCore
import LockkeeperNotify
import PromQL

/// A play in virtual time, in the language of Alertmanager's acceptance tests: alerts fire and end at some seconds, receivers answer
/// as scripted, and messages are wanted between some seconds, these and no others.
///
/// The incident book and the couriers' lanes are the real ones. The rules are evaluated once a second.
struct AcceptancePlay: CustomStringConvertible {
    let name: String
    let length: Int
    var receivers: [String: ScriptedReceiver]
    var acts: [Int: [PlayedAct]] = [:]
    var wanted: [(message: WantedMessage, seconds: ClosedRange<Int>)] = []
    var kill: Kill?
    /// The agent does not run within these seconds.
    var absence: Range<Int>?
    /// Whether all that began is over at the end.
    var endsInPeace = true

    // What the agent remembers.
    var book: IncidentBook
    var lanes: [String: CourierLane] = [:]
    var wakeAt: [String: Timestamp] = [:]
    // What outlives it.
    var stored = StoredState()
    var outbox = OutboxModel()
    // The world.
    var firing: [[String: String]: IncidentAlert] = [:]
    var events: [RunEvent] = []
    var second = 0
    // What has happened.
    var arrived: [ArrivedMessage] = []
    var attempts: [String: Int] = [:]
    /// How often each delivery may have come twice, by no fault of the agent.
    var excused: [Delivery.ID: Int] = [:]
    var peaceUntil: [String: Int] = [:]
    /// The seconds in which something was stored or sent.
    var busy: Set<Int> = []
    var violations: [String] = []

    struct StoredState {
        var incidents: [Incident.ID: Incident] = [:]
        var silences: [Silence.ID: Silence] = [:]
        var runs: [String: MigrationRun] = [:]
    }

    init(
        _ name: String, seconds length: Int, routes: [Route], receivers: [String: ScriptedReceiver] = [:]
    ) {
        (self.name, self.length, self.receivers) = (name, length, receivers)
        book = IncidentBook(policy: IncidentPolicy(routes: routes))
        configureLanes()
    }

    var description: String { name }

    static func time(_ second: Int) -> Timestamp { .courierNoon + .seconds(second) }

    var now: Timestamp { Self.time(second) }

    mutating func at(_ second: Int, _ acts: PlayedAct...) { self.acts[second, default: []] += acts }

    /// In the order in which the receiver is to get them.
    mutating func want(
        _ receiver: String, _ seconds: ClosedRange<Int>, _ reason: Notification.Reason, _ severity: Severity,
        _ about: String = "Down"
    ) {
        wanted.append((WantedMessage(receiver, reason, severity, about), seconds))
    }

    mutating func configureLanes() {
        let names = Set(book.policy.routes.map(\.receiver))
        lanes = lanes.filter { names.contains($0.key) }
        for name in names {
            lanes[name]?.reconfigured()
            if lanes[name] == nil { lanes[name] = CourierLane(receiver: name) }
            wakeAt[name] = now
        }
    }
}

extension PlayedAct {
    static func silence(until end: Int, from begin: Int, _ matchers: LabelMatcher...) -> PlayedAct {
        .silence(
            Silence(
                id: "s1", matchers: matchers, begin: AcceptancePlay.time(begin), end: AcceptancePlay.time(end),
                author: "anna"))
    }
}

extension IncidentAlert {
    static func played(
        _ severity: Severity, _ name: String = "Down", target: String = "app", of what: String = "", run: String? = nil,
        saying summary: String? = nil
    ) -> IncidentAlert {
        var labels = ["alertname": name, "severity": severity.rawValue, "target": target]
        if !what.isEmpty { labels["what"] = what }
        labels["run"] = run
        return IncidentAlert(
            name: name, severity: severity, labels: labels, annotations: ["summary": summary ?? name],
            activeAt: .courierNoon)
    }
}

extension MigrationRun {
    static func played(ended second: Int? = nil, _ outcome: Outcome? = nil) -> MigrationRun {
        MigrationRun(
            id: "r1", target: "app", database: "shop", tool: "drizzle", user: "deploy",
            sessions: [.init(pid: 100, backendStart: .courierNoon)], begin: .courierNoon,
            end: second.map(AcceptancePlay.time), outcome: outcome)
    }
}
