import LockkeeperCore
import LockkeeperTestSupport
import Testing

/// What an outcome is, without its texts.
enum Verdict: String, Sendable {
    case delivered, retry, ambiguousRetry, permanent

    init(_ outcome: DeliveryOutcome) {
        switch outcome {
        case .delivered, .opened: self = .delivered
        case .retry(_, _, let isAmbiguous, _): self = isAmbiguous ? .ambiguousRetry : .retry
        case .permanent: self = .permanent
        }
    }
}

/// What a server may do to a request, and what that means.
struct AnswerCase: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var answer: StubAnswer
    var verdict: Verdict

    init(_ name: String, _ answer: StubAnswer, _ verdict: Verdict) {
        testDescription = name
        self.answer = answer
        self.verdict = verdict
    }

    /// Everything that can go wrong with an answer of any HTTP service, whatever it says.
    static let failures = [
        AnswerCase("301", .status(301, headers: [("Location", "/x")]), .permanent),
        AnswerCase("302", .redirect(to: "http://127.0.0.1:9/"), .permanent),
        AnswerCase("400", .status(400, "bad"), .permanent), AnswerCase("401", .status(401), .permanent),
        AnswerCase("403", .status(403), .permanent), AnswerCase("404", .status(404), .permanent),
        AnswerCase("408", .status(408), .ambiguousRetry),
        AnswerCase("429", .rateLimited(retryAfter: 30), .retry), AnswerCase("500", .status(500), .retry),
        AnswerCase("502", .status(502), .ambiguousRetry), AnswerCase("503", .status(503), .retry),
        AnswerCase("504", .status(504), .ambiguousRetry), AnswerCase("no answer", StubAnswer(.never), .ambiguousRetry),
        AnswerCase("reset after reading", StubAnswer(.resetAfterReading), .ambiguousRetry),
        AnswerCase("closed after reading", StubAnswer(.closeAfterReading), .ambiguousRetry),
        AnswerCase("half of a 500", StubAnswer(.half(status: 500, body: Array("oops".utf8))), .retry),
        AnswerCase("half a status line", StubAnswer(.raw(Array("HTTP/1.1 20".utf8))), .ambiguousRetry),
        AnswerCase(
            "a megabyte of refusal",
            StubAnswer(.respond(status: 400, headers: [], body: [UInt8](repeating: 10, count: 1_000_000))), .permanent),
        AnswerCase("not HTTP", StubAnswer(.raw(Array("220 smtp.example ESMTP\r\n".utf8))), .ambiguousRetry),
    ]

    /// Successes of a service of whose answer nothing but the status counts, however it goes on.
    static let successesByStatus = [
        AnswerCase("204", .status(204), .delivered),
        AnswerCase("half of a 202", StubAnswer(.half(status: 202, body: Array("accepted".utf8))), .delivered),
        AnswerCase(
            "half of a 200 that does not go on", StubAnswer(.stall(status: 200, body: Array("okay".utf8))), .delivered),
        AnswerCase("a megabyte of success", .ofSize(1_000_000), .delivered),
    ]
}
