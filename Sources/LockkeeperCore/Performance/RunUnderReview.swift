/// A run whose effect on the queries is being found out: what was before it, and what has been found so far.
struct RunUnderReview: Sendable {
    var run: MigrationRun
    /// How the queries of all databases fared before it began; only those worth comparing.
    var before: [QueryIdentity: QuerySummary]
    /// Those of the run's database while it ran.
    var during: [QueryIdentity: QuerySummary] = [:]
    /// The newest figures of the server before it began.
    var workBefore: Work?
    var relationsBefore: (last: RelationStatistics, first: RelationStatistics)?
    /// The first after its end.
    var relationsAfter: RelationStatistics?
    /// When another run began in the same database: what changes then is not this one's doing.
    var successorBegin: Timestamp?
    var review = RunReview()
    /// What was told of it last.
    var published: RunReview?
    /// The changes that are still there.
    var live: [QueryChange] = []

    /// The server's figures at one moment.
    struct Work: Sendable {
        var time: Timestamp
        var database: DatabaseWork
        var server: ServerWork
    }

    var isFinal: Bool { review.standing == .final || review.standing == .withoutBaseline }

    /// Whether what is known now differs from what was told so much that it is to be told again.
    var isNews: Bool {
        guard let published else { return review.standing != .waiting }
        guard published.standing == review.standing, published.work == review.work,
            published.changes.count == review.changes.count
        else { return true }
        return zip(published.changes, review.changes).contains { old, new in
            old.queryID != new.queryID || old.cause?.kind != new.cause?.kind || old.text != new.text
                || !(0.8...1.25).contains(new.ratio / max(old.ratio, 1e-9))
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
