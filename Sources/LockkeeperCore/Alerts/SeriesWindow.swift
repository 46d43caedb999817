public import PromQL

/// The agent's own series in memory, as its rules see them: appended at each evaluation, with the history that the
/// loaded rules look back on, and some more for people's questions.
///
/// A series that is missing from an append has ended there (a stale marker), as if Prometheus had not found it in a
/// scrape. The window is bounded in time by what the rules look back on or its own retention, whichever is longer; in
/// memory by a budget, beyond which the retention becomes shorter; and in number by `mostSamples` for each series,
/// beyond which the older half loses resolution.
public struct SeriesWindow: Sendable {
    /// Who appends a series.
    enum Owner: Hashable, Sendable {
        case observation
        case rule(generation: UInt64, index: Int)

        /// Whether it is the same evaluator's rule as loaded later.
        func replaces(_ other: Owner) -> Bool {
            guard case .rule(let generation, _) = self, case .rule(let older, _) = other else { return false }
            return generation > older
        }
    }

    private var slots: [WindowSeries?] = []
    private var free: [Int] = []
    private var places: [Labels: Int] = [:]
    /// By metric name, in the order in which they came.
    private var named: [String: [Int]] = [:]
    private var live: [Owner: [Int]] = [:]
    /// Series that have ended but are still looked back on.
    private var ended: Set<Int> = []
    private var history: SeriesHistory
    private var appends: UInt64 = 0
    private var generations: UInt64 = 0
    private var newestTime: Int64 = .min
    /// Since when nothing has been forgotten that the rules want, by metric; others since `keptSince`.
    private var metricKeptSince: [String: Int64] = [:]
    private var keptSince: Int64?
    /// How long samples are kept that no rule looks back on, in milliseconds: as long as is wished and fits into memory.
    private var retention: Int64
    private let wantedRetention: Int64
    /// The number of the append at which the memory is looked at next.
    private var nextMeasurement: UInt64 = 64

    /// How many samples of one series are kept at most.
    public let mostSamples: Int
    /// How many bytes the samples may take before those are given up that no rule looks back on.
    public let budget: Int

    /// How long samples are kept at least that no rule looks back on, unless they would take more than the agent's share
    /// of memory.
    public static let agentRetention: Duration = .seconds(3600)
    /// The agent's share of memory, in bytes.
    public static let agentBudget = 64 << 20

    /// An empty window.
    ///
    /// - Parameters:
    ///   - history: what the rules look back on.
    ///   - retention: how long samples are kept that no rule looks back on; 0 for the newest alone.
    ///   - mostSamples: how many samples of one series are kept at most.
    ///   - budget: how many bytes the samples may take before the retention becomes shorter.
    public init(
        history: SeriesHistory = SeriesHistory(), retention: Duration = .zero, mostSamples: Int = 7200,
        budget: Int = SeriesWindow.agentBudget
    ) {
        self.history = history
        self.retention = retention.milliseconds
        wantedRetention = retention.milliseconds
        self.mostSamples = max(mostSamples, 16)
        self.budget = budget
    }

    /// The window of a test: all samples stay.
    static var unbounded: SeriesWindow {
        SeriesWindow(history: .everything, mostSamples: .max, budget: .max)
    }

    /// The number of series that have not been forgotten.
    public var seriesCount: Int { places.count }

    /// The number of samples.
    public var sampleCount: Int { slots.reduce(0) { $0 + ($1?.count ?? 0) } }

    /// The memory that the samples take, in bytes, about; labels aside.
    public var byteCount: Int { slots.reduce(0) { $0 + ($1?.byteCount ?? 0) } }

    /// Changes what is kept, when other rules are loaded. What is already forgotten does not come back.
    public mutating func keep(_ new: SeriesHistory) {
        if let keptSince, newestTime > .min {
            for name in Set(new.byMetric.keys).union(history.byMetric.keys).union(named.keys)
            where new.length(of: name) > length(of: name) {
                let since = metricKeptSince[name] ?? keptSince
                metricKeptSince[name] = max(since, newestTime - length(of: name))
            }
        }
        history = new
    }

    /// Appends what was observed: all series there are, each with its value.
    ///
    /// A time before the newest one (a clock that was set back) discards what lies after it.
    public mutating func append(_ samples: [VectorSample], at time: Timestamp) {
        append(samples, at: time.milliseconds, from: .observation)
    }

    /// Adds samples to series, of which none ends.
    mutating func load(_ samples: [VectorSample], at time: Int64) {
        appends += 1
        if keptSince == nil { keptSince = time }
        for sample in samples { _ = write(sample, at: time, from: .observation) }
        newestTime = time
    }

    /// - Returns: a series that another owner has written at this time with another value, or later, which stays, as in Prometheus.
    @discardableResult
    mutating func append(_ samples: [VectorSample], at time: Int64, from owner: Owner) -> Labels? {
        appends += 1
        if keptSince == nil { keptSince = time }
        var written: [Int] = []
        written.reserveCapacity(samples.count)
        var duplicate: Labels?
        for sample in samples {
            if let place = write(sample, at: time, from: owner) {
                written.append(place)
            } else if duplicate == nil, let newest = places[sample.labels].flatMap({ slots[$0]?.newest }),
                newest.timestamp > time || newest.value.bitPattern != sample.value.bitPattern
            {
                duplicate = sample.labels
            }
        }
        if !ended.isEmpty { ended.subtract(written) }
        for place in live[owner] ?? [] { end(place, owner, at: time) }
        live[owner] = written.isEmpty ? nil : written
        // Rules may write into the past, and there are many of them.
        if owner == .observation {
            newestTime = time
            forget(at: time)
        }
        if appends >= nextMeasurement { keepToBudget(at: time) }
        return duplicate
    }

    /// - Returns: the place of the series; nil when what another owner has written there at this time or later stays, as in
    ///   Prometheus.
    private mutating func write(_ sample: VectorSample, at time: Int64, from owner: Owner) -> Int? {
        let place = places[sample.labels] ?? add(sample.labels, owner)
        if owner != .observation, let series = slots[place], series.owner != owner, let newest = series.newest,
            !newest.isStale, newest.timestamp == time || newest.timestamp > time && !owner.replaces(series.owner)
        {
            return nil
        }
        let keeping = keeping(of: sample.labels)
        slots[place]?.owner = owner
        slots[place]?.written = appends
        slots[place]?.append(PromQL.Sample(timestamp: time, value: sample.value), keeping: keeping)
        return place
    }

    private func length(of metric: String) -> Int64 { max(history.length(of: metric), retention) }

    private func keeping(of labels: Labels) -> WindowSeries.Keeping {
        let plain = history.length(of: labels.metricName ?? "")
        return WindowSeries.Keeping(length: max(plain, retention), plain: plain, most: mostSamples)
    }

    /// Gives up the oldest of what no rule looks back on while the samples take more than they may, and lets the
    /// retention grow again when there is room.
    private mutating func keepToBudget(at time: Int64) {
        nextMeasurement = appends + 256
        guard wantedRetention > 0 else { return }
        let bytes = byteCount
        if bytes > budget, retention > 0 {
            retention = retention > 60_000 ? retention * 3 / 4 : 0
            noteWhatIsKept(at: time)
            for place in slots.indices {
                guard let series = slots[place] else { continue }
                let oldest = time - length(of: series.labels.metricName ?? "")
                slots[place]?.forget(before: oldest)
            }
            nextMeasurement = appends + 1
        } else if bytes < budget / 2, retention < wantedRetention {
            // What was before is gone, however long is kept from now on.
            noteWhatIsKept(at: time)
            retention = min(max(retention * 4 / 3, 60_000), wantedRetention)
        }
    }

    private mutating func noteWhatIsKept(at time: Int64) {
        for name in Set(named.keys).union(history.byMetric.keys) {
            metricKeptSince[name] = max(metricKeptSince[name] ?? keptSince ?? .min, time - length(of: name))
        }
        keptSince = keptSince.map { max($0, time - max(retention, history.ofAll)) }
    }

    /// A number for the rules of one evaluator, so that another's series can be told apart.
    mutating func nextGeneration() -> UInt64 {
        generations += 1
        return generations
    }

    /// Ends all series of rules that are no longer loaded.
    mutating func endRules(before generation: UInt64, at time: Int64) {
        for (owner, places) in live {
            guard case .rule(let other, _) = owner, other < generation else { continue }
            appends += 1
            for place in places { end(place, owner, at: time) }
            live[owner] = nil
        }
    }

    /// True when all samples are there that a selector looks back on at this time.
    func covers(_ use: SelectorUse, at time: Int64) -> Bool {
        guard use.lookback > 0 else { return true }
        guard let keptSince else { return false }
        let since = use.metricName.flatMap { metricKeptSince[$0] } ?? keptSince
        return since <= time - use.lookback
    }

    private mutating func add(_ labels: Labels, _ owner: Owner) -> Int {
        let series = WindowSeries(labels: labels, owner: owner)
        let place: Int
        if let reused = free.popLast() {
            place = reused
            slots[place] = series
        } else {
            place = slots.count
            slots.append(series)
        }
        places[labels] = place
        named[labels.metricName ?? "", default: []].append(place)
        return place
    }

    private mutating func end(_ place: Int, _ owner: Owner, at time: Int64) {
        guard let series = slots[place], series.owner == owner, series.written != appends else { return }
        let keeping = keeping(of: series.labels)
        if keeping.length == 0 {
            remove(place)
        } else {
            slots[place]?.append(PromQL.Sample.stale(at: time), keeping: keeping)
            ended.insert(place)
        }
    }

    private mutating func forget(at time: Int64) {
        for place in ended {
            guard let series = slots[place] else { continue }
            let oldest = time - length(of: series.labels.metricName ?? "")
            slots[place]?.forget(before: oldest)
            // What is left may be nothing but the marker of its end.
            if slots[place].map({ $0.count <= 1 }) ?? true { remove(place) }
        }
    }

    private mutating func remove(_ place: Int) {
        guard let series = slots[place] else { return }
        slots[place] = nil
        free.append(place)
        ended.remove(place)
        places[series.labels] = nil
        let name = series.labels.metricName ?? ""
        named[name]?.removeAll { $0 == place }
        if named[name]?.isEmpty == true { named[name] = nil }
    }
}

extension SeriesWindow: SeriesSource {
    /// The newest samples; see `SeriesSource`.
    public func newest(
        matching matchers: [LabelMatcher], from start: Int64, through end: Int64
    ) -> [SeriesSample] {
        var result: [SeriesSample] = []
        each(matching: matchers) { series in
            if let sample = series.newest(from: start, through: end), !sample.isStale {
                result.append(SeriesSample(labels: series.labels, sample: sample))
            }
        }
        return result
    }

    /// The samples of a stretch of time; see `SeriesSource`.
    public func samples(
        matching matchers: [LabelMatcher], from start: Int64, through end: Int64, limit: Int
    ) -> [SeriesSamples]? {
        var result: [SeriesSamples] = []
        var room = limit
        each(matching: matchers) { series in
            guard room >= 0 else { return }
            let slice = series.slice(from: start, through: end)
            room -= slice.count
            if !slice.isEmpty { result.append(SeriesSamples(labels: series.labels, samples: slice)) }
        }
        return room >= 0 ? result : nil
    }

    /// The labels of each series that satisfies all matchers and has a sample in the stretch of time, both ends included.
    public func labelSets(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [Labels] {
        var result: [Labels] = []
        each(matching: matchers) { series in
            if series.newest(from: start, through: end) != nil { result.append(series.labels) }
        }
        return result
    }

    private func each(matching matchers: [LabelMatcher], _ body: (WindowSeries) -> Void) {
        let name = matchers.first { $0.name == Labels.metricNameLabel && $0.operation == .equal }
        if let name {
            let others = matchers.filter { $0 != name }
            for place in named[name.value] ?? [] {
                guard let series = slots[place], others.allSatisfy({ $0.matches(series.labels) }) else { continue }
                body(series)
            }
        } else {
            for case let series? in slots where matchers.allSatisfy({ $0.matches(series.labels) }) { body(series) }
        }
    }
}
