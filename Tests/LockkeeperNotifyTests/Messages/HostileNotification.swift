import LockkeeperCore

extension Notification {
    /// Everything that came from outside tries to be something else, and is far too long.
    static func hostile(_ text: String, repeated times: Int = 1) -> Notification {
        let long = String(repeating: text, count: times)
        let alert = IncidentAlert(
            name: long, severity: .critical, labels: ["alertname": long], annotations: ["summary": long],
            activeAt: Example.begin)
        return Notification(
            incidentID: "run-1", reason: .escalated, severity: .critical, isResolved: false, title: long,
            since: Example.begin, at: Example.begin + .seconds(60), duration: .seconds(60),
            facts: IncidentFacts(
                target: long, database: long, labels: [long: long], summary: long,
                details: (0..<60).map { .init(long, long, isCode: $0 % 3 == 0) },
                actions: (0..<30).map { _ in .init(long, command: long) }, run: "1", runbookURL: long),
            alerts: Array(repeating: alert, count: 40),
            timeline: (0..<8).map { _ in TimelineEntry(at: Example.begin, severity: .info, text: long) }, link: long,
            sender: long)
    }
}
