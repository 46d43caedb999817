import FoundationEssentials
internal import LockkeeperCore
internal import LockkeeperTransfer

/// An HTTP service that is spoken to in JSON, with a secret that must not get into any text.
struct JSONService: Sendable {
    /// Ends an attempt before its end.
    struct Stop: Error {
        let outcome: DeliveryOutcome
        /// Of the answer, where there was one.
        var status: Int?
    }

    let client: ReceiverClient
    let kind: HTTPService
    let baseURL: String
    /// The whole value of the header.
    let authorization: String
    let secret: String
    let now: Timestamp

    /// Makes a request and reads the answer.
    ///
    /// - Parameter answer: what is expected in the body of a success.
    /// - Throws: `Stop` with what the failure means. Success with a body that cannot be read is one: what was made is not known.
    func call<Answer: Decodable>(
        _ method: String, _ path: String, _ body: [UInt8] = [], answer: Answer.Type
    ) async throws(Stop) -> Answer {
        let response = try await call(method, path, body)
        do {
            return try JSONDecoder().decode(answer, from: Data(response.body))
        } catch {
            throw Stop(
                outcome: .retry(
                    after: nil, reason: "\(kind.name)'s answer to \(method) \(redaction.clean(path)) cannot be read",
                    isAmbiguous: method != "GET", acceptedRecipients: []))
        }
    }

    /// Makes a request of whose answer only the status counts.
    @discardableResult
    func call(_ method: String, _ path: String, _ body: [UInt8] = []) async throws(Stop) -> HTTPResponse {
        let response: HTTPResponse
        do throws(TransferError) {
            response = try await client.perform(
                method, baseURL + path, headers: ["Authorization": authorization], body: body)
        } catch {
            throw Stop(outcome: DeliveryOutcome(error))
        }
        let outcome = kind.outcome(of: response, redaction: redaction, at: now)
        client.heard(
            ReceiverAnswer(
                isSuccess: outcome == .delivered,
                text: "\(kind.name) answered \(response.status) to \(method) \(redaction.clean(path))"))
        guard outcome == .delivered else { throw Stop(outcome: outcome, status: response.status) }
        return response
    }

    private var redaction: Redaction {
        var redaction = Redaction()
        redaction.hide(authorization)
        redaction.hide(secret)
        return redaction
    }
}
