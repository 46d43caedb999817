public import PromQL

/// What an expression gives: samples by their labels, or an error.
public enum ExpressionAnswer: Sendable, CustomStringConvertible {
    case samples([Labels: Double])
    case error(String)

    public var description: String {
        switch self {
        case .samples(let samples):
            samples.sorted { $0.key < $1.key }.map { "\($0.key) \(FloatText.shortest($0.value))" }.joined(
                separator: ", ")
        case .error(let text): "error: " + text
        }
    }

    /// The same samples but for the last bits, or an error too.
    public func agrees(with other: ExpressionAnswer) -> Bool {
        switch (self, other) {
        case (.error, .error): true
        case (.samples(let left), .samples(let right)):
            left.count == right.count
                && left.allSatisfy { entry in right[entry.key].map { Self.close($0, entry.value) } ?? false }
        default: false
        }
    }

    /// The same but for the last bits, which depend on the order of summation.
    private static func close(_ left: Double, _ right: Double) -> Bool {
        if left == right || (left.isNaN && right.isNaN) { return true }
        return (left - right).magnitude <= 1e-9 * max(left.magnitude, right.magnitude, 1)
    }
}
