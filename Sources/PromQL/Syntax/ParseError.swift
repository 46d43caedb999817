/// Why a text is no PromQL expression, and where.
public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what was expected, without the position.
    public let message: String
    /// The place in the text, counted in UTF-8 bytes from 0.
    public let offset: Int
    /// The line, counted from 1.
    public let line: Int
    /// The column in the line, counted in Unicode scalars from 1.
    public let column: Int

    init(_ message: String, at offset: Int, in source: SourceText) {
        self.message = message
        self.offset = offset
        (line, column) = source.lineAndColumn(of: offset)
    }

    /// `line:column: message`
    public var description: String { "\(line):\(column): \(message)" }
}
