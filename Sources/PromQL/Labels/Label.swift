/// One name and value of a label set.
///
/// Names and values are compared byte for byte, as Prometheus does, and not by Unicode equivalence as Swift's
/// strings are: a composed and a decomposed "é" are two values.
public struct Label: Hashable, Sendable, Comparable {
    /// The label's name; `__name__` carries the metric's name.
    public let name: String
    /// The label's value; never empty inside `Labels`, because an empty label is no label.
    public let value: String

    /// A label of this name and value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// True when both name and value have the same bytes.
    public static func == (left: Label, right: Label) -> Bool {
        left.name.hasSameBytes(as: right.name) && left.value.hasSameBytes(as: right.value)
    }

    /// Ordered by name, then by value, by their bytes.
    public static func < (left: Label, right: Label) -> Bool {
        if left.name.hasSameBytes(as: right.name) { return left.value.bytesPrecede(right.value) }
        return left.name.bytesPrecede(right.name)
    }
}

extension String {
    /// Byte equality. Swift's `==` (canonical equivalence) is the quick necessary condition.
    func hasSameBytes(as other: String) -> Bool {
        self == other && utf8.elementsEqual(other.utf8)
    }

    /// Byte order, which is also the order of code points in UTF-8.
    func bytesPrecede(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
