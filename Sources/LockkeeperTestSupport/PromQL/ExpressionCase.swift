/// An expression to be evaluated at a time.
public struct ExpressionCase: Sendable {
    public let expression: String
    /// Milliseconds.
    public let time: Int64

    public init(expression: String, time: Int64) {
        self.expression = expression
        self.time = time
    }
}
