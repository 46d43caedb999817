/// How an expression is evaluated.
public struct EvaluationOptions: Sendable, Hashable {
    /// Whether a stretch of time includes its beginning.
    public enum Boundary: Sendable, Hashable {
        /// Both ends, as in Prometheus 2: `[5m]` of a series with a sample each minute has six samples on the minute.
        case closed
        /// All but the very beginning, as in Prometheus 3: five samples.
        case leftOpen
    }

    /// Prometheus's five minutes, in milliseconds.
    public static let defaultLookback: Int64 = 300_000

    /// How old the newest sample of a series may be, in milliseconds.
    public var lookback: Int64
    /// Whether a stretch of time includes its beginning.
    public var boundary: Boundary
    /// The step of subqueries that name none, in milliseconds; Prometheus takes its evaluation interval.
    public var defaultStep: Int64
    /// How many times subqueries may evaluate something in one evaluation before it is refused.
    public var largestStepCount: Int

    /// How many samples an evaluation may read, each as often as it is read, before it is refused; each takes 16 bytes of memory.
    public var largestSampleCount: Int

    /// Options; the defaults are Prometheus 2's.
    public init(
        lookback: Int64 = EvaluationOptions.defaultLookback, boundary: Boundary = .closed,
        defaultStep: Int64 = 60_000, largestStepCount: Int = 100_000, largestSampleCount: Int = 50_000_000
    ) {
        self.lookback = lookback
        self.boundary = boundary
        self.defaultStep = max(defaultStep, 1)
        self.largestStepCount = largestStepCount
        self.largestSampleCount = largestSampleCount
    }
}
