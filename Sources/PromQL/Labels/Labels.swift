/// A label set: sorted by name, each name once, no empty values. The metric's name is the label `__name__`.
///
/// Two label sets are the same series exactly when they are equal. The order is Prometheus's: label by label,
/// a shorter set before a longer one that begins with it.
public struct Labels: Hashable, Sendable {
    /// The name of the label that carries the metric's name.
    public static let metricNameLabel = "__name__"

    private(set) var pairs: [Label]

    /// The empty label set.
    public init() {
        pairs = []
    }

    /// The label set of these pairs. Of a name that comes twice the last value counts; empty values are dropped.
    public init(_ pairs: some Sequence<(name: String, value: String)>) {
        self.init()
        for pair in pairs { set(pair.name, to: pair.value) }
    }

    /// The label set of a dictionary; empty values are dropped.
    public init(_ dictionary: [String: String]) {
        self.init()
        pairs = dictionary.compactMap { $0.value.isEmpty ? nil : Label(name: $0.key, value: $0.value) }.sorted()
    }

    /// The label set of a metric of this name.
    public init(metric name: String, _ labels: Labels = Labels()) {
        self = labels
        set(Labels.metricNameLabel, to: name)
    }

    private init(sorted pairs: [Label]) {
        self.pairs = pairs
    }

    /// The number of labels, `__name__` among them.
    public var count: Int { pairs.count }

    /// True when there is no label at all.
    public var isEmpty: Bool { pairs.isEmpty }

    /// The metric's name, if the set has one.
    public var metricName: String? { self[Labels.metricNameLabel] }

    /// The value of a label, `nil` when there is none. Assigning `nil` or "" removes the label.
    public subscript(name: String) -> String? {
        get { pairs.first { $0.name.hasSameBytes(as: name) }?.value }
        set { set(name, to: newValue ?? "") }
    }

    /// This set with one label changed, added, or (by an empty value) removed.
    public func setting(_ name: String, to value: String) -> Labels {
        var result = self
        result.set(name, to: value)
        return result
    }

    /// Only the labels of these names.
    public func keeping(_ names: [String]) -> Labels {
        Labels(sorted: pairs.filter { pair in names.contains { $0.hasSameBytes(as: pair.name) } })
    }

    /// All labels but these.
    public func removing(_ names: [String]) -> Labels {
        Labels(sorted: pairs.filter { pair in !names.contains { $0.hasSameBytes(as: pair.name) } })
    }

    /// All labels but the metric's name.
    public var withoutMetricName: Labels {
        guard let index = pairs.firstIndex(where: { $0.name == Labels.metricNameLabel }) else { return self }
        var rest = pairs
        rest.remove(at: index)
        return Labels(sorted: rest)
    }

    /// The set as a dictionary.
    public var dictionary: [String: String] {
        Dictionary(pairs.map { ($0.name, $0.value) }) { _, last in last }
    }

    private mutating func set(_ name: String, to value: String) {
        let place = pairs.firstIndex { !$0.name.bytesPrecede(name) } ?? pairs.count
        let exists = place < pairs.count && pairs[place].name.hasSameBytes(as: name)
        switch (exists, value.isEmpty) {
        case (true, true): pairs.remove(at: place)
        case (true, false): pairs[place] = Label(name: name, value: value)
        case (false, true): break
        case (false, false): pairs.insert(Label(name: name, value: value), at: place)
        }
    }
}

extension Labels: Sequence {
    /// Iterates in the order of the names.
    public func makeIterator() -> IndexingIterator<[Label]> { pairs.makeIterator() }
}

extension Labels: Comparable {
    /// Prometheus's order of label sets: label by label, a prefix first.
    public static func < (left: Labels, right: Labels) -> Bool {
        left.pairs.lexicographicallyPrecedes(right.pairs)
    }
}

extension Labels: ExpressibleByDictionaryLiteral {
    /// `["__name__": "up", "job": "node"]`
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.lazy.map { (name: $0.0, value: $0.1) })
    }
}

extension Labels: CustomStringConvertible {
    /// As Prometheus writes it: `up{job="node"}`.
    public var description: String {
        var name = ""
        var inner: [String] = []
        for pair in pairs {
            if pair.name == Labels.metricNameLabel, LabelName.isMetricName(pair.value) {
                name = pair.value
            } else {
                let key = LabelName.isLabelName(pair.name) ? pair.name : QuotedString.quote(pair.name)
                inner.append(key + "=" + QuotedString.quote(pair.value))
            }
        }
        if inner.isEmpty, !name.isEmpty { return name }
        return name + "{" + inner.joined(separator: ", ") + "}"
    }
}

extension Labels: Codable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Decodes an object of names and values.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        self.init()
        for key in container.allKeys {
            set(key.stringValue, to: try container.decode(String.self, forKey: key))
        }
    }

    /// Encodes an object of names and values.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for pair in pairs { try container.encode(pair.value, forKey: Name(stringValue: pair.name)) }
    }
}
