/// Gathers the series of one moment, so that what comes out is always a valid exposition.
///
/// A series is named by its metric and its labels, and both are types: a label set that the metric does not have does not compile.
/// Setting a series again replaces it, so none is there twice; the result is in one order, whatever the order of setting.
public struct MetricsBuilder: Sendable {
    private var drafts: [String: Draft] = [:]

    private struct Draft: Sendable {
        let descriptor: MetricDescriptor
        var values: [[MetricLabel]: MetricValue] = [:]
    }

    public init() {}

    /// Sets a series. The last value set wins.
    public mutating func set<Labels>(_ metric: NumberMetric<Labels>, _ labels: Labels, to value: Double) {
        set(metric.descriptor, labels.sortedLabels, to: .number(value))
    }

    /// Sets the only series of a metric without labels.
    public mutating func set(_ metric: NumberMetric<NoLabels>, to value: Double) {
        set(metric, NoLabels(), to: value)
    }

    /// Sets a series from an integer.
    public mutating func set<Labels>(_ metric: NumberMetric<Labels>, _ labels: Labels, to value: some BinaryInteger) {
        set(metric, labels, to: Double(value))
    }

    /// Sets a series to 1 or 0.
    public mutating func set<Labels>(_ metric: NumberMetric<Labels>, _ labels: Labels, to isTrue: Bool) {
        set(metric, labels, to: isTrue ? 1.0 : 0.0)
    }

    /// Sets a series of seconds.
    public mutating func set<Labels>(_ metric: NumberMetric<Labels>, _ labels: Labels, to duration: Duration) {
        set(metric, labels, to: duration.inSeconds)
    }

    /// Sets a series of seconds since the Unix epoch.
    public mutating func set<Labels>(_ metric: NumberMetric<Labels>, _ labels: Labels, to time: Timestamp) {
        set(metric, labels, to: time.seconds)
    }

    /// Adds to a series, which begins at 0: for counting things one by one.
    public mutating func add<Labels>(_ amount: Double = 1, to metric: NumberMetric<Labels>, _ labels: Labels) {
        let labels = labels.sortedLabels
        var value = amount
        if case .number(let present) = drafts[metric.descriptor.name]?.values[labels] { value += present }
        set(metric.descriptor, labels, to: .number(value))
    }

    /// Sets a histogram. The last one set wins.
    public mutating func set<Labels>(
        _ metric: HistogramMetric<Labels>, _ labels: Labels, to histogram: HistogramAccumulator
    ) {
        set(metric.descriptor, labels.sortedLabels, to: .histogram(histogram))
    }

    /// Takes over everything of another builder; where both have a series, the other's wins.
    public mutating func merge(_ other: MetricsBuilder) {
        drafts.merge(other.drafts) { mine, theirs in
            var merged = mine
            merged.values.merge(theirs.values) { $1 }
            return merged
        }
    }

    /// Everything set so far, families sorted by name and their series by labels.
    public func snapshot() -> MetricsSnapshot {
        MetricsSnapshot(
            families: drafts.values
                .map { draft in
                    MetricFamily(
                        descriptor: draft.descriptor,
                        samples: draft.values
                            .map { MetricSample(labels: $0.key, value: $0.value) }
                            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) })
                }
                .sorted { $0.name < $1.name })
    }

    private mutating func set(_ descriptor: MetricDescriptor, _ labels: [MetricLabel], to value: MetricValue) {
        drafts[descriptor.name, default: Draft(descriptor: descriptor)].values[labels] = value
    }
}

/// All metrics of one moment. Only a `MetricsBuilder` makes one, so no family and no series is in it twice.
public struct MetricsSnapshot: Sendable, Hashable {
    /// Sorted by name.
    public let families: [MetricFamily]

    /// Nothing.
    public init() {
        families = []
    }

    init(families: [MetricFamily]) {
        self.families = families
    }

    /// All single series, as PromQL sees them.
    public var series: [MetricSeries] { families.flatMap(\.series) }
}
