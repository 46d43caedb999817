/// The labels of a metric's series as a type, so that a series with a label too few, too many or misspelt does not compile.
public protocol MetricLabelSet: Sendable, Hashable {
    /// The names that every series has, in the order of `values`. `le` is the histograms' own.
    static var names: [String] { get }
    /// As many values as there are names.
    var values: [String] { get }
    /// What an open label set has besides. Names that the fixed ones have already, and labels without a value (which is the same as
    /// no label), are left out; characters that no label name may have become `_`.
    var others: [String: String] { get }
}

extension MetricLabelSet {
    public var others: [String: String] { [:] }

    /// All labels sorted by name, each name once.
    var sortedLabels: [MetricLabel] {
        var labels = zip(Self.names, values).map { MetricLabel(name: $0, value: $1) }
        if !others.isEmpty {
            var known = Set(Self.names)
            for (name, value) in others.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
                let name = MetricLabel.legalName(name)
                if known.insert(name).inserted { labels.append(MetricLabel(name: name, value: value)) }
            }
        }
        labels.sort { $0.name < $1.name }
        return labels
    }
}

/// A label of a series.
public struct MetricLabel: Sendable, Hashable, Comparable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    public static func < (left: MetricLabel, right: MetricLabel) -> Bool {
        left.name == right.name ? left.value < right.value : left.name < right.name
    }

    /// A name that fits `[a-zA-Z_][a-zA-Z0-9_]*` and does not begin with the `__` that Prometheus keeps for itself.
    static func legalName(_ name: String) -> String {
        var legal = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": legal.unicodeScalars.append(scalar)
            case "0"..."9": legal.unicodeScalars.append(contentsOf: legal.isEmpty ? ["_", scalar] : [scalar])
            default: legal.append("_")
            }
        }
        while legal.hasPrefix("__") { legal.removeFirst() }
        return legal.isEmpty ? "_" : legal
    }
}

/// The label set of metrics that have but one series.
public struct NoLabels: MetricLabelSet {
    public static let names: [String] = []
    public var values: [String] { [] }

    public init() {}
}
