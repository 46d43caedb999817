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
    /// Runs that go on or have ended lately, oldest first.
    private var reviews: [RunUnderReview] = []
    /// Runs of which something new has been found out.
    private var reviewed: [MigrationRun] = []

    /// How many runs are reviewed at the same time.
    private static let reviewLimit = 16

    public init(
        target: String, privacy: QueryTextPrivacy = .normalized, settings: PerformanceSettings = PerformanceSettings()
    ) {
        self.target = target
        self.privacy = privacy
        self.settings = settings
        timeline = StatementTimeline(settings)
    }

    // MARK: Readings

    public mutating func advance(_ reading: StatementReading) {
        if let source, source.isAvailable != reading.source.isAvailable {
            // Times of statistics and of looks are not comparable.
            timeline.clear()
            deltas = StatementDeltas()
        }
        source = reading.source
        hiddenEntries = reading.hiddenEntries
        deallocations = reading.deallocations ?? deallocations
        databases = reading.databases
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
            leading.advance(reading, bucket: bucket)
        } else {
            bucket = running.takeBucket(until: reading.serverTime, databases: reading.databases)
            leading = LeadingStatements()
        }
        readAt = reading.serverTime
        if let bucket { timeline.append(bucket) }
        texts.wait()
        noteFirstAfter(reading)
        review()
    }

    /// Takes texts that were asked for.
    public mutating func advance(_ texts: StatementTexts) {
        self.texts.take(texts)
        review()
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
        case .statistics, nil: break
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
        let others = reviews.filter { $0.concerns(run) }
        // What was while another run went on, or before it, is no measure for this one.
        let boundary = others.map { $0.run.end ?? run.begin }.filter { $0 <= run.begin }.max()
        let earliest = max(run.begin - settings.window, boundary ?? run.begin - settings.window)
        var before = [QueryIdentity: QuerySummary](timeline.buckets(from: earliest, until: run.begin))
            .worthComparing(settings)
        if before.isEmpty, let previous = others.last, run.begin - (previous.run.end ?? run.begin) < settings.window {
            // One of a series: the time before the series is the measure for its last run.
            before = previous.before
        }
        let database = databases.first { $0.name == run.database }
        var review = RunUnderReview(run: run, before: before)
        review.relationsBefore = database.flatMap { relations[$0.oid]?.before(run.begin) }
        if let database, let readAt, readAt <= run.begin {
            review.workBefore = .init(time: readAt, database: database, server: server)
        }
        for index in reviews.indices where reviews[index].concerns(run) && reviews[index].successorBegin == nil {
            reviews[index].successorBegin = run.begin
        }
        reviews.append(review)
        if reviews.count > Self.reviewLimit { reviews.removeFirst() }
        timeline.cut()
    }

    private mutating func end(_ run: MigrationRun) {
        guard let index = reviews.firstIndex(where: { $0.run.id == run.id }) else { return }
        reviews[index].run = run
        if let end = run.end, let oid = databases.first(where: { $0.name == run.database })?.oid {
            let part = timeline.buckets(from: run.begin, until: end)
            reviews[index].during = [QueryIdentity: QuerySummary](part).filter { $0.key.databaseOID == oid }
        }
        timeline.cut()
    }

    private mutating func noteFirstAfter(_ reading: StatementReading) {
        for index in reviews.indices {
            guard let end = reviews[index].run.end, reading.serverTime >= end,
                let database = reading.databases.first(where: { $0.name == reviews[index].run.database })
            else { continue }
            reviews[index].noteWork(.init(time: reading.serverTime, database: database, server: reading.server))
            if reviews[index].relationsAfter == nil {
                reviews[index].relationsAfter = reading.relations.first {
                    $0.databaseOID == database.oid && $0.serverTime >= end
                }
            }
        }
    }

    // MARK: Comparing

    private mutating func review() {
        guard let readAt else { return }
        for index in reviews.indices { review(at: index, now: readAt) }
        reviews.removeAll { review in
            review.run.end.map { readAt - $0 > settings.watch } ?? false
        }
    }

    private mutating func review(at index: Int, now: Timestamp) {
        var review = reviews[index]
        defer { reviews[index] = review }
        guard let end = review.run.end, let database = databases.first(where: { $0.name == review.run.database })
        else { return }
        guard !review.isFinal else {
            guard !review.live.isEmpty else { return }
            let after = [QueryIdentity: QuerySummary](timeline.buckets(from: end))
            let found = changes(of: &review, after: after, database: database)?.changes ?? []
            let kept = Set(review.review.changes.map(\.queryID))
            review.live = found.filter { kept.contains($0.queryID) }
            return
        }
        // The next run's begin ends what can be laid at this one's door.
        let limit = min(end + settings.window, review.successorBegin ?? end + settings.window)
        let after = [QueryIdentity: QuerySummary](timeline.buckets(from: end, until: limit))
        let isOver = now >= limit
        if review.before.isEmpty {
            review.review.standing = .withoutBaseline
        } else if let found = changes(of: &review, after: after, database: database) {
            review.review.comparedQueries = found.compared
            review.review.changes = found.changes
            review.live = found.changes
            review.review.standing = isOver ? .final : found.compared > 0 ? .preliminary : .waiting
        } else if isOver {
            // The last texts may have come too late for this look; the next one has them, or says that there are none.
            return
        }
        if review.isFinal {
            let kept = Set(review.review.changes.map(\.queryID))
            review.before = review.before.filter { kept.contains($0.key.queryID) }
            review.during = [:]
        }
        if review.isNews {
            review.published = review.review
            review.run.review = review.review
            reviewed.append(review.run)
        }
    }

    /// - Returns: `nil` while texts have still to come: they tell what to leave out.
    private mutating func changes(
        of review: inout RunUnderReview, after: [QueryIdentity: QuerySummary], database: DatabaseWork
    ) -> (compared: Int, changes: [QueryChange])? {
        let comparison = QueryComparison(
            before: review.before, after: after, database: database.oid, settings: settings)
        let causes = causes(of: review, database: database.oid)
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
                    isSampled: source?.isAvailable != true))
        }
        return isComplete ? (comparison.compared, changes) : nil
    }

    private mutating func text(of query: QueryIdentity) -> QueryTexts.Text? {
        if source?.isAvailable == true { return texts.text(of: query) }
        return running.texts[query.queryID].map(QueryTexts.Text.read) ?? .missing
    }

    private func causes(of review: RunUnderReview, database: UInt32) -> QueryCauses? {
        guard let before = review.relationsBefore, let after = review.relationsAfter,
            let now = relations[database]?.newest
        else { return nil }
        return QueryCauses(
            before: before.last, earlier: before.first, after: after, now: now, runBegin: review.run.begin)
    }

    // MARK: Figures

    public func record(into metrics: inout MetricsBuilder) {
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
        for review in reviews {
            for change in review.live {
                metrics.set(
                    MetricCatalog.statementSlowdown,
                    .init(
                        .init(.init(target: target, database: change.database), queryID: change.queryID),
                        run: review.run.id), to: change.ratio)
            }
        }
        recordWork(into: &metrics)
    }

    private func recordWork(into metrics: inout MetricsBuilder) {
        let labels = MetricCatalog.TargetLabels(target: target)
        if let position = server.walPosition { metrics.set(MetricCatalog.walBytes, labels, to: position) }
        if let timed = server.timedCheckpoints, let requested = server.requestedCheckpoints {
            metrics.set(MetricCatalog.checkpoints, .init(target: target, isTimed: true), to: timed)
            metrics.set(MetricCatalog.checkpoints, .init(target: target, isTimed: false), to: requested)
        }
        for database in databases {
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
