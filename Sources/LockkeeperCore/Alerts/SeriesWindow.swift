public import PromQL

/// The agent's own series in memory, as its rules see them: appended at each evaluation, the newest sample of all and
/// the history of those that the loaded rules look back on.
///
/// A series that is missing from an append has ended there (a stale marker), as if Prometheus had not found it in a
/// scrape. The window is bounded in time by what the rules look back on and in number by `mostSamples` for each
/// series, beyond which the older half loses resolution.
public struct SeriesWindow: Sendable {
    /// Who appends a series.
    enum Owner: Hashable, Sendable {
        case observation
        case rule(generation: UInt64, index: Int)
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

    /// How many samples of one series are kept at most.
    public let mostSamples: Int

    /// An empty window.
    ///
    /// - Parameters:
    ///   - history: what the rules look back on.
    ///   - mostSamples: how many samples of one series are kept at most.
    public init(history: SeriesHistory = SeriesHistory(), mostSamples: Int = 7200) {
        self.history = history
        self.mostSamples = max(mostSamples, 16)
    }

    /// The number of series that have not been forgotten.
    public var seriesCount: Int { places.count }

    /// The number of samples.
    public var sampleCount: Int { slots.reduce(0) { $0 + ($1?.count ?? 0) } }

    /// Changes what is kept, when other rules are loaded. What is already forgotten does not come back.
    public mutating func keep(_ new: SeriesHistory) {
        if let keptSince, newestTime > .min {
            for name in Set(new.byMetric.keys).union(history.byMetric.keys).union(named.keys)
            where new.length(of: name) > history.length(of: name) {
                let since = metricKeptSince[name] ?? keptSince
                metricKeptSince[name] = max(since, newestTime - history.length(of: name))
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

    mutating func append(_ samples: [VectorSample], at time: Int64, from owner: Owner) {
        appends += 1
        if keptSince == nil { keptSince = time }
        var written: [Int] = []
        written.reserveCapacity(samples.count)
        for sample in samples {
            let place = places[sample.labels] ?? add(sample.labels, owner)
            let length = history.length(of: sample.labels.metricName ?? "")
            slots[place]?.owner = owner
            slots[place]?.written = appends
            slots[place]?.append(
                PromQL.Sample(timestamp: time, value: sample.value), keeping: length, most: mostSamples)
            written.append(place)
        }
        if !ended.isEmpty { ended.subtract(written) }
        for place in live[owner] ?? [] { end(place, owner, at: time) }
        live[owner] = written.isEmpty ? nil : written
        newestTime = time
        forget(at: time)
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
        let length = history.length(of: series.labels.metricName ?? "")
        if length == 0 {
            remove(place)
        } else {
            slots[place]?.append(PromQL.Sample.stale(at: time), keeping: length, most: mostSamples)
            ended.insert(place)
        }
    }

    private mutating func forget(at time: Int64) {
        for place in ended {
            guard let series = slots[place] else { continue }
            let length = history.length(of: series.labels.metricName ?? "")
            slots[place]?.forget(before: time - length)
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
        matching matchers: [LabelMatcher], from start: Int64, through end: Int64
    ) -> [SeriesSamples] {
        var result: [SeriesSamples] = []
        each(matching: matchers) { series in
            let slice = series.slice(from: start, through: end)
            if !slice.isEmpty { result.append(SeriesSamples(labels: series.labels, samples: slice)) }
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
