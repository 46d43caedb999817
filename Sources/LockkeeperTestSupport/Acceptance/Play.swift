public import LockkeeperCore

/// An acceptance test in virtual time: at these times that happens, between those times this is to be told.
///
/// The agent's real decisions run over a pretended server: it looks at the pace of the shipped configuration, evaluates the rules every
/// second, and keeps what it must in a store that outlives it. Whatever is told and not wanted is a discrepancy, too.
public struct Play {
    public typealias Act = (inout Scene) throws -> Void

    private var scene: Scene
    private var acts: [(at: Duration, act: Act)] = []
    private var wanted: [Wanted] = []

    /// A message that is to come.
    struct Wanted: Sendable {
        var receiver: String
        var reason: Notification.Reason
        var severity: Severity?
        var window: ClosedRange<Duration>
        /// A part of its title or summary.
        var text: String
        /// The length that it tells, to the second.
        var length: Duration?
    }

    /// - Parameters:
    ///   - rules: the groups of all rule files.
    ///   - routes: who is told what.
    ///   - folder: the folder of migrations, where the agent has one.
    ///   - isWatchedFromStart: whether the agent runs when the play begins.
    public init(
        rules: [RuleGroup], routes: [Route], folder: MigrationFolder? = nil, isWatchedFromStart: Bool = true
    ) {
        scene = Scene(rules: rules, routes: routes, folder: folder)
        if isWatchedFromStart { at(.zero) { try $0.startAgent() } }
    }

    /// Something happens, so long after the play's begin.
    public mutating func at(_ time: Duration, _ act: @escaping Act) {
        acts.append((time, act))
    }

    /// A message is wanted within the window, exactly one.
    ///
    /// - Parameters:
    ///   - severity: `nil` if any will do.
    ///   - text: a part of its title or summary.
    ///   - length: how long it says that the thing has lasted, to the second.
    public mutating func expect(
        _ receiver: String, _ reason: Notification.Reason, _ severity: Severity? = nil,
        between earliest: Duration, and latest: Duration, saying text: String = "", lasting length: Duration? = nil
    ) {
        wanted.append(
            Wanted(
                receiver: receiver, reason: reason, severity: severity, window: earliest...latest, text: text,
                length: length))
    }

    /// How a play went.
    public struct Record: Sendable {
        /// Wanted and not told, or told and not wanted: a line each.
        public var discrepancies: [String]
        /// In the order in which they were opened.
        public var incidents: [Incident]
        /// The runs that have ended, in that order.
        public var endedRuns: [MigrationRun]
        /// The rules that could not be evaluated.
        public var failures: [String]
    }

    /// Plays it from begin to end.
    public consuming func perform(until end: Duration) async throws -> Record {
        var scene = scene
        var acts = acts.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        acts.reverse()
        var time = Duration.zero
        while time <= end {
            scene.server.wait(until: time)
            var hasChanged = false
            while let next = acts.last, next.at <= time {
                try next.act(&scene)
                acts.removeLast()
                hasChanged = true
            }
            try scene.step(hasChanged: hasChanged)
            time += Scene.pace
            // Other tests share the threads.
            if time.components.attoseconds == 0 { await Task.yield() }
        }
        return Record(
            discrepancies: compare(scene.store.deliveries, told: scene.skew), incidents: scene.store.allIncidents,
            endedRuns: scene.store.endedRuns, failures: scene.failures)
    }

    private func compare(_ deliveries: [Delivery], told skew: Duration) -> [String] {
        var unwanted = deliveries.map { (at: $0.plannedAt - Stage.origin - skew, delivery: $0) }
        var lines: [String] = []
        for wanted in wanted {
            let index = unwanted.firstIndex { wanted.isMet(by: $0.delivery, at: $0.at) }
            if let index { unwanted.remove(at: index) } else { lines.append("missing: \(wanted)") }
        }
        return lines
            + unwanted.map { at, delivery in
                let notification = delivery.notification
                return
                    "not wanted: \(delivery.receiver) \(notification.reason) \(notification.severity) at \(at.inSeconds) s, "
                    + "lasting \(notification.duration.inSeconds) s: \(notification.title) / \(notification.facts.summary)"
            }
    }
}

extension Play.Wanted: CustomStringConvertible {
    func isMet(by delivery: Delivery, at time: Duration) -> Bool {
        let notification = delivery.notification
        return delivery.receiver == receiver && notification.reason == reason
            && severity.map { $0 == notification.severity } ?? true && window.contains(time)
            && (text.isEmpty || notification.title.contains(text) || notification.facts.summary.contains(text))
            && (length.map { abs((notification.duration - $0).inSeconds) <= 1 } ?? true)
    }

    var description: String {
        "\(receiver) \(reason)\(severity.map { " \($0)" } ?? "") between \(window.lowerBound.inSeconds) s and "
            + "\(window.upperBound.inSeconds) s\(text.isEmpty ? "" : " saying \(text)")"
            + "\(length.map { " lasting \($0.inSeconds) s" } ?? "")"
    }
}

extension Duration {
    public static func minutes(_ minutes: Int) -> Duration { .seconds(minutes * 60) }
}
