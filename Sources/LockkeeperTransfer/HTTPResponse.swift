/// What an HTTP server answered. A status of any kind is an answer, not an error.
public struct HTTPResponse: Sendable, Hashable {
    /// The status code, 200 to 599 in practice.
    public var status: Int
    /// The answer's headers; interim (1xx) answers and trailers are left out.
    public var headers: HeaderFields
    /// The body's bytes, at most the request's maximum.
    public var body: [UInt8]
    /// Whether ``body`` is not the whole body: it was longer than the request's maximum, or the connection broke or
    /// the time ran out in the middle of it. The status was seen all the same, so the peer has decided.
    public var isTruncated: Bool

    /// An answer, as a test or another transport may make one.
    public init(status: Int, headers: HeaderFields = [:], body: [UInt8] = [], isTruncated: Bool = false) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isTruncated = isTruncated
    }

    /// The body as text; bytes that are not UTF-8 become replacement characters.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
