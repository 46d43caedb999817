/// What the configuration says of incidents: who is told, and how much.
public struct IncidentPolicy: Sendable, Hashable {
    public var routes: [Route]
    /// The configured labels of each target.
    public var targetLabels: [String: [String: String]]
    /// The base of links in messages, without a slash at its end; `nil` for no links.
    public var externalURL: String?
    /// Host and version of the agent, for the footer of messages.
    public var sender: String

    public init(
        routes: [Route] = [], targetLabels: [String: [String: String]] = [:],
        externalURL: String? = nil, sender: String = "lockkeeper"
    ) {
        self.routes = routes
        self.targetLabels = targetLabels
        self.externalURL = externalURL
        self.sender = sender
    }

    /// The receivers of an incident of this severity with these labels, each once, in the order of the routes.
    func receivers(severity: Severity, labels: [String: String]) -> [String] {
        var seen: Set<String> = []
        return routes.filter { $0.matches(severity: severity, labels: labels) && seen.insert($0.receiver).inserted }
            .map(\.receiver)
    }
}
