/// A part of an expression, checked: its type, its place in the text, and how deep it is.
struct Node: Sendable {
    indirect enum Kind: Sendable {
        case number(Double)
        case string(String)
        case parentheses(Node)
        case unary(isNegative: Bool, Node)
        case binary(BinaryExpression)
        case selector(VectorSelector)
        case range(RangeSelector)
        case subquery(Subquery)
        case aggregation(Aggregation)
        case call(Call)
    }

    var kind: Kind
    var type: ValueType
    /// UTF-8 offsets into the source.
    var range: Range<Int>
    /// 1 for a leaf. Bounded, because evaluating recurses as deep.
    var depth: Int

    /// What stands inside any number of parentheses.
    var unwrapped: Node {
        var node = self
        while case .parentheses(let inner) = node.kind { node = inner }
        return node
    }
}

/// `@ 1609746000`, `@ start()`, `@ end()`
enum FixedTime: Sendable, Hashable {
    /// Milliseconds since the epoch.
    case at(Int64)
    case start
    case end
}

/// `up{job="node"} offset 5m`
struct VectorSelector: Sendable {
    /// The name that stands before the braces.
    var name: String?
    /// All conditions, the one on the name first.
    var matchers: [LabelMatcher]
    /// Milliseconds; negative looks ahead.
    var offset: Int64 = 0
    var fixedTime: FixedTime?
}

/// `up[5m]`; offset and fixed time are the selector's.
struct RangeSelector: Sendable {
    var selector: VectorSelector
    /// Milliseconds.
    var range: Int64
}

/// `rate(up[5m])[1h:1m]`
struct Subquery: Sendable {
    var inner: Node
    /// Milliseconds.
    var range: Int64
    /// Milliseconds; nil for the default step.
    var step: Int64?
    var offset: Int64 = 0
    var fixedTime: FixedTime?
}

/// How the samples of two vectors find each other.
struct VectorMatching: Sendable {
    enum Cardinality: Sendable {
        case oneToOne, manyToOne, oneToMany, manyToMany
    }

    var cardinality = Cardinality.oneToOne
    /// `on` (true) or `ignoring` (false) these labels.
    var isOn = false
    var labels: [String] = []
    /// Labels that `group_left` or `group_right` takes from the "one" side.
    var include: [String] = []
    /// `on` or `ignoring` was written.
    var isExplicit = false
}

/// `a + on (x) b`
struct BinaryExpression: Sendable {
    var `operator`: BinaryOperator
    var returnsBool: Bool
    var matching: VectorMatching
    var left: Node
    var right: Node
}

/// `sum by (x) (a)`
struct Aggregation: Sendable {
    var `operator`: AggregationOperator
    var parameter: Node?
    var inner: Node
    var isWithout: Bool
    var grouping: [String]
}

/// `rate(a[5m])`
struct Call: Sendable {
    var function: Function
    var arguments: [Node]
}
