/// What a metric is: everything about a family of series but the series themselves.
public struct MetricDescriptor: Sendable, Hashable {
    /// The name as the text format 0.0.4 and PromQL know it: a counter's with `_total`, an info's with `_info`; a histogram's is
    /// the part before `_bucket`, `_sum` and `_count`.
    public let name: String
    public let type: MetricType
    public let unit: MetricUnit?
    /// One sentence for people.
    public let help: String
    /// The names of the labels that every series of the family has, sorted. Open label sets may add others.
    public let labelNames: [String]

    /// The family's name in OpenMetrics, which keeps `_total` and `_info` for the samples (section "Suffixes").
    public var familyName: String {
        switch type {
        case .counter where name.hasSuffix("_total"): String(name.dropLast("_total".count))
        case .info where name.hasSuffix("_info"): String(name.dropLast("_info".count))
        case .gauge, .counter, .histogram, .info: name
        }
    }

    init(name: String, type: MetricType, unit: MetricUnit?, help: String, labelNames: [String]) {
        self.name = name
        self.type = type
        self.unit = unit
        self.help = help
        self.labelNames = labelNames.sorted()
    }
}

/// The types of OpenMetrics 1.0 that the agent uses. The text format 0.0.4 knows no `info` and calls it a gauge.
public enum MetricType: String, Sendable, Hashable, CaseIterable {
    case gauge, counter, histogram, info
}

/// The base units of Prometheus: a metric's name ends in its unit, before `_total`.
public enum MetricUnit: String, Sendable, Hashable, CaseIterable {
    case seconds, bytes, ratio
}

/// A metric whose series are numbers, with the labels that each of them must have.
public struct NumberMetric<Labels: MetricLabelSet>: Sendable, Hashable {
    public let descriptor: MetricDescriptor

    static func gauge(_ name: String, unit: MetricUnit? = nil, help: String) -> Self {
        Self(descriptor: .init(name: name, type: .gauge, unit: unit, help: help, labelNames: Labels.names))
    }

    static func counter(_ name: String, unit: MetricUnit? = nil, help: String) -> Self {
        Self(descriptor: .init(name: name, type: .counter, unit: unit, help: help, labelNames: Labels.names))
    }

    static func info(_ name: String, help: String) -> Self {
        Self(descriptor: .init(name: name, type: .info, unit: nil, help: help, labelNames: Labels.names))
    }
}

/// A metric whose series are histograms, with the labels that each of them must have and the buckets that all of them share.
public struct HistogramMetric<Labels: MetricLabelSet>: Sendable, Hashable {
    public let descriptor: MetricDescriptor
    /// An empty histogram with the metric's buckets: where every series of it begins.
    public let empty: HistogramAccumulator

    init(_ name: String, unit: MetricUnit, buckets: [Double], help: String) {
        descriptor = .init(name: name, type: .histogram, unit: unit, help: help, labelNames: Labels.names)
        empty = HistogramAccumulator(upperBounds: buckets)
    }
}
