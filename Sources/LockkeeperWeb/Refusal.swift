import FoundationEssentials
import HTTPTypes
import Hummingbird

/// A request that is not fulfilled: a status, and in the body why and what to do.
struct Refusal: Error {
    let status: HTTPResponse.Status
    let message: String
    let details: [String]?
    let headers: HTTPFields

    init(_ status: HTTPResponse.Status, _ message: String, details: [String]? = nil, headers: HTTPFields = [:]) {
        self.status = status
        self.message = message
        self.details = details
        self.headers = headers
    }

    static func bodyTooLarge(limit: Int) -> Refusal {
        Refusal(.contentTooLarge, "the request's body is larger than \(limit) bytes")
    }

    /// `{"error": …}`, with `details` where there are several things to say.
    var response: Response {
        struct Body: Encodable {
            let error: String
            let details: [String]?
        }
        var headers = headers
        headers[.contentType] = "application/json"
        // Strings always encode; without the body the status still says it.
        let body = (try? JSONEncoder.answers.encode(Body(error: message, details: details))).map(Array.init) ?? []
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body + [UInt8(ascii: "\n")])))
    }
}
