internal import LockkeeperCore

/// Planned maintenance for Atlassian's Statuspage: an incident that is scheduled (developer.statuspage.io: "Create an incident"), which the
/// page begins and ends by itself.
struct StatuspageMaintenance: Sendable, Hashable, Encodable {
    private struct Incident: Sendable, Hashable, Encodable {
        var name: String
        var status: String
        var body: String
        /// RFC 3339, as `until`.
        var from: String?
        var until: String?
        var beginsByItself: Bool?
        var endsByItself: Bool?
        /// Whether the page sets the components when it begins, and sets them back.
        var setsComponents: Bool?
        var setsComponentsBack: Bool?
        var components: [String: String]?
        var componentIDs: [String]
        /// Of customers who have subscribed, by mail and text message; now, before the begin, at the begin and at the end.
        var notifies: Bool
        var reminds: Bool?
        var notifiesOfBegin: Bool?
        var notifiesOfEnd: Bool?
        var metadata: [String: [String: String]]

        private enum CodingKeys: String, CodingKey {
            case name, status, body, components, metadata
            case from = "scheduled_for"
            case until = "scheduled_until"
            case beginsByItself = "scheduled_auto_in_progress"
            case endsByItself = "scheduled_auto_completed"
            case setsComponents = "auto_transition_to_maintenance_state"
            case setsComponentsBack = "auto_transition_to_operational_state"
            case componentIDs = "component_ids"
            case notifies = "deliver_notifications"
            case reminds = "scheduled_remind_prior"
            case notifiesOfBegin = "auto_transition_deliver_notifications_at_start"
            case notifiesOfEnd = "auto_transition_deliver_notifications_at_end"
        }
    }

    private let incident: Incident

    /// - Parameters:
    ///   - known: what is on the page now.
    ///   - components: the ids of the components that are affected.
    init(
        _ notice: PublicNotice, _ window: MaintenanceWindow, replacing known: StatuspageIncidentAnswer?,
        components: [String], notifiesSubscribers: Bool, at now: Timestamp
    ) {
        let status = Self.status(notice, window, at: now)
        // Those that are yet to begin, or were never to, leave the components to whatever else goes on.
        let state: String? =
            if status == Self.inProgress {
                "under_maintenance"
            } else if known?.hasBegun == true {
                "operational"
            } else {
                nil
            }
        // Of what is over nothing is planned any more.
        let planned = status == Self.completed ? nil : window
        let isPlanned: Bool? = planned.map { _ in true }
        let notifiesLater = planned.map { _ in notifiesSubscribers }
        incident = Incident(
            name: notice.title, status: status, body: notice.body, from: planned?.begin.rfc3339,
            until: planned?.end.rfc3339, beginsByItself: isPlanned, endsByItself: isPlanned, setsComponents: isPlanned,
            setsComponentsBack: isPlanned,
            components: state.map { state in
                Dictionary(components.map { ($0, state) }, uniquingKeysWith: { first, _ in first })
            }, componentIDs: components, notifies: notifiesSubscribers, reminds: notifiesLater,
            notifiesOfBegin: notifiesLater, notifiesOfEnd: notifiesLater, metadata: ["lockkeeper": ["key": notice.key]])
    }

    func json() throws -> [UInt8] { try MessageJSON.encode(self) }

    static let scheduled = "scheduled", inProgress = "in_progress", completed = "completed"

    static func status(_ notice: PublicNotice, _ window: MaintenanceWindow, at now: Timestamp) -> String {
        if notice.progress == .resolved { return completed }
        return now < window.begin ? scheduled : inProgress
    }
}

extension StatuspageIncidentAnswer {
    /// Whether it is maintenance that has begun and is not over.
    var hasBegun: Bool { [StatuspageMaintenance.inProgress, "verifying"].contains(status) }

    /// Whether the page says of maintenance what it is to say, or will by itself.
    func hasHeard(_ notice: PublicNotice, _ window: MaintenanceWindow, at now: Timestamp) -> Bool {
        let wanted = StatuspageMaintenance.status(notice, window, at: now)
        if wanted == StatuspageMaintenance.completed { return status == wanted }
        // The page may be some moments behind.
        let isAsWanted = status == StatuspageMaintenance.scheduled || wanted == StatuspageMaintenance.inProgress
        return isAsWanted && name == notice.title && updates?.contains { $0.body == notice.body } == true
            && Self.isTime(scheduledFor, window.begin) && Self.isTime(scheduledUntil, window.end)
    }

    private static func isTime(_ text: String?, _ time: Timestamp) -> Bool {
        text.flatMap(Timestamp.init(rfc3339:)).map { (time - .seconds(1)...time + .seconds(1)).contains($0) } ?? false
    }
}
