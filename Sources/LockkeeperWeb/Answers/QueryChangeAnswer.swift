import LockkeeperCore

/// A query that got slower, or faster, with a run, or no longer completes since.
struct QueryChangeAnswer: Encodable {
    let database: String
    /// As text: a JSON number cannot hold it exactly everywhere.
    let queryid: String
    /// Missing where it is not known or may not be shown.
    let text: String?
    /// Mean after ÷ mean before; missing of a query that no longer completes.
    let ratio: Double?
    let probability: Double
    /// Hedges' g.
    let effect: Double
    let before: QueryWindowAnswer
    let during: QueryWindowAnswer?
    let after: QueryWindowAnswer
    let cause: CauseAnswer?
    /// What says that it no longer completes; missing of one that got slower or faster.
    let evidence: String?
    /// Whether it was seen by looking at running statements, for want of statistics.
    let isSampled: Bool

    struct CauseAnswer: Encodable {
        let kind: String
        let text: String
        let remedy: String?
    }

    init(_ change: QueryChange) {
        database = change.database
        queryid = String(change.queryID)
        text = change.text
        ratio = change.ratio
        probability = change.probability
        effect = change.effect
        before = QueryWindowAnswer(change.before)
        during = change.during.map(QueryWindowAnswer.init)
        after = QueryWindowAnswer(change.after)
        cause = change.cause.map { CauseAnswer(kind: $0.kind.rawValue, text: $0.text, remedy: $0.remedy) }
        evidence = change.evidence
        isSampled = change.isSampled
    }
}

/// How a query fared in a stretch of time.
struct QueryWindowAnswer: Encodable {
    let calls: Int64
    let meanSeconds: Double
    let deviationSeconds: Double
    let blocksPerCall: Double
    let readsPerCall: Double

    init(_ window: QueryWindow) {
        calls = window.calls
        meanSeconds = window.mean / 1000
        deviationSeconds = window.deviation / 1000
        blocksPerCall = window.blocksPerCall
        readsPerCall = window.readsPerCall
    }
}

/// What the run's database did from its begin to its end.
struct DatabaseWorkAnswer: Encodable {
    let from: String
    let until: String
    let commits: Int64
    let rollbacks: Int64
    let deadlocks: Int64
    let temporaryFiles: Int64
    let temporaryBytes: Int64
    let blocksHit: Int64
    let blocksRead: Int64
    /// Of the whole server.
    let walBytes: Int64?
    /// Of the whole server.
    let checkpoints: Int64?

    init(_ work: RunReview.Work) {
        from = work.from.rfc3339
        until = work.until.rfc3339
        commits = work.commits
        rollbacks = work.rollbacks
        deadlocks = work.deadlocks
        temporaryFiles = work.temporaryFiles
        temporaryBytes = work.temporaryBytes
        blocksHit = work.blocksHit
        blocksRead = work.blocksRead
        walBytes = work.walBytes
        checkpoints = work.checkpoints
    }
}
