/// Keeps the open incidents and decides who is told what: pure, so that what it decides can be stored in one transaction.
///
/// One incident per migration run; its begin, its alerts and its end are severities and entries of that one. All other alerts are grouped
/// by rule and target, and planned maintenance is an incident that concerns only whom the configuration names. Whoever was told that an
/// incident began is told how it ended.
///
/// Whether a receiver has to be told is a function of how the incident stands and of what the receiver has heard. So whatever held news
/// back (a silence, the hour of the day, a duration to wait for) needs no memory of its own: when it ends, what is still true is told.
public struct IncidentBook: Sendable, Hashable {
    public internal(set) var open: [String: Incident]
    /// Those that are over, of whose end some receivers are to be told when their hours begin, or when nothing mutes it any more.
    public internal(set) var owing: [String: Incident]
    /// Those that are in force or will be, by their ids; without the configured ones.
    public internal(set) var silences: [Silence.ID: Silence]
    public var policy: IncidentPolicy
    /// The open runs as last heard of, by incident.
    var runs: [String: MigrationRun] = [:]
    /// The newest of each key, as far as deliveries of it may be in the outbox.
    var pastEpisodes: [String: PastEpisode]
    /// Since when incidents have words that are not stored.
    var unstoredWords: [Incident.ID: Timestamp] = [:]

    /// A fall of severity is told after this long: an alert that resolves because its run ends is not news of its own.
    static let settling = Duration.seconds(5)

    /// That another alert of the same rule and target fires is told after this long, with those that have joined meanwhile.
    static let joining = Duration.seconds(30)

    /// A receiver is told of further ones of them at most once in this time.
    static let changing = Duration.seconds(300)

    /// Words of which only the numbers are new are stored after this long.
    static let wordsWait = Duration.seconds(30)

    /// - Parameters:
    ///   - incidents: the open ones, and those that are over and owe somebody their end.
    ///   - episodes: the newest of each key that is stored.
    ///   - runs: the open runs that go with `incidents` after a restart.
    public init(
        incidents: [Incident] = [], episodes: [String: PastEpisode] = [:], runs: [MigrationRun] = [],
        silences: [Silence] = [], policy: IncidentPolicy
    ) {
        let byID = Dictionary(incidents.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        open = byID.filter { $0.value.status == .open }
        owing = byID.filter { $0.value.status == .closed && !$0.value.owed.isEmpty }
        self.silences = Dictionary(silences.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.policy = policy
        pastEpisodes = episodes.merging(PastEpisode.newest(of: incidents)) { $0.number >= $1.number ? $0 : $1 }
        self.runs = Dictionary(
            runs.map { (Self.incidentID(ofRun: $0.id), $0) }, uniquingKeysWith: { first, _ in first })
    }

    public static func incidentID(ofRun run: String) -> String { "run-\(run)" }

    /// The number of a key's next episode.
    ///
    /// - Parameter least: what agents that have seen none before agree on.
    func nextEpisode(of key: String, from least: Int) -> Int {
        max(least, pastEpisodes[key].map { $0.number + 1 } ?? least)
    }

    /// Forgets the episodes of old of which nothing is stored any more.
    public mutating func forgetEpisodes(closedBefore time: Timestamp, exceptOf stored: [String: PastEpisode]) {
        pastEpisodes = pastEpisodes.filter { $0.value.closedAt >= time || stored[$0.key] != nil }
    }

    /// What has changed, collected while one step is taken.
    struct Ledger {
        var incidents: [String: Incident] = [:]
        var deliveries: [Delivery] = []

        var change: StateChange {
            StateChange(incidents: incidents.values.sorted { $0.id < $1.id }, deliveries: deliveries)
        }
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - events: what the trackers found out, in order.
    ///   - firing: all alerts that fire now; `nil` if the rules were not evaluated in this step.
    ///   - serverTimes: the clock of each target's server now, as far as it is known.
    /// - Returns: the incidents that changed and the deliveries that are planned.
    public mutating func advance(
        _ events: [RunEvent] = [], firing: [IncidentAlert]? = nil, at now: Timestamp,
        serverTimes: [String: Timestamp] = [:]
    ) -> StateChange {
        var ledger = Ledger()
        for event in events {
            take(event, at: now, serverTime: serverTimes[event.run.target] ?? now, into: &ledger)
        }
        if let firing {
            silences = silences.filter { $0.value.end > now }
            reconcile(firing, at: now, serverTimes: serverTimes, into: &ledger)
            payDebts(at: now, into: &ledger)
            announceMaintenance(at: now, into: &ledger)
        }
        return ledger.change
    }

    /// Closes what belongs to targets that are watched no longer, and tells so. Maintenance is planned by the configuration, not seen.
    public mutating func close(targetsOtherThan targets: Set<String>, at now: Timestamp) -> StateChange {
        var ledger = Ledger()
        for var incident in open.values.sorted(by: { $0.id < $1.id })
        where !incident.isMaintenance && !incident.target.isEmpty && !targets.contains(incident.target) {
            incident.facts.summary = "\(incident.target) is no longer watched: it was removed from the configuration."
            incident.facts.actions = []
            incident.unwatchedSince = now
            incident.note("No longer watched.", incident.severity, at: now)
            close(&incident, title: "\(incident.target) is no longer watched", at: now, serverTime: now, into: &ledger)
            runs[incident.id] = nil
        }
        return ledger.change
    }
}
