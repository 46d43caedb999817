/// A run whose effect on the queries is being found out: what was before it, and what has been found so far.
struct RunUnderReview: Sendable {
    var run: MigrationRun
    /// How the queries of all databases fared before it began; only those worth comparing.
    var before = StatementStretch()
    /// Where that time ends: at its begin, or at that of the first of the runs that it overlaps.
    var baselineEnd: Timestamp
    /// Whether that was sampled, for want of statistics.
    var isSampled: Bool
    /// Those of the run's database while it ran.
    var during: [QueryIdentity: QuerySummary] = [:]
    /// The newest figures of the server before it began.
    var workBefore: Work?
    var relationsBefore: (last: RelationStatistics, first: RelationStatistics)?
    /// The first after its end.
    var relationsAfter: RelationStatistics?
    /// The other runs of the same database that went on at the same time, or at the same time as one of those.
    private(set) var overlapping: [Overlap] = []
    /// The next run in the same database: what changes from its begin on is not this one's doing.
    private(set) var successor: Overlap?
    var review = RunReview()
    /// What was told of it last.
    var published: RunReview?
    /// The changes that are still there.
    var live: [QueryChange] = []

    /// A run beside this one.
    struct Overlap: Sendable {
        var id: String
        var begin: Timestamp
        /// `nil` while it goes on.
        var end: Timestamp?

        init(_ run: MigrationRun) {
            id = run.id
            begin = run.begin
            end = run.end
        }
    }

    /// How many runs beside it are remembered.
    private static let overlapLimit = 32

    init(_ run: MigrationRun, baselineEnd: Timestamp, isSampled: Bool) {
        self.run = run
        self.baselineEnd = baselineEnd
        self.isSampled = isSampled
    }

    /// The server's figures at one moment.
    struct Work: Sendable {
        var time: Timestamp
        var database: DatabaseWork
        var server: ServerWork
    }

    var isFinal: Bool {
        switch review.standing {
        case .final, .withoutBaseline, .notComparable: true
        case .waiting, .preliminary: false
        }
    }

    /// From when on the queries are compared with what was before: when it has ended, and all those that it overlaps; `nil` until then.
    var comparisonBegin: Timestamp? {
        guard var latest = run.end else { return nil }
        for other in overlapping {
            guard let end = other.end else { return nil }
            latest = max(latest, end)
        }
        return latest
    }

    /// Whether another run goes on, or went on, at the same time, or at the same time as one that this one overlaps.
    func overlaps(_ other: MigrationRun) -> Bool {
        concerns(other) && comparisonBegin.map { other.begin < $0 } ?? true
            && other.end.map { $0 > baselineEnd } ?? true
    }

    /// Takes notice of runs beside it. What was compared was not its own time then.
    mutating func noteOverlap(_ others: [Overlap]) {
        guard !isFinal else { return }
        // Each of the others brings the list of those that it overlaps itself.
        var known = Set(overlapping.map(\.id)).union([run.id])
        let new = others.filter { known.insert($0.id).inserted }
        guard !new.isEmpty else { return }
        overlapping += new
        if overlapping.count > Self.overlapLimit {
            // Those that go on, and the last that ended, say when it is over.
            overlapping.sort { one, two in
                one.end.map { end in two.end.map { end < $0 } ?? true } ?? false
            }
            overlapping.removeFirst(overlapping.count - Self.overlapLimit)
        }
        successor = successor.flatMap { next in comparisonBegin.map { $0 <= next.begin } ?? false ? next : nil }
        relationsAfter = nil
        live = []
        review = RunReview(work: review.work)
        review.overlapping = overlapping.map(\.id).sorted()
    }

    mutating func noteEnd(of other: MigrationRun) {
        guard let index = overlapping.firstIndex(where: { $0.id == other.id }) else { return }
        overlapping[index].end = other.end
    }

    /// Takes notice of a run that began after this one's end.
    mutating func noteSuccessor(_ other: MigrationRun) {
        guard concerns(other), let begin = comparisonBegin, begin <= other.begin,
            successor.map({ other.begin < $0.begin }) ?? true
        else { return }
        successor = Overlap(other)
    }

    /// Ends the comparison without anything to tell.
    mutating func giveUp(_ reason: String) {
        review.standing = .notComparable
        review.reason = reason
        review.changes = []
        live = []
    }

    /// Whether what is known now differs from what was told so much that it is to be told again.
    var isNews: Bool {
        guard let published else { return review.standing != .waiting }
        guard published.standing == review.standing, published.work == review.work,
            published.overlapping == review.overlapping,
            published.changes.count == review.changes.count
        else { return true }
        return zip(published.changes, review.changes).contains { old, new in
            old.queryID != new.queryID || old.cause?.kind != new.cause?.kind || old.text != new.text
                || old.isNoLongerCompleted != new.isNoLongerCompleted
                || !(0.8...1.25).contains((new.ratio ?? 1) / max(old.ratio ?? 1, 1e-9))
        }
    }

    /// Whether the run is the one before, or beside, another one in its database.
    func concerns(_ other: MigrationRun) -> Bool { other.id != run.id && other.database == run.database }

    mutating func noteWork(_ now: Work) {
        guard review.work == nil, let end = run.end, let before = workBefore, now.time >= end,
            before.database.resetAt == now.database.resetAt
        else { return }
        func difference(_ path: KeyPath<DatabaseWork, Int64>) -> Int64 {
            max(0, now.database[keyPath: path] - before.database[keyPath: path])
        }
        func difference(_ value: (ServerWork) -> Int64?) -> Int64? {
            guard let old = value(before.server), let new = value(now.server) else { return nil }
            return max(0, new - old)
        }
        review.work = RunReview.Work(
            commits: difference(\.commits), rollbacks: difference(\.rollbacks), deadlocks: difference(\.deadlocks),
            temporaryFiles: difference(\.temporaryFiles), temporaryBytes: difference(\.temporaryBytes),
            blocksHit: difference(\.blocksHit), blocksRead: difference(\.blocksRead),
            walBytes: difference { $0.walPosition },
            checkpoints: difference { server in
                server.timedCheckpoints.flatMap { timed in server.requestedCheckpoints.map { timed + $0 } }
            }, from: before.time, until: now.time)
    }
}
