import LockkeeperCore
import PromQL

/// A random life of an incident book in virtual time: runs and alerts that come and go, silences, maintenance, acknowledgements,
/// reloads, targets that are away for a moment, and crashes before and after storing; and what must hold of it whatever happens.
///
/// The same seed is the same life. What is checked is reckoned anew from the configuration and from what was seen, not taken from the book.
public struct IncidentWorld {
    public private(set) var violations: [String] = []
    public private(set) var deliveryCount = 0

    private var random: SeededGenerator
    private var now = CivilTime(year: 2026, month: 11, day: 30).timestamp
    private var book: IncidentBook
    private var stored = Stored()
    private var runs: [String: MigrationRun] = [:]
    private var runCount = 0
    private var alerts: [String: IncidentAlert] = [:]
    private var silenceCount = 0
    /// What each receiver got, by episode and receiver.
    private var lanes: [String: [Delivery]] = [:]
    /// The last of them of each incident.
    private var newest: [Lane: Delivery] = [:]
    private var seen: [Incident.ID: Seen] = [:]
    /// What was told under each id.
    private var told: [Delivery.ID: Delivery] = [:]
    /// When each episode of each key was opened.
    private var episodes: [String: [Int: Timestamp]] = [:]
    /// The alerts that the book was last told to be firing.
    private var known: [IncidentAlert] = []
    /// The bad ends that were silenced and are to be told later.
    private var heldBack: [Incident.ID: HeldBack] = [:]
    /// Who is not to be told of an end any more, since a later run has ended.
    private var forgiven: Set<Lane> = []
    /// When each receiver was last told of each alert of an incident.
    private var heard: [Lane: [[String: String]: Timestamp]] = [:]
    /// When each receiver was last told that alerts have joined.
    private var changed: [Lane: Timestamp] = [:]
    /// Since when each alert of an incident fires and is silenced neither itself nor with it; none if it ever was.
    private var audible: [Incident.ID: [[String: String]: Timestamp?]] = [:]
    private var trace: [(at: Timestamp, what: Happening)] = []

    private struct Lane: Hashable {
        var incident: Incident.ID
        var receiver: String
    }

    /// What happened, to be put into words only where something is broken.
    private enum Happening: CustomStringConvertible {
        case silence(Silence)
        case expiry(Silence.ID)
        case acknowledgement(Incident.ID)
        case reload, crash, killBeforeStoring, end
        case returning(target: String)
        case step([RunEvent], firing: [IncidentAlert])
        case message(Delivery)

        var description: String {
            switch self {
            case .silence(let silence): "silence \(silence.matchers) \(silence.id)"
            case .expiry(let id): "expire \(id)"
            case .acknowledgement(let id): "acknowledge \(id)"
            case .reload: "reload"
            case .crash: "crash"
            case .killBeforeStoring: "killed before storing"
            case .end: "everything ends"
            case .returning(let target): "\(target) is watched again"
            case .step(let events, let firing):
                "\(events.map { "\($0.run.id) \($0.run.outcome?.label ?? "begins")" }) firing "
                    + "\(firing.map { "\($0.name) \($0.severity)" })"
            case .message(let delivery):
                "→ \(delivery.receiver) \(delivery.incidentID) \(delivery.notification.reason) "
                    + "\(delivery.notification.severity)"
            }
        }
    }

    /// What outlives a crash.
    private struct Stored {
        var incidents: [Incident.ID: Incident] = [:]
        var silences: [Silence.ID: Silence] = [:]
        var runs: [String: MigrationRun] = [:]
    }

    /// What was seen of an incident, as far as routes ask for it.
    private struct Seen {
        var severity = Severity.info
        var since: [Severity: Timestamp] = [:]
        var acknowledged: (at: Timestamp, severity: Severity)?
        /// When the last acknowledgement ceased to hold because of a rise, or a silence ended.
        var callsFrom: Timestamp?
        var isMuted = false
    }

    /// A bad end that was silenced.
    private struct HeldBack {
        var run: MigrationRun
        var severity: Severity
        /// Who is to be told when nothing silences it any more.
        var receivers: Set<String>
        var isSilenced = true
    }

    private static let receivers = ["slack", "mail", "pager", "board"]
    private static let targets = ["app", "shop"]

    public init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        book = IncidentBook(policy: IncidentPolicy())
        book.policy = policy()
    }

    /// Lives for so many steps, lets everything end, and sees who was told what.
    public mutating func live(steps: Int) {
        for _ in 0..<steps where violations.isEmpty { step() }
        settle()
        guard !violations.isEmpty else { return }
        let story = trace.suffix(25).map { "\n  \($0.at.readable) \($0.what)" }.joined()
        for index in violations.indices { violations[index] += story }
    }

    // MARK: - What happens

    private mutating func step() {
        pass(.seconds(random.pick([1, 1, 2, 7, 30, 61, 300, 1200, 7200, 30_000])))
        var events: [RunEvent] = []
        for _ in 0..<random.pick([1, 1, 2, 3]) {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<14: events += begin()
            case 14..<22: events += end()
            case 22..<30: events += discover()
            case 30..<58: change()
            case 58..<66: silence()
            case 66..<72: expire()
            case 72..<80: acknowledge()
            case 80..<86: reload()
            case 86..<90: crash()
            case 90..<94: events += comeBack()
            default: break
            }
        }
        take(events)
    }

    private mutating func pass(_ duration: Duration) { now = now + duration }

    private mutating func begin() -> [RunEvent] {
        guard runs.count < 3 else { return [] }
        runCount += 1
        let run = MigrationRun(
            id: "r\(runCount)", target: random.pick(Self.targets), database: "db",
            tool: random.pick(["drizzle", "psql"]),
            user: "deploy", sessions: [.init(pid: Int32(runCount), backendStart: now)], begin: now)
        runs[run.id] = run
        return [.started(run)]
    }

    private mutating func end() -> [RunEvent] {
        guard let id = runs.keys.sorted().first(where: { _ in random.chance(60) }),
            var run = runs.removeValue(forKey: id)
        else { return [] }
        (run.end, run.outcome) = (now, outcome())
        return [.ended(run)]
    }

    private mutating func discover() -> [RunEvent] {
        runCount += 1
        return [
            .discovered(
                MigrationRun(
                    id: "r\(runCount)", target: random.pick(Self.targets), database: "db", tool: "drizzle",
                    user: "deploy", sessions: [], begin: now - .seconds(1), end: now, outcome: outcome()))
        ]
    }

    private mutating func outcome() -> Outcome {
        random.pick([.committed(versions: []), .failed(evidence: "it broke"), .lost(evidence: "nobody knows")])
    }

    /// An alert comes or goes.
    private mutating func change() {
        let name = random.pick(["Down", "Lag", "Long", "Blocked", "Refused"])
        let severity = random.pick(Severity.allCases)
        var labels = ["alertname": name, "severity": severity.rawValue]
        if name == "Long" || name == "Blocked" {
            guard let run = runs.values.sorted(by: { $0.id < $1.id }).first(where: { _ in random.chance(60) }) else {
                return
            }
            (labels["run"], labels["target"]) = (run.id, run.target)
        } else if name == "Refused" {
            labels["receiver"] = random.pick(Self.receivers)
        } else {
            labels["target"] = random.pick(Self.targets)
        }
        let key = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        if alerts.removeValue(forKey: key) == nil {
            alerts[key] = IncidentAlert(
                name: name, severity: severity, labels: labels, annotations: ["summary": name], activeAt: now)
        }
    }

    private mutating func matchers() -> [LabelMatcher] {
        let label = random.pick([
            ("target", random.pick(Self.targets)), ("alertname", random.pick(["Down", "Long", "Blocked"])),
            ("severity", "critical"), ("tool", "psql"), ("incident", book.open.keys.sorted().first ?? "none"),
        ])
        return [LabelMatcher(label.0, is: label.1)]
    }

    private mutating func silence() {
        silenceCount += 1
        let begin = now + .seconds(random.pick([0, 0, 60, 1000]))
        let silence = Silence(
            id: "s\(silenceCount)", matchers: matchers(), begin: begin,
            end: begin + .seconds(random.pick([5, 60, 600, 20_000])), author: "anna")
        note(.silence(silence))
        commit(book.add(silence))
    }

    private mutating func expire() {
        guard let id = book.silences.keys.sorted().first, let change = book.expire(id, at: now) else { return }
        note(.expiry(id))
        commit(change)
    }

    private mutating func acknowledge() {
        guard let id = book.open.keys.sorted().first(where: { _ in random.chance(50) }) else { return }
        let before = book
        guard let change = book.acknowledge(id, by: "anna", at: now) else { return }
        note(.acknowledgement(id))
        if random.chance(10) {
            // Killed before it was stored: whoever asked gets no answer, and nothing has happened.
            book = before
            return
        }
        let severity = seen[id]?.severity ?? .info
        seen[id]?.acknowledged = (now, severity)
        commit(change)
    }

    private mutating func reload() {
        note(.reload)
        book.policy = policy()
    }

    /// A target is not watched for a moment: what goes on there is taken up again, runs under the same names.
    private mutating func comeBack() -> [RunEvent] {
        let target = random.pick(Self.targets)
        note(.returning(target: target))
        for incident in book.open.values where incident.target == target {
            seen[incident.id] = nil
            audible[incident.id] = nil
        }
        commit(book.close(targetsOtherThan: Set(Self.targets).subtracting([target]), at: now))
        return runs.values.filter { $0.target == target }.sorted { $0.id < $1.id }.map { .started($0) }
    }

    /// Killed: what was not stored is gone, and the book is made anew from what was.
    private mutating func crash() {
        note(.crash)
        book = IncidentBook(
            incidents: stored.incidents.values.filter { $0.status == .open || !$0.owed.isEmpty },
            episodes: PastEpisode.newest(of: stored.incidents.values),
            runs: Array(stored.runs.values), silences: stored.silences.values.filter { $0.end > now },
            policy: book.policy)
    }

    private mutating func policy() -> IncidentPolicy {
        var routes: [Route] = []
        for receiver in Self.receivers {
            for _ in 0..<random.pick([0, 1, 1, 2]) {
                var route = Route(receiver: receiver, severity: random.pick(Severity.allCases))
                if random.chance(20) { route.match = ["target": random.pick(Self.targets)] }
                if random.chance(10) { route.matchers = [LabelMatcher("tool", is: "psql")] }
                if random.chance(20) { route.minimumDuration = .seconds(random.pick([5, 60, 1000])) }
                if random.chance(20) { route.reminderInterval = .seconds(random.pick([60, 3600])) }
                if random.chance(20) { route.unacknowledgedFor = .seconds(random.pick([30, 600])) }
                if random.chance(15), route.unacknowledgedFor == nil { route.isDigest = true }
                if random.chance(20) {
                    route.activeHours = [
                        ActiveHours(
                            days: [.monday, .tuesday, .saturday], from: 60 * random.pick([8, 20]),
                            until: 60 * random.pick([4, 18]))
                    ]
                }
                routes.append(route)
            }
        }
        var maintenance: [Silence] = []
        if random.chance(15) {
            maintenance = [
                Silence(
                    id: "maintenance-1", matchers: matchers(), begin: now, end: now + .seconds(5000),
                    author: "the configuration")
            ]
        }
        return IncidentPolicy(
            routes: routes, stateReceivers: random.chance(50) ? ["board", "pager"] : [], maintenance: maintenance,
            planned: planned())
    }

    /// Planned maintenance: often as it was, else otherwise, taken out or new.
    private mutating func planned() -> [PlannedMaintenance] {
        ["move", "upgrade"].compactMap { name in
            let before = book.policy.planned.first { $0.name == name }
            if before != nil, random.chance(50) { return before }
            guard random.chance(40) else { return nil }
            let begin = now + .seconds(random.pick([-1000, 0, 60, 5000, 40_000]))
            return PlannedMaintenance(
                name: name, target: random.pick(["", "app"]),
                window: MaintenanceWindow(
                    begin: begin, end: begin + .seconds(random.pick([30, 900, 20_000])),
                    comment: random.pick([nil, "new hardware"])),
                announce: Self.receivers.filter { _ in random.chance(50) })
        }
    }

    // MARK: - Steps of the book

    private mutating func take(_ events: [RunEvent]) {
        if random.chance(8) {
            // Killed between the step and its storing: the trackers, whose memory is as old, tell it again.
            _ = book.advance(events, firing: firing, at: now)
            note(.killBeforeStoring)
            crash()
            pass(.seconds(1))
        }
        known = firing
        let change = book.advance(events, firing: firing, at: now)
        for event in events {
            stored.runs[event.run.id] = event.run.end == nil ? event.run : nil
        }
        note(.step(events, firing: firing))
        commit(change)
        for (id, incident) in book.open { observe(id, incident) }
        checkSilence(change)
        checkEveryoneWasTold()
        checkJoined()
        checkMaintenance()
        checkHeldBack(events)
    }

    private var firing: [IncidentAlert] { alerts.sorted { $0.key < $1.key }.map(\.value) }

    private mutating func commit(_ change: StateChange) {
        for incident in change.incidents { checkEpisode(of: incident) }
        for incident in change.incidents { stored.incidents[incident.id] = incident }
        for silence in change.silences { stored.silences[silence.id] = silence }
        for delivery in change.deliveries { deliver(delivery) }
    }

    private mutating func note(_ what: Happening) { trace.append((now, what)) }

    private mutating func observe(_ id: Incident.ID, _ incident: Incident) {
        var seen = seen[id] ?? Seen()
        for severity in Severity.allCases {
            seen.since[severity] = severity <= incident.severity ? seen.since[severity] ?? now : nil
        }
        seen.severity = incident.severity
        if let acknowledged = seen.acknowledged, seen.severity > acknowledged.severity {
            seen.acknowledged = nil
            seen.callsFrom = now
        }
        let isMuted = isSilenced(incident)
        if seen.isMuted, !isMuted { seen.callsFrom = now }
        seen.isMuted = isMuted
        self.seen[id] = seen
    }

    // MARK: - What must hold

    private mutating func deliver(_ delivery: Delivery) {
        deliveryCount += 1
        let notification = delivery.notification
        note(.message(delivery))
        let before = lanes[delivery.thread] ?? []
        lanes[delivery.thread] = before + [delivery]
        let lane = Lane(incident: delivery.incidentID, receiver: delivery.receiver)
        newest[lane] = delivery
        // Whom only the state concerns may take an acknowledgement for no more than that.
        if notification.reason != .acknowledged || !book.policy.stateReceivers.contains(delivery.receiver) {
            for alert in notification.alerts { heard[lane, default: [:]][alert.labels] = now }
        }
        if let other = told.updateValue(delivery, forKey: delivery.id) {
            expect(false, "the id \(delivery.id) is used twice")
            expect(
                other.notification.reason == notification.reason
                    && other.notification.severity == notification.severity,
                "the id \(delivery.id) is used for different news")
        }
        expect(
            !forgiven.contains(lane),
            "\(delivery.receiver) is told of a failure after a later run has ended")
        expect(
            notification.alerts.allSatisfy { isAudible($0, to: delivery.receiver) },
            "\(delivery.receiver) is told that it fails")
        expect(delivery.sequence == before.count + 1, "message \(before.count + 1) has the number \(delivery.sequence)")
        expect(delivery.replaces.isDisjoint(with: [.opened, .resolved]), "a beginning or an end is needless")
        if let first = before.first {
            expect(
                first.incidentKey == delivery.incidentKey && first.receiver == delivery.receiver,
                "a message is in another's thread")
        }
        guard let last = before.last?.notification else {
            expect([.opened, .resolved].contains(notification.reason), "the first message says \(notification.reason)")
            return
        }
        expect(!last.isResolved, "a message comes after the end")
        for alert in last.alerts where !notification.alerts.contains(where: { $0.labels == alert.labels }) {
            let isOver = notification.ended.contains { $0.alert.labels == alert.labels }
            expect(
                isOver || known.contains { $0.labels == alert.labels },
                "\(delivery.receiver) is not told that \(alert.labels) is over")
        }
        expect(
            !notification.ended.contains { ended in notification.alerts.contains { $0.labels == ended.alert.labels } },
            "what fires is told to be over")
        switch notification.reason {
        case .opened: expect(false, "the beginning is told twice")
        case .escalated: expect(notification.severity > last.severity, "a rise to what was known")
        case .deescalated: expect(notification.severity < last.severity, "a fall to what was known")
        case .reminder: expect(notification.at - last.at >= .seconds(60), "a reminder comes too soon")
        case .acknowledged:
            let known = before.compactMap(\.notification.acknowledgement?.at).max()
            expect(
                notification.acknowledgement.map { at in known.map { $0 < at.at } ?? true } == true,
                "an acknowledgement is told twice")
        case .changed:
            expect(
                notification.maintenance == nil || notification.maintenance != last.maintenance,
                "maintenance is told again as it was")
            // Of a migration it is told at once.
            if notification.maintenance == nil, notification.facts.run == nil {
                expect(
                    changed[lane].map { now - $0 >= .seconds(300) } ?? true,
                    "\(delivery.receiver) is told too often that alerts have joined")
            }
            changed[lane] = now
        case .resolved, .test: break
        }
    }

    /// Each new episode of a key has a higher number than all before it.
    private mutating func checkEpisode(of incident: Incident) {
        let earlier = episodes[incident.key] ?? [:]
        if let opened = earlier[incident.episode] {
            expect(opened == incident.openedAt, "\(incident.key) has two episodes \(incident.episode)")
        } else {
            expect(
                earlier.keys.allSatisfy { $0 < incident.episode },
                "\(incident.key) goes on with the episode \(incident.episode)")
            episodes[incident.key, default: [:]][incident.episode] = incident.openedAt
        }
    }

    /// Nobody hears news of what is silenced; ends are no news.
    private mutating func checkSilence(_ change: StateChange) {
        for delivery in change.deliveries where !delivery.notification.isResolved {
            guard let incident = book.open[delivery.incidentID], !incident.isMaintenance else { continue }
            // As severe as it was told: it may have risen in the same step.
            let severity = delivery.notification.severity.rawValue
            let labels = incident.labels.merging(["severity": severity, "incident": incident.id]) { $1 }
            expect(!isSilenced(labels), "\(delivery.incidentID) is told within a silence")
        }
    }

    private func isSilenced(_ incident: Incident) -> Bool {
        // Of several alerts what they have in common.
        let common = incident.labels.filter { name, value in
            if case .migration = incident.subject { return true }
            let values = Set(incident.firing.values.map { $0.labels[name] })
            return values.isSubset(of: [nil]) || values == [value]
        }
        return isSilenced(common.merging(["severity": incident.severity.rawValue, "incident": incident.id]) { $1 })
    }

    private func isSilenced(_ labels: [String: String]) -> Bool {
        (Array(stored.silences.values) + book.policy.maintenance).contains { silence in
            silence.begin <= now && now < silence.end
                && silence.matchers.allSatisfy { labels[$0.name, default: ""] == $0.value }
        }
    }

    /// Nobody is to hear that he cannot be told.
    private func isAudible(_ alert: IncidentAlert, to receiver: String) -> Bool {
        alert.name != "Refused" || alert.labels["receiver"] != receiver
    }

    /// Each receiver that a route wants to be told of what goes on has been told of it, as severe as it is.
    private mutating func checkEveryoneWasTold() {
        for incident in book.open.values.sorted(by: { $0.id < $1.id })
        where !incident.isMaintenance && !isSilenced(incident) {
            guard let seen = seen[incident.id] else { continue }
            let alerts = incident.firing.values.filter { !isSilenced($0.labels) }
            for route in book.policy.routes {
                let audible = alerts.filter { isAudible($0, to: route.receiver) }.map(\.severity).max()
                if case .alerts = incident.subject, audible == nil { continue }
                let severity = audible ?? .info
                guard wants(route, incident, at: severity, seen) else { continue }
                let last = newest[Lane(incident: incident.id, receiver: route.receiver)]?.notification
                expect(
                    last.map { !$0.isResolved && $0.severity >= severity } == true,
                    "\(route.receiver) was not told of \(incident.id), which is \(severity)")
            }
        }
    }

    /// Each receiver has been told of each alert that has been firing for a while and that a route wants to be told of, unless it was told of
    /// others a moment ago.
    private mutating func checkJoined() {
        let before = audible
        audible = [:]
        for incident in book.open.values.sorted(by: { $0.id < $1.id }) where !incident.isMaintenance {
            let isSilenced = self.isSilenced(incident)
            for alert in incident.firing.values.sorted(by: { $0.severity < $1.severity }) {
                let isAudible = !isSilenced && !self.isSilenced(alert.labels)
                let since = isAudible ? before[incident.id]?[alert.labels] ?? now : nil
                let isRun = if case .migration = incident.subject { true } else { false }
                audible[incident.id, default: [:]][alert.labels] = .some(since)
                guard let since, now - since >= .seconds(31), incident.lowerSince == nil, let seen = seen[incident.id]
                else { continue }
                for route in book.policy.routes
                where wants(route, incident, at: alert.severity, seen) && self.isAudible(alert, to: route.receiver) {
                    let lane = Lane(incident: incident.id, receiver: route.receiver)
                    if !isRun, let changed = changed[lane], now - changed < .seconds(300) { continue }
                    let told = heard[lane]?[alert.labels]
                    expect(
                        told.map { $0 >= since } ?? false,
                        "\(route.receiver) was not told of \(alert.labels), which has joined")
                }
            }
        }
    }

    /// Whoever is to be told of planned maintenance knows it as it is planned, and nobody believes in what is over or planned no longer.
    private mutating func checkMaintenance() {
        let planned = book.policy.planned.filter { $0.window.end > now }
        for plan in planned {
            for receiver in plan.announce {
                let last = newest.values.filter {
                    $0.receiver == receiver && $0.incidentKey == "maintenance-\(plan.name)"
                }.max { $0.plannedAt < $1.plannedAt }?.notification
                expect(
                    last?.isResolved == false && last?.maintenance == plan.window,
                    "\(receiver) does not know when \(plan.name) takes place")
            }
        }
        for last in lanes.values.compactMap(\.last) where last.notification.maintenance != nil {
            let plan = planned.first { last.incidentKey == "maintenance-\($0.name)" }
            expect(
                last.notification.isResolved || last.notification.maintenance == plan?.window,
                "\(last.receiver) believes in \(last.notification.title)")
        }
    }

    /// Who has not heard of a migration is told that it ended badly when nothing silences that any more, if no later run has ended since.
    private mutating func checkHeldBack(_ events: [RunEvent]) {
        for event in events { holdBack(event) }
        for (id, held) in heldBack.sorted(by: { $0.key < $1.key }) {
            guard let incident = stored.incidents[id] else { continue }
            let isSilenced = self.isSilenced(incident)
            heldBack[id]?.isSilenced = isSilenced
            for receiver in held.receivers.sorted() {
                let isTold = newest[Lane(incident: id, receiver: receiver)]?.notification.isResolved == true
                let routes = self.routes(to: receiver, end: incident, held.severity)
                let isAwake = routes.contains { $0.activeHours.isEmpty || $0.activeHours.contains { $0.contains(now) } }
                if !routes.isEmpty {
                    expect(
                        isTold == (isAwake && !isSilenced),
                        "\(receiver) was \(isTold ? "told within a silence" : "not told") how \(id) ended")
                    if !isTold { continue }
                }
                heldBack[id]?.receivers.remove(receiver)
            }
        }
    }

    private mutating func holdBack(_ event: RunEvent) {
        let severity: Severity
        switch event.run.outcome {
        case nil: return
        case .committed, .unseen: severity = .info
        case .lost: severity = .warning
        case .failed, .cancelled: severity = .critical
        }
        let run = event.run
        for (id, held) in heldBack
        where held.isSilenced && held.run.target == run.target && held.run.tool == run.tool
            && (severity == .info || severity >= held.severity)
        {
            heldBack[id] = nil
            guard let incident = stored.incidents[id] else { continue }
            forgiven.formUnion(
                held.receivers.filter { !routes(to: $0, end: incident, held.severity).isEmpty }
                    .map { Lane(incident: id, receiver: $0) })
        }
        let id = IncidentBook.incidentID(ofRun: run.id)
        guard severity > .info, let incident = stored.incidents[id], isSilenced(incident) else { return }
        let receivers = Self.receivers.filter {
            newest[Lane(incident: id, receiver: $0)] == nil && !routes(to: $0, end: incident, severity).isEmpty
        }
        heldBack[id] = HeldBack(run: run, severity: severity, receivers: Set(receivers))
    }

    /// The routes that tell a receiver how something ended that it has not heard of. None where it has a digest, which is told silence or not.
    private func routes(to receiver: String, end incident: Incident, _ severity: Severity) -> [Route] {
        let routes = book.policy.routes.filter { $0.receiver == receiver }
        if routes.contains(where: \.isDigest) { return [] }
        return routes.filter {
            $0.unacknowledgedFor == nil && severity >= $0.severity && matches($0, incident)
        }
    }

    private func matches(_ route: Route, _ incident: Incident) -> Bool {
        route.match.allSatisfy { incident.labels[$0.key] == $0.value }
            && route.matchers.allSatisfy { incident.labels[$0.name, default: ""] == $0.value }
    }

    private func wants(_ route: Route, _ incident: Incident, at severity: Severity, _ seen: Seen) -> Bool {
        guard !route.isDigest, severity >= route.severity, matches(route, incident),
            let since = seen.since[route.severity], now - since >= route.minimumDuration
        else { return false }
        if let wait = route.unacknowledgedFor {
            guard seen.acknowledged == nil, now - max(since, seen.callsFrom ?? since) >= wait else { return false }
        }
        return route.activeHours.isEmpty || route.activeHours.contains { $0.contains(now) }
    }

    /// Everything ends, and a week passes, so that all hours have come.
    private mutating func settle() {
        guard violations.isEmpty else { return }
        note(.end)
        alerts = [:]
        known = []
        book.policy.planned = []
        let events = runs.values.sorted { $0.id < $1.id }.map { run in
            var run = run
            (run.end, run.outcome) = (now, .committed(versions: []))
            return RunEvent.ended(run)
        }
        runs = [:]
        pass(.seconds(1))
        commit(book.advance(events, firing: [], at: now))
        for _ in 0..<(7 * 24) where !book.owing.isEmpty {
            pass(.seconds(3600))
            commit(book.advance(firing: [], at: now))
        }
        let (open, owing) = (book.open.keys.sorted(), book.owing.keys.sorted())
        expect(open.isEmpty, "\(open) are still open")
        expect(owing.isEmpty, "\(owing) still owe somebody their end")
        for deliveries in lanes.values {
            guard let last = deliveries.last else { continue }
            expect(
                last.notification.isResolved,
                "\(last.receiver) was told that \(last.incidentID) began, and not how it ended")
        }
    }

    private mutating func expect(_ condition: Bool, _ violation: @autoclosure () -> String) {
        if !condition { violations.append(violation()) }
    }
}
