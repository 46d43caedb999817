/// Why a text is no regular expression.
public struct RegexError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let message: String
    /// The place in the pattern, counted in Unicode scalars from 0.
    public let offset: Int

    /// The message with its place.
    public var description: String { "\(message) at character \(offset + 1) of the regular expression" }
}
