internal import LockkeeperCore

/// What Cachet's API, version 3, takes and tells (docs.cachethq.io; the validation rules of cachethq/core).
enum CachetIncident {
    /// `POST /api/incidents`
    struct Creation: Sendable, Hashable, Encodable {
        struct Component: Sendable, Hashable, Encodable {
            var id: Int
            var status: Int

            private enum CodingKeys: String, CodingKey {
                case id = "component_id"
                case status = "component_status"
            }
        }

        let name: String
        let status: Int
        let message: String
        /// Nobody sees an incident without it.
        let visible = true
        let notifications: Bool
        let components: [Component]

        init(_ notice: PublicNotice, components: [Int], notifiesSubscribers: Bool) {
            name = notice.title
            status = CachetIncident.status(notice)
            message = CachetIncident.message(notice)
            notifications = notifiesSubscribers
            self.components = components.map { Component(id: $0, status: CachetIncident.component(notice)) }
        }

        private enum CodingKeys: String, CodingKey {
            case name, status, message, visible, notifications, components
        }
    }

    /// `POST /api/incidents/{id}/updates`
    struct Update: Sendable, Hashable, Encodable {
        let status: Int
        let message: String

        init(_ notice: PublicNotice) {
            status = CachetIncident.status(notice)
            message = notice.body
        }
    }

    /// `PUT /api/components/{id}`
    struct ComponentChange: Sendable, Hashable, Encodable {
        let status: Int

        init(_ notice: PublicNotice) { status = CachetIncident.component(notice) }
    }

    /// The message with the key at its end: Cachet has no field that nobody sees.
    static func message(_ notice: PublicNotice) -> String { "\(notice.body)\n\n\(mark(notice))" }

    static func mark(_ notice: PublicNotice) -> String { "Reference: \(notice.key)" }

    /// What each of the agent's incidents has in it.
    static let anyMark = "Reference: LK-"

    /// Investigating, identified, watching, fixed.
    static func status(_ notice: PublicNotice) -> Int {
        switch notice.progress {
        case .investigating: 1
        case .identified: 2
        case .monitoring: 3
        case .resolved: fixed
        }
    }

    static let fixed = 4

    /// Operational, performance issues, partial outage.
    static func component(_ notice: PublicNotice) -> Int {
        guard notice.progress != .resolved else { return 1 }
        return switch notice.severity {
        case .critical: 3
        case .warning: 2
        case .info: 1
        }
    }

    /// A resource of JSON:API with the attributes that count here.
    struct Resource<Attributes: Decodable & Sendable>: Sendable, Decodable {
        var id: String
        var attributes: Attributes
        /// As far as they were asked for.
        var relationships: Relationships?
    }

    struct Relationships: Sendable, Decodable {
        struct Components: Sendable, Decodable {
            var data: [Identifier]
        }

        struct Identifier: Sendable, Decodable {
            var id: String
        }

        var components: Components?
    }

    struct Answer<Content: Decodable & Sendable>: Sendable, Decodable {
        var data: Content
    }

    struct Status: Sendable, Decodable {
        var value: Int
    }

    struct IncidentAttributes: Sendable, Decodable {
        var message: String?
        var status: Status?
    }

    struct UpdateAttributes: Sendable, Decodable {
        var message: String?
        var status: Status?
    }

    /// What is of no interest.
    struct NoAttributes: Sendable, Decodable {}
}
