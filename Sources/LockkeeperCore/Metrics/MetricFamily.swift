/// A metric with its series at one moment. Only a `MetricsBuilder` makes one.
public struct MetricFamily: Sendable, Hashable {
    public let descriptor: MetricDescriptor
    /// Sorted by their labels, no two with the same.
    public let samples: [MetricSample]

    public var name: String { descriptor.name }
    public var type: MetricType { descriptor.type }
    public var unit: MetricUnit? { descriptor.unit }
    public var help: String { descriptor.help }

    /// The single series that PromQL sees: a number is itself; a histogram is its `_bucket`, `_count` and `_sum`, with `le` written as
    /// Prometheus 3 keeps it (`1.0`, `+Inf`).
    public var series: [MetricSeries] {
        samples.flatMap { sample -> [MetricSeries] in
            switch sample.value {
            case .number(let value):
                [MetricSeries(name: name, labels: sample.labels, value: value)]
            case .histogram(let histogram):
                histogram.cumulativeBuckets.map { bound, count in
                    let edge = MetricLabel(name: "le", value: MetricNumber.canonical(bound))
                    return MetricSeries(
                        name: name + "_bucket", labels: (sample.labels + [edge]).sorted(), value: Double(count))
                } + [
                    MetricSeries(name: name + "_count", labels: sample.labels, value: Double(histogram.count)),
                    MetricSeries(name: name + "_sum", labels: sample.labels, value: histogram.sum),
                ]
            }
        }
    }
}

/// The value of one label set of a family.
public struct MetricSample: Sendable, Hashable {
    /// Sorted by name, each name once; for a histogram without `le`.
    public let labels: [MetricLabel]
    public let value: MetricValue
}

public enum MetricValue: Sendable, Hashable {
    /// A gauge's, a counter's, or an info's 1.
    case number(Double)
    case histogram(HistogramAccumulator)
}

/// A single series with its value, as PromQL sees it.
public struct MetricSeries: Sendable, Hashable {
    public let name: String
    /// Sorted by name, without `__name__`.
    public let labels: [MetricLabel]
    public let value: Double
}
