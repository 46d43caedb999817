/// How long waits for locks took, each counted once when it is over, be it granted or given up.
///
/// Gauges miss what lies between two readings; a wait that was seen once is never missed here. It is known by its process and its begin. Its end lies
/// between the last look that saw it and the first that did not.
public struct LockWaitTimes: Sendable {
    private var open: [Key: Wait] = [:]
    private var lastLook: Timestamp?
    private var serverStartedAt: Timestamp?
    private var histograms: [Labels: HistogramAccumulator] = [:]

    private struct Key: Sendable, Hashable {
        var pid: Int32
        var start: Timestamp
    }

    private struct Wait: Sendable {
        var labels: Labels
        var object: LockObject
    }

    private struct Labels: Sendable, Hashable {
        var database: String
        var mode: LockMode
    }

    /// After a longer time without a look, a wait is taken to have ended when it was last seen.
    private static let longestGap = Duration.seconds(15)
    /// The most databases and modes that are told apart; what comes beyond is counted under the database "".
    private static let mostSeries = 400

    public init() {}

    public mutating func advance(_ observation: Observation) {
        let now = observation.serverTime
        let sessions = SessionTable(observation.sessions)
        let before = open
        // Where the server does not tell when a wait began, it is the first look that saw it.
        var unknownStarts: [Int32: Key] = [:]
        if observation.server.majorVersion < 14 {
            for key in before.keys { unknownStarts[key.pid] = key }
        }
        open = [:]
        for lock in observation.locks where !lock.isGranted && lock.mode != .siRead {
            let labels = Labels(database: sessions[lock.pid]?.database ?? lock.database, mode: lock.mode)
            let key: Key
            if let start = lock.waitStart {
                key = Key(pid: lock.pid, start: start)
            } else if observation.server.majorVersion < 14 {
                let known = unknownStarts[lock.pid].flatMap { before[$0]?.object == lock.object ? $0 : nil }
                key = known ?? Key(pid: lock.pid, start: now)
            } else {
                // It has begun this instant; the next look knows when.
                continue
            }
            open[key] = Wait(labels: labels, object: lock.object)
        }
        if let lastLook {
            let hasGap = now - lastLook > Self.longestGap || serverStartedAt != observation.server.startedAt
            for (key, wait) in before where open[key] == nil {
                var latest = now
                if hasGap {
                    latest = lastLook
                } else if let session = sessions[key.pid] {
                    // What the session has done since, it did after the wait.
                    for time in [session.stateChange, session.queryStart].compactMap(\.self) where time > lastLook {
                        latest = min(latest, time)
                    }
                }
                let end = lastLook + (latest - lastLook) / 2
                observe(max(.zero, end - key.start), wait.labels)
            }
        }
        lastLook = now
        serverStartedAt = observation.server.startedAt
    }

    private mutating func observe(_ duration: Duration, _ labels: Labels) {
        var labels = labels
        if histograms[labels] == nil, histograms.count >= Self.mostSeries { labels.database = "" }
        histograms[labels, default: MetricCatalog.lockWait.empty].observe(duration)
    }

    public func record(into metrics: inout MetricsBuilder, target: String) {
        for (labels, histogram) in histograms {
            let database = MetricCatalog.DatabaseLabels(target: target, database: labels.database)
            metrics.set(MetricCatalog.lockWait, .init(database, mode: labels.mode), to: histogram)
        }
    }
}
