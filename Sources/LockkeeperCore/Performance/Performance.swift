/// How fast one target's queries are, and what each migration did to that.
///
/// Statements are read every half minute, and when a run begins or ends. What they did between two readings is kept for some minutes. When
/// a run begins, its baseline is made of that; after its end the queries are compared with it, again with each reading.
public struct Performance: Sendable {
    public let target: String
    /// How much of the queries' texts is kept with what is found.
    public var privacy: QueryTextPrivacy
    /// Where the newest reading's statistics of statements come from; `nil` before the first.
    public private(set) var source: StatementReading.Source?
    private let settings: PerformanceSettings
    private var deltas = StatementDeltas()
    private var timeline: StatementTimeline
    private var running = RunningStatements()
    private var leading = LeadingStatements()
    private var texts = QueryTexts()
    private var relations: [UInt32: RelationHistory] = [:]
    private var databases: [DatabaseWork] = []
    private var sizes: [UInt32: Int64] = [:]
    private var server = ServerWork()
    private var hiddenEntries = 0
    private var deallocations: Int64?
    /// The server's clock at the newest reading.
    private var readAt: Timestamp?
    /// Why the newest reading has no statistics of statements, and how many in a row have not.
    private var failure: SampleFailure?
    private var failures = 0
    /// Runs that go on or have ended lately, oldest first.
    private var reviews: [RunUnderReview] = []
    /// Runs of which something new has been found out.
    private var reviewed: [MigrationRun] = []

    /// How many runs are reviewed at the same time; more only while they all go on, and never more than twice as many.
    private static let reviewLimit = 16
    /// After how many readings in a row without statistics running statements are sampled instead.
    private static let failureLimit = 3

    public init(
        target: String, privacy: QueryTextPrivacy = .normalized, settings: PerformanceSettings = PerformanceSettings()
    ) {
        self.target = target
        self.privacy = privacy
        self.settings = settings
        timeline = StatementTimeline(settings)
    }

    // MARK: Readings

    /// - Parameter isWatched: whether a database, by its name, is the target's to tell of.
    public mutating func advance(_ reading: StatementReading, isWatched: (String) -> Bool = { _ in true }) {
        let isGap = isGap(reading.source)
        if !isGap {
            if let source, source.isAvailable != reading.source.isAvailable {
                // Times of statistics and of looks are not comparable.
                timeline.clear()
                deltas = StatementDeltas()
            }
            source = reading.source
            hiddenEntries = reading.hiddenEntries
        }
        deallocations = reading.deallocations ?? deallocations
        // There is always one: a list without any could not be read.
        if !reading.databases.isEmpty { databases = reading.databases }
        for database in databases { sizes[database.oid] = database.size ?? sizes[database.oid] }
        let present = Set(databases.map(\.oid))
        sizes = sizes.filter { present.contains($0.key) }
        server = reading.server
        for statistics in reading.relations {
            relations[statistics.databaseOID, default: RelationHistory(settings)].append(statistics)
        }
        relations = relations.filter { present.contains($0.key) }

        var bucket: StatementBucket?
        if reading.source.isAvailable {
            bucket = deltas.advance(reading)
            leading.advance(reading, bucket: bucket, isWatched: isWatched)
        } else if !isGap {
            bucket = running.takeBucket(until: reading.serverTime, databases: databases)
            leading = LeadingStatements()
        }
        readAt = reading.serverTime
        if let bucket { timeline.append(bucket) }
        if !isGap { texts.wait() }
        noteFirstAfter(reading)
        review(hasNewBucket: bucket != nil)
    }

    /// Whether statistics that could be read before could not be read this time: a timeout or a lost connection is no reason to forget what
    /// is known. What the next reading counts includes the time between.
    private mutating func isGap(_ source: StatementReading.Source) -> Bool {
        guard case .failed(let failure) = source else {
            failures = 0
            self.failure = nil
            return false
        }
        failures += 1
        self.failure = failure
        return self.source?.isAvailable == true && failures < Self.failureLimit
    }

    /// Takes texts that were asked for.
    public mutating func advance(_ texts: StatementTexts) {
        self.texts.take(texts)
        review(hasNewBucket: false)
    }

    /// Takes what a full look shows of running statements. It counts only while the server keeps no statistics of them.
    public mutating func advance(_ observation: Observation) {
        guard let source, !source.isAvailable else { return }
        running.observe(observation)
    }

    /// The statements whose texts are to be read.
    public var textsWanted: [Int64] { source?.isAvailable == true ? texts.wanted : [] }

    /// What hinders a full picture, a sentence each.
    public var warnings: [String] {
        var warnings: [String] = []
        switch source {
        case .missing(let why): warnings.append("query timings are sampled from running statements only: \(why)")
        case .failed(let failure):
            warnings.append("query timings are sampled from running statements only: \(failure.message)")
        case .statistics, nil:
            if let failure { warnings.append("query timings could not be read: \(failure.message)") }
        }
        if hiddenEntries > 0 {
            warnings.append(
                "the role may not see the statistics of \(hiddenEntries) statements of other users: grant it pg_monitor (deploy/monitoring-role.sql)"
            )
        }
        return warnings
    }

    // MARK: Runs

    /// Takes notice of runs that begin and end: what lies between is compared with what was before.
    public mutating func advance(_ events: [RunEvent], at serverTime: Timestamp) {
        for event in events {
            switch event {
            case .started(let run):
                begin(run)
            case .advanced(let run):
                if let index = reviews.firstIndex(where: { $0.run.id == run.id }) { reviews[index].run = run }
            case .ended(let run), .discovered(let run):
                if !reviews.contains(where: { $0.run.id == run.id }) { begin(run) }
                end(run)
            case .reviewed:
                break
            }
        }
    }

    /// Runs whose `review` has changed since the last time this was asked.
    public mutating func takeReviewed() -> [MigrationRun] {
        defer { reviewed = [] }
        return reviewed
    }

    private mutating func begin(_ run: MigrationRun) {
        guard !reviews.contains(where: { $0.run.id == run.id }) else { return }
        let beside = reviews.indices.filter { reviews[$0].overlaps(run) }
        var review = RunUnderReview(
            run, baselineEnd: beside.reduce(run.begin) { min($0, reviews[$1].baselineEnd) }, isSampled: isSampled)
        setBaseline(of: &review, beside: beside)
        if let database = databases.first(where: { $0.name == run.database }), let readAt, readAt <= run.begin {
            review.workBefore = .init(time: readAt, database: database, server: server)
        }
        let group =
            [RunUnderReview.Overlap(run)]
            + beside.flatMap { [RunUnderReview.Overlap(reviews[$0].run)] + reviews[$0].overlapping }
        review.noteOverlap(group)
        for index in beside {
            reviews[index].noteOverlap(group)
            // One that is discovered late may have begun first.
            if run.begin < reviews[index].baselineEnd, !reviews[index].isFinal, !review.before.queries.isEmpty {
                reviews[index].baselineEnd = run.begin
                reviews[index].before = review.before
                reviews[index].relationsBefore = review.relationsBefore
            }
        }
        for index in reviews.indices where !beside.contains(index) { reviews[index].noteSuccessor(run) }
        reviews.append(review)
        makeRoom()
        timeline.cut()
    }

    /// What was while another run went on is no measure for a run, nor what was before one that ended.
    private func setBaseline(of review: inout RunUnderReview, beside: [Int]) {
        let (run, end) = (review.run, review.baselineEnd)
        if let first = beside.map({ reviews[$0] }).min(by: { $0.baselineEnd < $1.baselineEnd }), !first.isFinal,
            first.baselineEnd <= end
        {
            review.before = first.before
            review.relationsBefore = first.relationsBefore
            review.isSampled = first.isSampled
            return
        }
        let earlier = reviews.indices.filter { !beside.contains($0) && reviews[$0].concerns(run) }
            .compactMap { index in reviews[index].comparisonBegin.map { (review: reviews[index], end: $0) } }
            .filter { $0.end <= end }
        let begin = max(end - settings.window, earlier.map(\.end).max() ?? end - settings.window)
        review.before = StatementStretch(timeline.buckets(from: begin, until: end)).worthComparing(settings)
        let database = databases.first { $0.name == run.database }
        review.relationsBefore = database.flatMap { relations[$0.oid]?.before(end) }
        if review.before.queries.isEmpty, let previous = earlier.last, end - previous.end < settings.window {
            // One of a series: the time before the series is the measure for its last run.
            review.before = previous.review.before
            review.relationsBefore = previous.review.relationsBefore
            review.isSampled = previous.review.isSampled
        }
    }

    /// Forgets one that is over, rather than one whose end has still to come.
    private mutating func makeRoom() {
        guard reviews.count > Self.reviewLimit else { return }
        if let index = reviews.firstIndex(where: { $0.isFinal && $0.live.isEmpty })
            ?? reviews.firstIndex(where: \.isFinal)
        {
            reviews.remove(at: index)
        } else if let index = reviews.firstIndex(where: { $0.run.end != nil }) {
            reviews[index].giveUp("more runs went on at the same time than are compared")
            publish(at: index)
            reviews.remove(at: index)
        } else if reviews.count > Self.reviewLimit * 2 {
            reviews.removeFirst()
        }
    }

    private mutating func end(_ run: MigrationRun) {
        for index in reviews.indices { reviews[index].noteEnd(of: run) }
        guard let index = reviews.firstIndex(where: { $0.run.id == run.id }) else { return }
        reviews[index].run = run
        if let end = run.end, let oid = databases.first(where: { $0.name == run.database })?.oid {
            let part = StatementStretch(timeline.buckets(from: run.begin, until: end))
            reviews[index].during = part.queries.filter { $0.key.databaseOID == oid }
        }
        timeline.cut()
    }

    private mutating func noteFirstAfter(_ reading: StatementReading) {
        for index in reviews.indices {
            guard let end = reviews[index].run.end, reading.serverTime >= end,
                let database = reading.databases.first(where: { $0.name == reviews[index].run.database })
            else { continue }
            reviews[index].noteWork(.init(time: reading.serverTime, database: database, server: reading.server))
            if reviews[index].relationsAfter == nil, let begin = reviews[index].comparisonBegin {
                reviews[index].relationsAfter = reading.relations.first {
                    $0.databaseOID == database.oid && $0.serverTime >= begin
                }
            }
        }
    }

    // MARK: Comparing

    private var isSampled: Bool { source?.isAvailable != true }

    private mutating func review(hasNewBucket: Bool) {
        guard let readAt else { return }
        for index in reviews.indices {
            guard !reviews[index].isFinal else {
                if hasNewBucket { watch(at: index) }
                continue
            }
            review(at: index, now: readAt)
            publish(at: index)
        }
        reviews.removeAll { review in
            guard let end = review.run.end else { return false }
            return readAt - (review.comparisonBegin ?? end) > settings.watch
        }
    }

    private mutating func review(at index: Int, now: Timestamp) {
        var review = reviews[index]
        defer { reviews[index] = review }
        guard let end = review.run.end else { return }
        guard let begin = review.comparisonBegin else {
            // Another one goes on: what there is to see may be its doing.
            if now - end > settings.watch { review.giveUp(Self.overlapReason(review)) }
            return
        }
        guard let database = databases.first(where: { $0.name == review.run.database }) else { return }
        // The next run's begin ends what can be laid at this one's door.
        let limit = min(begin + settings.window, review.successor?.begin ?? begin + settings.window)
        let isOver = now >= limit
        if review.before.queries.isEmpty {
            review.review.standing = .withoutBaseline
        } else if review.isSampled != isSampled {
            // What was found while they could be read stands.
            guard isOver else { return }
            review.review.standing = .final
            if review.review.comparedQueries == 0 {
                review.giveUp(
                    "the time before it was measured \(review.isSampled ? "on running statements" : "by statistics"), the time after it is not"
                )
            }
        } else if let found = changes(
            of: &review, after: StatementStretch(timeline.buckets(from: begin, until: limit)), database: database)
        {
            review.review.comparedQueries = found.compared
            review.review.changes = found.changes
            review.live = found.changes
            let isWaiting = found.compared == 0 && found.changes.isEmpty
            review.review.standing = isOver ? .final : isWaiting ? .waiting : .preliminary
            if isOver, isWaiting, let next = review.successor {
                review.giveUp("run \(next.id) began \((next.begin - begin).readable) after it had ended")
            }
        }
        // The last texts may have come too late for this look; the next one has them, or says that there are none.
        guard review.isFinal else { return }
        let kept = Set(review.review.changes.map(\.queryID))
        review.before = review.before.keeping { query, _ in kept.contains(query.queryID) }
        review.during = [:]
    }

    private static func overlapReason(_ review: RunUnderReview) -> String {
        let others = review.overlapping.filter { $0.end == nil }.map(\.id)
        return "run \(others.joined(separator: ", ")), which it overlapped, went on for too long after it had ended"
    }

    /// Looks whether what has been found is still there.
    private mutating func watch(at index: Int) {
        var review = reviews[index]
        defer { reviews[index] = review }
        guard !review.live.isEmpty, review.isSampled == isSampled, let begin = review.comparisonBegin,
            let database = databases.first(where: { $0.name == review.run.database })
        else { return }
        let after = StatementStretch(timeline.buckets(from: begin))
        guard let found = changes(of: &review, after: after, database: database)?.changes else { return }
        // A query that did not complete does again when it has once; how all others fare is known no more.
        let stopped = review.live.filter { change in
            change.isNoLongerCompleted
                && after.queries[.init(databaseOID: database.oid, queryID: change.queryID)] == nil
        }
        let kept = Set(review.review.changes.map(\.queryID))
        review.live = stopped + found.filter { kept.contains($0.queryID) && !$0.isNoLongerCompleted }
    }

    private mutating func publish(at index: Int) {
        guard reviews[index].run.end != nil, reviews[index].isNews else { return }
        reviews[index].published = reviews[index].review
        reviews[index].run.review = reviews[index].review
        reviewed.append(reviews[index].run)
    }

    /// - Returns: `nil` while texts have still to come: they tell what to leave out.
    private mutating func changes(
        of review: inout RunUnderReview, after: StatementStretch, database: DatabaseWork
    ) -> (compared: Int, changes: [QueryChange])? {
        let comparison = QueryComparison(
            before: review.before, after: after, database: database.oid, settings: settings,
            isCounted: { !isSampled && deltas.holds($0) })
        let causes = comparison.differences.isEmpty ? nil : causes(of: review, database: database.oid)
        var changes: [QueryChange] = []
        var isComplete = true
        // A few more than are told, since some may turn out to be the monitoring's own.
        for difference in comparison.differences.prefix(RunReview.limit * 2) {
            guard let text = text(of: difference.query) else {
                isComplete = false
                continue
            }
            var known: String?
            if case .read(let text) = text { known = text }
            // Applications do not write out the system schema's name; monitoring does, and its queries change with what they look at.
            if let known, known.contains("pg_catalog.") { continue }
            guard changes.count < RunReview.limit else { break }
            changes.append(
                QueryChange(
                    database: database.name, queryID: difference.query.queryID,
                    text: privacy == .none ? nil : known.map { privacy.shown($0) }, before: difference.before.window,
                    during: review.during[difference.query]?.window, after: difference.after.window,
                    ratio: difference.ratio, probability: difference.probability, effect: difference.effect,
                    cause: causes?.cause(of: difference, text: known) ?? QueryCauses.work(difference),
                    evidence: difference.stopped, isSampled: isSampled))
        }
        return isComplete ? (comparison.compared, changes) : nil
    }

    private mutating func text(of query: QueryIdentity) -> QueryTexts.Text? {
        if !isSampled { return texts.text(of: query) }
        return running.texts[query.queryID].map(QueryTexts.Text.read) ?? .missing
    }

    private func causes(of review: RunUnderReview, database: UInt32) -> QueryCauses? {
        guard let before = review.relationsBefore, let after = review.relationsAfter,
            let now = relations[database]?.newest
        else { return nil }
        return QueryCauses(
            before: before.last, earlier: before.first, after: after, now: now, runBegin: review.baselineEnd)
    }

    // MARK: Figures

    /// Writes the figures of statements, databases and server by the newest reading. The caller leaves them out while the target does not
    /// answer.
    ///
    /// - Parameter isWatched: whether a database, by its name, is the target's to tell of.
    public func record(into metrics: inout MetricsBuilder, isWatched: (String) -> Bool = { _ in true }) {
        guard let source else { return }
        let labels = MetricCatalog.TargetLabels(target: target)
        metrics.set(MetricCatalog.statementStatistics, labels, to: source.isAvailable)
        if let deallocations { metrics.set(MetricCatalog.statementDeallocations, labels, to: deallocations) }
        for (query, figures) in leading.figures {
            let labels = MetricCatalog.StatementLabels(
                .init(target: target, database: figures.database), queryID: query.queryID)
            metrics.set(MetricCatalog.statementCalls, labels, to: figures.calls)
            metrics.set(MetricCatalog.statementSeconds, labels, to: figures.totalTime / 1000)
            if let mean = figures.recentMean { metrics.set(MetricCatalog.statementMean, labels, to: mean / 1000) }
        }
        recordWork(into: &metrics, isWatched: isWatched)
    }

    /// Writes which queries a run has made slower, or faster, as far as that is known to last. A target that does not answer is none that
    /// has recovered.
    public func recordSlowdowns(into metrics: inout MetricsBuilder) {
        for review in reviews {
            for change in review.live {
                guard let ratio = change.ratio else { continue }
                metrics.set(
                    MetricCatalog.statementSlowdown,
                    .init(
                        .init(.init(target: target, database: change.database), queryID: change.queryID),
                        run: review.run.id), to: ratio)
            }
        }
    }

    private func recordWork(into metrics: inout MetricsBuilder, isWatched: (String) -> Bool) {
        let labels = MetricCatalog.TargetLabels(target: target)
        if let position = server.walPosition { metrics.set(MetricCatalog.walBytes, labels, to: position) }
        if let timed = server.timedCheckpoints, let requested = server.requestedCheckpoints {
            metrics.set(MetricCatalog.checkpoints, .init(target: target, isTimed: true), to: timed)
            metrics.set(MetricCatalog.checkpoints, .init(target: target, isTimed: false), to: requested)
        }
        for database in databases where isWatched(database.name) {
            let labels = MetricCatalog.DatabaseLabels(target: target, database: database.name)
            metrics.set(MetricCatalog.databaseTransactions, .init(labels, isCommitted: true), to: database.commits)
            metrics.set(MetricCatalog.databaseTransactions, .init(labels, isCommitted: false), to: database.rollbacks)
            metrics.set(MetricCatalog.databaseBlocks, .init(labels, isHit: true), to: database.blocksHit)
            metrics.set(MetricCatalog.databaseBlocks, .init(labels, isHit: false), to: database.blocksRead)
            metrics.set(MetricCatalog.databaseDeadlocks, labels, to: database.deadlocks)
            metrics.set(MetricCatalog.databaseTemporaryFiles, labels, to: database.temporaryFiles)
            metrics.set(MetricCatalog.databaseTemporaryBytes, labels, to: database.temporaryBytes)
            if let killed = database.sessionsKilled {
                metrics.set(MetricCatalog.databaseSessionsKilled, labels, to: killed)
            }
            if let size = sizes[database.oid] { metrics.set(MetricCatalog.databaseSize, labels, to: size) }
        }
    }
}
