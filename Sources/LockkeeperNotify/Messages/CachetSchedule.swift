internal import LockkeeperCore

/// Planned maintenance as Cachet's API, version 3, takes and tells it (docs.cachethq.io; the validation rules of cachethq/core).
///
/// How a schedule stands is not said to Cachet: it follows from its times.
struct CachetSchedule: Sendable, Hashable, Encodable {
    struct Component: Sendable, Hashable, Encodable {
        var id: Int
        var status: Int
    }

    let name: String
    let message: String
    /// In the one form that all versions take, which has no offset: the page's time zone must be UTC, as it is by default.
    let scheduledAt: String
    let completedAt: String
    /// Told of when it is created.
    let notifications: Bool
    let components: [Component]

    /// Performance issues: not all versions know more fitting words.
    private static let affected = 2

    /// - Parameter components: the ids of the components that are affected while it takes place.
    init(
        _ notice: PublicNotice, _ window: MaintenanceWindow, components: [Int], notifiesSubscribers: Bool
    ) {
        name = notice.title
        message = CachetIncident.message(notice)
        scheduledAt = Self.text(window.begin)
        completedAt = Self.text(window.end)
        notifications = notifiesSubscribers
        self.components = components.map { Component(id: $0, status: Self.affected) }
    }

    /// `2026-12-01 22:00:00`
    private static func text(_ time: Timestamp) -> String { String(time.readable.prefix(19)) }

    private enum CodingKeys: String, CodingKey {
        case name, message, notifications, components
        case scheduledAt = "scheduled_at"
        case completedAt = "completed_at"
    }

    /// A schedule as the page tells it.
    struct Attributes: Sendable, Decodable {
        struct Time: Sendable, Decodable {
            var string: String?
        }

        var name: String?
        var message: String?
        var status: CachetIncident.Status?
        var scheduled: Time?
        var completed: Time?

        var isComplete: Bool { status?.value == 2 }

        /// Whether it says what it is to say.
        func isLike(_ schedule: CachetSchedule) -> Bool {
            name == schedule.name && message == schedule.message && scheduled?.string == schedule.scheduledAt
                && completed?.string == schedule.completedAt
        }
    }
}
