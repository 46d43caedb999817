internal import LockkeeperCore

/// What became of the heartbeats, for metrics and for the log, which is told of a change and not of each beat.
struct HeartbeatFigures: Sendable {
    private var counts: [MetricCatalog.HeartbeatLabels.Outcome: Int] = [:]
    private var lastSuccess: Timestamp?
    private var isConfigured = false
    private var last: MetricCatalog.HeartbeatLabels.Outcome?

    /// - Parameter isConfigured: whether there are heartbeats at all; without them there are no series.
    mutating func configure(_ isConfigured: Bool) {
        self.isConfigured = isConfigured
        if !isConfigured { (last, lastSuccess) = (nil, nil) }
    }

    /// - Returns: whether it is news: another outcome than that of the beat before.
    mutating func note(_ outcome: MetricCatalog.HeartbeatLabels.Outcome, at now: Timestamp) -> Bool {
        counts[outcome, default: 0] += 1
        if outcome == .delivered { lastSuccess = now }
        defer { last = outcome }
        return last != outcome
    }

    func record(into metrics: inout MetricsBuilder) {
        guard isConfigured else { return }
        // All from the start at 0: a counter that begins with 1 hides its first increase.
        for outcome in MetricCatalog.HeartbeatLabels.Outcome.allCases {
            metrics.set(MetricCatalog.heartbeats, .init(outcome: outcome), to: counts[outcome] ?? 0)
        }
        if let lastSuccess { metrics.set(MetricCatalog.heartbeatLastSuccess, NoLabels(), to: lastSuccess) }
    }
}
