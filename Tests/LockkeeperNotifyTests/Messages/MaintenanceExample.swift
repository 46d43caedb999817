import LockkeeperCore

/// What a receiver is told of planned maintenance, as the incident book tells it.
enum MaintenanceExample: String, CaseIterable, Sendable {
    case announced, changed, over, endedEarly, calledOff

    /// When it is announced.
    static let start = Timestamp(microseconds: 1_796_115_600_000_000)
    static let hour = Duration.seconds(3600)
    /// An hour and a half, from an hour after that.
    static let window = MaintenanceWindow(
        begin: start + hour, end: start + hour + .seconds(5400), comment: "orders moves to db-7")
    /// Half an hour later, after the change.
    static let laterWindow = MaintenanceWindow(
        begin: window.begin + .seconds(1800), end: window.end + .seconds(1800), comment: window.comment)

    /// Its messages to a receiver: each with its time, and what is configured then.
    static func course(
        _ steps: [(at: Timestamp, window: MaintenanceWindow?)], to receiver: String = "incidents"
    ) -> [Delivery] {
        var book = IncidentBook(
            policy: IncidentPolicy(
                targetLabels: ["app-production": ["env": "production"]],
                externalURL: "https://lockkeeper.example.org", sender: "lockkeeper 1.0.0 on watch-1"))
        return steps.flatMap { step in
            book.policy.planned =
                step.window.map { window in
                    [PlannedMaintenance(name: "move", target: "app-production", window: window, announce: [receiver])]
                } ?? []
            return book.advance(firing: [], at: step.at).deliveries
        }
    }

    private var steps: [(at: Timestamp, window: MaintenanceWindow?)] {
        let announced: [(at: Timestamp, window: MaintenanceWindow?)] = [(Self.start, Self.window)]
        return switch self {
        case .announced: announced
        case .changed: announced + [(Self.start + .seconds(60), Self.laterWindow)]
        case .over: announced + [(Self.window.end, Self.window)]
        case .endedEarly: announced + [(Self.window.begin + .seconds(600), nil)]
        case .calledOff: announced + [(Self.start + .seconds(60), nil)]
        }
    }

    /// All up to this one.
    var course: [Delivery] { Self.course(steps) }

    var delivery: Delivery { course[course.count - 1] }
}
