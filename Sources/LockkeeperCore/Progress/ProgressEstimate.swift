/// What successive looks at a run's commands say of how far it is and how long it still takes.
///
/// A value: the same rows at the same times yield the same estimate. The rate is that of the last minute, since phases differ, and so does a
/// server that is busy from one that is not.
public struct ProgressEstimate: Sendable, Hashable, Codable {
    /// The session whose command is followed.
    private var followed: Progress?
    /// Where the counter of the present phase was, oldest first.
    private var points: [Point] = []
    /// When a counter last moved, or a phase began.
    private var lastAdvance: Timestamp?
    /// Whether it was looked at when none of its commands counted anything.
    private var hasSeenNone = false

    private struct Point: Sendable, Hashable, Codable {
        var at: Timestamp
        var done: Int64
    }

    /// The time whose rate is taken for that of the rest.
    static let window = Duration.seconds(60)
    /// Before this much has been watched, or this share is done, a rate means nothing.
    static let leastWatched = Duration.seconds(5)
    static let leastDone = 0.01
    /// A counter that has not moved for so long does not advance.
    static let patience = Duration.seconds(15)
    /// Points are kept this far apart, so that there are at most as many as the window has seconds.
    private static let spacing = Duration.seconds(1)

    public init() {}

    /// Takes in what the commands of a run's sessions show now.
    ///
    /// - Parameters:
    ///   - rows: of the run's sessions only.
    ///   - time: the server's clock.
    ///   - queries: what those sessions run, by pid: a plain CREATE INDEX shows the index's name only there.
    /// - Returns: `nil` while the server counts nothing for the run.
    public mutating func advance(
        _ rows: [Progress], at time: Timestamp, queries: [Int32: String] = [:]
    ) -> RunProgress? {
        // The one that has been followed; a run has more than one only in the instant in which it changes its session.
        guard let row = rows.first(where: { $0.pid == followed?.pid }) ?? rows.min(by: { $0.pid < $1.pid }) else {
            self = ProgressEstimate()
            hasSeenNone = true
            return nil
        }
        let previous = followed
        followed = row
        let current = row.current
        if let previous, Self.isSamePhase(previous, row) {
            if previous != row { lastAdvance = time }
        } else {
            points = []
            // One that was there at the first look may have hung for long.
            lastAdvance = previous != nil || hasSeenNone ? time : nil
        }
        if let counter = current?.counter { note(counter.done, at: time) }
        return RunProgress(
            operation: row.operation, relation: Self.name(of: row.relation),
            index: row.index?.name ?? Self.newIndex(of: row, queries),
            phase: row.phase.isEmpty ? nil : row.phase, counter: current?.counter, unit: current?.unit,
            ratio: current?.counter.ratio, remaining: current.flatMap { remaining($0.counter, $0.unit, at: time) },
            coversCommand: Self.coversCommand(row), followingPhases: row.followingPhases, lastAdvance: lastAdvance,
            lockers: row.isWaitingForOthers ? row.lockers : nil,
            currentLockerPID: row.isWaitingForOthers ? row.currentLockerPID : nil, partitions: row.partitions)
    }

    private mutating func note(_ done: Int64, at time: Timestamp) {
        // A counter that goes back counts something new: the next partition, the next round.
        if let last = points.last, done < last.done { points = [] }
        if points.count > 1, time - points[points.count - 2].at < Self.spacing {
            points.removeLast()
        }
        points.append(Point(at: time, done: done))
        // The oldest that is kept is the first one beyond the window: the window is full, then.
        while points.count > 2, time - points[1].at >= Self.window { points.removeFirst() }
    }

    private func remaining(_ counter: Progress.Counter, _ unit: Progress.Unit, at time: Timestamp) -> Duration? {
        switch unit {
        case .blocks, .tuples, .bytes: break
        // One index takes as long as ten others, and other transactions end when they like.
        case .transactions, .indexes, .partitions, .statistics: return nil
        }
        guard let total = counter.total, let ratio = counter.ratio, ratio >= Self.leastDone,
            let first = points.first, time - first.at >= Self.leastWatched, counter.done > first.done,
            let lastAdvance, time - lastAdvance < Self.patience
        else { return nil }
        let rate = Double(counter.done - first.done) / (time - first.at).inSeconds
        let seconds = Double(max(0, total - counter.done)) / rate
        // Beyond this it is no answer.
        guard seconds < 365 * 86_400 else { return nil }
        return .milliseconds(Int64(seconds * 1000))
    }

    /// Whether the counters go on from one row to the other. The index of a command shows only after a while.
    private static func isSamePhase(_ one: Progress, _ other: Progress) -> Bool {
        one.pid == other.pid && one.command == other.command && one.operation == other.operation
            && one.relation?.oid == other.relation?.oid && one.phase == other.phase
            && one.partitions?.done == other.partitions?.done
    }

    private static func newIndex(of row: Progress, _ queries: [Int32: String]) -> String? {
        guard row.operation.hasPrefix("CREATE INDEX"), let query = queries[row.pid] else { return nil }
        return IndexCreation.name(in: query, on: row.relation?.name)
    }

    /// One that is being made has no name that others could see.
    private static func name(of relation: Progress.Relation?) -> String? {
        relation.map { $0.name ?? "relation \($0.oid)" }
    }

    /// What follows the reading of the rows is short in these.
    private static func coversCommand(_ row: Progress) -> Bool {
        switch row.command {
        case .copy: row.current?.counter.total != nil
        case .analyze: row.phase == "acquiring sample rows" && row.partitions?.total == nil
        case .baseBackup: row.phase == "streaming database files"
        case .createIndex, .cluster, .vacuum: false
        }
    }
}

extension RunProgress {
    /// Whether a counter has moved of late.
    public func isAdvancing(at time: Timestamp) -> Bool {
        lastAdvance.map { time - $0 < ProgressEstimate.patience } ?? false
    }
}
