/// What a stub HTTP server does with one request.
public struct StubAnswer: Sendable {
    /// The ways to answer, good and bad.
    public enum Behaviour: Sendable {
        /// A proper answer.
        case respond(status: Int, headers: [(String, String)], body: [UInt8])
        /// The connection is reset as soon as it is accepted, with nothing read.
        case resetBeforeReading
        /// The whole request is read, then the connection is reset.
        case resetAfterReading
        /// The whole request is read, then the connection is closed in an orderly way.
        case closeAfterReading
        /// The answer's head promises all of the body, half of it is sent, then the connection is closed.
        case half(status: Int, body: [UInt8])
        /// Like ``half(status:body:)``, but the connection stays open.
        case stall(status: Int, body: [UInt8])
        /// These bytes in place of an answer, then the connection is closed.
        case raw([UInt8])
        /// The request is read and never answered.
        case never
    }

    /// What is done.
    public var behaviour: Behaviour
    /// How long after the request was read.
    public var delay: Duration

    /// An answer.
    public init(_ behaviour: Behaviour, delay: Duration = .zero) {
        self.behaviour = behaviour
        self.delay = delay
    }

    /// A proper answer with a text.
    public static func status(_ status: Int, _ body: String = "", headers: [(String, String)] = []) -> StubAnswer {
        StubAnswer(.respond(status: status, headers: headers, body: Array(body.utf8)))
    }

    /// 200 `ok`.
    public static let ok = StubAnswer.status(200, "ok")

    /// Too many requests, come back after so many seconds.
    public static func rateLimited(retryAfter seconds: Int) -> StubAnswer {
        .status(429, "rate_limited", headers: [("Retry-After", String(seconds))])
    }

    /// A redirect to another place.
    public static func redirect(to location: String) -> StubAnswer { .status(302, headers: [("Location", location)]) }

    /// 200 with so many bytes.
    public static func ofSize(_ bytes: Int) -> StubAnswer {
        StubAnswer(.respond(status: 200, headers: [], body: [UInt8](repeating: UInt8(ascii: "x"), count: bytes)))
    }
}
