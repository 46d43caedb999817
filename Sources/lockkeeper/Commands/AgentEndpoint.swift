import FoundationEssentials
import LockkeeperTransfer

/// Where a running agent is asked, and with what.
struct AgentEndpoint {
    /// Without a path.
    var url: String
    /// The header's whole value; `nil`: nobody says who asks.
    var authorization: String?
    /// The certificates to trust instead of the system's.
    var certificateAuthorityFile: String?
    /// Whether it is asked to change something, for which a password is never enough.
    var isAction = false
    /// Why it may be the wrong place, or the wrong person, for when it turns out to be.
    var remarks: [String] = []

    /// Makes one request of the agent.
    ///
    /// - Parameter path: with its leading slash.
    /// - Throws: `CommandFailure` if nobody answers, or who asks is not let in.
    func ask(
        _ method: String, _ path: String, headers: HeaderFields = [:], body: String = ""
    ) async throws -> HTTPResponse {
        var headers = headers
        headers["Authorization"] = authorization
        let transfers = TransferClient()
        let result: Result<HTTPResponse, TransferError>
        do {
            result = .success(
                try await transfers.perform(
                    HTTPRequest(
                        method: method, url: (url.hasSuffix("/") ? String(url.dropLast()) : url) + path,
                        headers: headers, body: Array(body.utf8), allowsPlainHTTP: true,
                        maximumResponseBytes: 64 << 20, certificateAuthorityFile: certificateAuthorityFile)))
        } catch {
            result = .failure(error)
        }
        await transfers.shutdown()
        switch result {
        case .failure(let error):
            let hint =
                error.stage == .securing
                ? "does the agent speak TLS there, and is its certificate trusted? `--ca-file` names a file with the one to trust"
                : "is the agent running (`lockkeeper serve`)? `--url` says where it listens"
            throw CommandFailure(.unreachable, lines: ["\(url) does not answer: \(error.message)", hint] + remarks)
        case .success(let response):
            guard response.status == 401 || response.status == 403 else { return response }
            let words = (try? JSONDecoder().decode([String: String].self, from: Data(response.body)))?["error"]
            var lines = ["\(url) does not let you in (\(response.status))\(words.map { ": \($0)" } ?? "")"]
            // 403: the agent has no token at all, and says what to do.
            if response.status == 401 {
                lines.append(
                    "give --token-file FILE or LOCKKEEPER_TOKEN"
                        + (isAction
                            ? ": the token of `web.token` or `web.token_file`"
                            : ", or LOCKKEEPER_BASIC_AUTH=NAME:PASSWORD of one of `web.basic_auth_users`"))
            }
            throw CommandFailure(.usage, lines: lines + remarks)
        }
    }
}
