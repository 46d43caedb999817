internal import LockkeeperCore

/// An incident for Atlassian's Statuspage (developer.statuspage.io: "Create an incident", "Update an incident").
struct StatuspageIncident: Sendable, Hashable, Encodable {
    private struct Incident: Sendable, Hashable, Encodable {
        var name: String
        var status: String
        var impact: String?
        var body: String
        var components: [String: String]
        var componentIDs: [String]
        /// Of customers who have subscribed, by mail and text message.
        var notifies: Bool
        var metadata: [String: [String: String]]?

        private enum CodingKeys: String, CodingKey {
            case name, status, body, components, metadata
            case impact = "impact_override"
            case componentIDs = "component_ids"
            case notifies = "deliver_notifications"
        }
    }

    private let incident: Incident

    /// - Parameter components: the ids of the components that are affected.
    init(_ notice: PublicNotice, components: [String], notifiesSubscribers: Bool) {
        let state = Self.component(notice)
        incident = Incident(
            name: notice.title, status: Self.status(notice), impact: Self.impact(notice), body: notice.body,
            components: Dictionary(components.map { ($0, state) }, uniquingKeysWith: { first, _ in first }),
            componentIDs: components, notifies: notifiesSubscribers, metadata: ["lockkeeper": ["key": notice.key]])
    }

    /// The body that sets a component without an incident.
    static func componentBody(status: String) -> [UInt8] { Array(#"{"component":{"status":"\#(status)"}}"#.utf8) }

    func json() throws -> [UInt8] { try MessageJSON.encode(self) }

    static func status(_ notice: PublicNotice) -> String {
        switch notice.progress {
        case .investigating: "investigating"
        case .identified: "identified"
        case .monitoring: "monitoring"
        case .resolved: "resolved"
        }
    }

    /// What is over keeps the impact that it had.
    private static func impact(_ notice: PublicNotice) -> String? {
        guard notice.progress != .resolved else { return nil }
        return switch notice.severity {
        case .critical: "major"
        case .warning: "minor"
        case .info: "none"
        }
    }

    static func component(_ notice: PublicNotice) -> String {
        guard notice.progress != .resolved else { return "operational" }
        return switch notice.severity {
        case .critical: "partial_outage"
        case .warning: "degraded_performance"
        case .info: "under_maintenance"
        }
    }
}

/// An incident as Statuspage's API tells it.
struct StatuspageIncidentAnswer: Sendable, Decodable {
    struct Update: Sendable, Decodable {
        var status: String
        var body: String?
    }

    struct Component: Sendable, Decodable {
        var id: String
        var status: String?
    }

    /// What Lockkeeper has put there; incidents of others may hold anything else.
    struct Metadata: Sendable, Decodable {
        struct Own: Sendable, Decodable {
            var key: String?
        }

        var lockkeeper: Own?

        init(from decoder: any Decoder) throws {
            lockkeeper = try? decoder.container(keyedBy: Key.self).decode(Own.self, forKey: .lockkeeper)
        }

        private enum Key: String, CodingKey { case lockkeeper }
    }

    var id: String
    var name: String?
    var status: String?
    /// RFC 3339; of maintenance only, as `scheduledUntil`.
    var scheduledFor: String?
    var scheduledUntil: String?
    var metadata: Metadata?
    /// The newest first.
    var updates: [Update]?
    var components: [Component]?

    /// Whether these words are the last that it was told.
    func hasHeard(_ notice: PublicNotice) -> Bool {
        status == StatuspageIncident.status(notice) && updates?.first?.body == notice.body
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, status, metadata, components
        case scheduledFor = "scheduled_for"
        case scheduledUntil = "scheduled_until"
        case updates = "incident_updates"
    }
}
