/// The binary operators, with the precedence and associativity of
/// https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence.
enum BinaryOperator: String, Sendable, CaseIterable {
    case or, and, unless
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case less = "<"
    case greaterOrEqual = ">="
    case greater = ">"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case arcTangent = "atan2"
    case power = "^"

    static let unaryPrecedence = BinaryOperator.power.precedence

    /// A higher one binds tighter.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .lessOrEqual, .less, .greaterOrEqual, .greater: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .arcTangent: 5
        case .power: 6
        }
    }

    var isRightAssociative: Bool { self == .power }

    var isComparison: Bool { precedence == 3 }

    var isSetOperator: Bool { precedence <= 2 }

    /// The result is another quantity, so it no longer has the metric's name; `atan2` keeps it, as in Prometheus 2.
    var dropsMetricName: Bool { precedence >= 4 && self != .arcTangent }

    /// The value, and for a comparison whether it holds.
    func apply(_ left: Double, _ right: Double) -> (value: Double, holds: Bool) {
        switch self {
        case .add: (left + right, true)
        case .subtract: (left - right, true)
        case .multiply: (left * right, true)
        case .divide: (left / right, true)
        case .modulo: (left.truncatingRemainder(dividingBy: right), true)
        case .power: (SystemMath.power(left, right), true)
        case .arcTangent: (SystemMath.arcTangent(left, right), true)
        case .equal: (left, left == right)
        case .notEqual: (left, left != right)
        case .less: (left, left < right)
        case .lessOrEqual: (left, left <= right)
        case .greater: (left, left > right)
        case .greaterOrEqual: (left, left >= right)
        case .and, .or, .unless: (left, true)
        }
    }
}
