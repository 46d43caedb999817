/// Who is told, again and again, that the agent works, and raises the alarm when that stops: what watches the watcher.
public struct HeartbeatConfiguration: Sendable, Hashable {
    /// Fetched at each beat.
    public var endpoint: HTTPEndpoint
    /// Posted to, with the reasons, in place of a beat while the agent does not do its work; `nil`: then nothing is sent, and the silence
    /// tells.
    public var failEndpoint: HTTPEndpoint?
    /// Between two beats.
    public var interval: Duration

    public init(endpoint: HTTPEndpoint, failEndpoint: HTTPEndpoint? = nil, interval: Duration = .seconds(60)) {
        self.endpoint = endpoint
        self.failEndpoint = failEndpoint
        self.interval = interval
    }

    static let intervals: ClosedRange<Duration> = .seconds(10) ... .seconds(86_400)
}
