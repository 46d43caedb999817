import LockkeeperCore
import PromQL

/// `GET /api/v1/silences`: those in force and those to come.
struct SilencesAnswer: Encodable {
    let silences: [SilenceAnswer]
}

/// A silence or maintenance window in the JSON API.
struct SilenceAnswer: Encodable {
    let id: String
    /// As in a selector: `target="app"`.
    let matchers: [String]
    let startsAt: String
    let endsAt: String
    let author: String
    let comment: String
    /// `active`, or `pending` before it begins, or `expired`
    let state: String
    /// Whether it is a maintenance window of the configuration.
    let isConfigured: Bool
    /// In the answer to its setting alone: what is probably a mistake in the matchers, and what they match now.
    private(set) var warnings: [String]?
    private(set) var matchedIncidents: Int?
    private(set) var matchedAlerts: Int?

    init(_ status: SilenceStatus) {
        let silence = status.silence
        id = silence.id
        matchers = silence.matchers.map(\.description)
        startsAt = silence.begin.rfc3339
        endsAt = silence.end.rfc3339
        author = silence.author
        comment = silence.comment
        state = status.isActive ? "active" : status.isOver ? "expired" : "pending"
        isConfigured = status.isConfigured
    }

    init(_ set: SetSilence, at now: Timestamp) {
        self.init(SilenceStatus(set.silence, at: now))
        warnings = set.warnings
        matchedIncidents = set.reach.incidents
        matchedAlerts = set.reach.alerts
    }
}
