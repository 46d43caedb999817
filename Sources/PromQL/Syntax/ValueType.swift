/// What an expression gives.
public enum ValueType: String, Sendable, Hashable, CustomStringConvertible {
    /// One number.
    case scalar = "scalar"
    /// One string.
    case string = "string"
    /// A set of series with one sample each, all of one time.
    case vector = "instant vector"
    /// A set of series with the samples of a stretch of time.
    case matrix = "range vector"

    /// As Prometheus's documentation names it.
    public var description: String { rawValue }
}
