/// An HTTP request as a stub received it.
public struct RecordedRequest: Sendable {
    /// `POST`, …
    public var method: String
    /// Path and query.
    public var path: String
    /// In the order received.
    public var headers: [(name: String, value: String)]
    /// All bytes of the body.
    public var body: [UInt8]
    /// When its last byte had been read.
    public var arrival: ContinuousClock.Instant

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
