/// Why an expression could not be evaluated over these series, and which part of it.
public struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; where Prometheus has a message for it, that one.
    public let message: String
    /// The place of the part in the text, counted in UTF-8 bytes from 0.
    public let offset: Int
    /// The line, counted from 1.
    public let line: Int
    /// The column in the line, counted in Unicode scalars from 1.
    public let column: Int

    /// `line:column: message`
    public var description: String { "\(line):\(column): \(message)" }

    init(_ failure: EvaluationFailure, in source: SourceText) {
        message = failure.message
        offset = failure.range.lowerBound
        (line, column) = source.lineAndColumn(of: failure.range.lowerBound)
    }
}

/// An error on its way up, before the line is looked up.
struct EvaluationFailure: Error {
    let message: String
    let range: Range<Int>
}
