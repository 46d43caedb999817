/// What the configuration says of incidents: who is told, and how much.
public struct IncidentPolicy: Sendable, Hashable {
    public var routes: [Route]
    /// The receivers for which only the present state of an incident matters, not how it came to it.
    public var stateReceivers: Set<String>
    /// The receivers that are given each message, and may be asked by others how things stand.
    public var correlatingReceivers: Set<String>
    /// The configured times in which nobody is told.
    public var maintenance: [Silence]
    /// The same times with whom to tell of them.
    public var planned: [PlannedMaintenance]
    /// The configured labels of each target.
    public var targetLabels: [String: [String: String]]
    /// The base of links in messages, without a slash at its end; `nil` for no links.
    public var externalURL: String?
    /// Host and version of the agent, for the footer of messages.
    public var sender: String

    public init(
        routes: [Route] = [], stateReceivers: Set<String> = [], correlatingReceivers: Set<String> = [],
        maintenance: [Silence] = [], planned: [PlannedMaintenance] = [],
        targetLabels: [String: [String: String]] = [:],
        externalURL: String? = nil, sender: String = "lockkeeper"
    ) {
        self.routes = routes
        self.stateReceivers = stateReceivers
        self.correlatingReceivers = correlatingReceivers
        self.maintenance = maintenance
        self.planned = planned
        self.targetLabels = targetLabels
        self.externalURL = externalURL
        self.sender = sender
    }

    func correlation(of receiver: String) -> Correlation {
        if stateReceivers.contains(receiver) { return .stateOnly }
        return correlatingReceivers.contains(receiver) ? .everyMessage : .none
    }

    /// The receivers that routes lead to, each once, in the order of the routes.
    var receivers: [String] {
        var seen: Set<String> = []
        return routes.map(\.receiver).filter { seen.insert($0).inserted }
    }

    /// The target whose leader tells of an incident that is about none: of maintenance, which all agents plan alike, the first. `nil` where
    /// each agent tells its own.
    func leadingTarget(of incident: Incident) -> String? {
        incident.isMaintenance && incident.target.isEmpty ? targetLabels.keys.min() : nil
    }

    /// Why a receiver is not told of an open incident now; `nil` if it is.
    ///
    /// - Parameter severity: of the news.
    func hold(of receiver: String, _ incident: Incident, at severity: Severity, now: Timestamp) -> Hold? {
        hold(of: receiver) { $0.hold(incident, at: severity, now: now) }
    }

    /// Why a receiver that has heard nothing of an incident is not told of its end; `nil` if it is.
    ///
    /// - Parameter severity: of the end itself; `nil` if it is no news.
    func hold(of receiver: String, end incident: Incident, at severity: Severity?, now: Timestamp) -> Hold? {
        hold(of: receiver) { $0.hold(end: incident, at: severity, now: now) }
    }

    /// The shortest pause after which a receiver is told again; `nil` if it is not.
    func reminderInterval(of receiver: String, _ incident: Incident, at severity: Severity, now: Timestamp) -> Duration?
    {
        routes.filter { $0.receiver == receiver && $0.hold(incident, at: severity, now: now) == nil }
            .compactMap(\.reminderInterval).min()
    }

    /// Of several routes to a receiver one that lets through is enough; else one that will later, else the last that could.
    private func hold(of receiver: String, _ judge: (Route) -> Hold?) -> Hold? {
        var result = Hold.unmatched
        for route in routes where route.receiver == receiver {
            guard let hold = judge(route) else { return nil }
            if hold != .unmatched, !result.isDebt { result = hold }
        }
        return result
    }
}
