/// One measurement of a series.
public struct Sample: Hashable, Sendable {
    /// Milliseconds since the Unix epoch.
    public var timestamp: Int64
    /// The measured value, or a stale marker.
    public var value: Double

    /// A sample.
    public init(timestamp: Int64, value: Double) {
        self.timestamp = timestamp
        self.value = value
    }

    /// A marker that the series ended here.
    public static func stale(at timestamp: Int64) -> Sample {
        Sample(timestamp: timestamp, value: staleMarker)
    }

    /// The NaN by which Prometheus marks the end of a series (its `value.StaleNaN`); an ordinary NaN has other bits.
    public static let staleMarker = Double(bitPattern: 0x7FF0_0000_0000_0002)

    /// The series ended here; there is no value.
    public var isStale: Bool { value.bitPattern == Self.staleMarker.bitPattern }
}
