import ArgumentParser
import FoundationEssentials
import LockkeeperConfig
import LockkeeperTransfer

/// A running agent's HTTP, for commands that ask it: where it is, what it is trusted by, and who asks.
struct AgentAddress: ParsableArguments {
    @Option(help: "Where the agent, or a Prometheus, listens.")
    var url = "http://127.0.0.1:9743"

    @Option(
        help: ArgumentHelp(
            "A file with the certificates (PEM) to trust instead of the system's: the agent's own, if it signed it itself.",
            valueName: "file"))
    var caFile: String?

    @Option(help: ArgumentHelp("A file with the bearer token; else LOCKKEEPER_TOKEN is taken.", valueName: "file"))
    var tokenFile: String?

    func validate() throws {
        // Arguments can be read by every user of the machine, and stay in the shell's history.
        guard !url.contains("@") else {
            throw ValidationError("--url has credentials in it: set LOCKKEEPER_BASIC_AUTH=NAME:PASSWORD instead")
        }
    }

    /// Makes one request of the agent.
    ///
    /// - Parameter path: with its leading slash.
    /// - Throws: `CommandFailure` if nobody answers, or who asks is not let in.
    func ask(
        _ method: String, _ path: String, headers: HeaderFields = [:], body: String = ""
    ) async throws -> HTTPResponse {
        var headers = headers
        headers["Authorization"] = try authorization
        let transfers = TransferClient()
        let result: Result<HTTPResponse, TransferError>
        do {
            result = .success(
                try await transfers.perform(
                    HTTPRequest(
                        method: method, url: (url.hasSuffix("/") ? String(url.dropLast()) : url) + path,
                        headers: headers, body: Array(body.utf8), allowsPlainHTTP: true,
                        maximumResponseBytes: 64 << 20, certificateAuthorityFile: caFile)))
        } catch {
            result = .failure(error)
        }
        await transfers.shutdown()
        switch result {
        case .failure(let error):
            throw CommandFailure(
                .unreachable, "\(url) does not answer: \(error.message)",
                error.stage == .securing
                    ? "does the agent speak TLS there, and is its certificate trusted? `--ca-file` names a file with the one to trust"
                    : "is the agent running (`lockkeeper serve`)? `--url` says where it listens")
        case .success(let response):
            guard response.status == 401 || response.status == 403 else { return response }
            let words = (try? JSONDecoder().decode([String: String].self, from: Data(response.body)))?["error"]
            throw CommandFailure(
                .usage, "\(url) does not let you in (\(response.status))\(words.map { ": \($0)" } ?? "")",
                "give --token-file FILE or LOCKKEEPER_TOKEN, or LOCKKEEPER_BASIC_AUTH=NAME:PASSWORD of one of `web.basic_auth_users`"
            )
        }
    }

    /// `nil` if nobody said who asks.
    private var authorization: String? {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            if let tokenFile {
                do throws(SecretFailure) {
                    return "Bearer " + (try Secret(file: tokenFile).read())
                } catch {
                    throw CommandFailure(.usage, "--token-file: \(error)")
                }
            }
            if let token = environment["LOCKKEEPER_TOKEN"], !token.isEmpty { return "Bearer \(token)" }
            guard let credentials = environment["LOCKKEEPER_BASIC_AUTH"], !credentials.isEmpty else { return nil }
            guard credentials.contains(":") else {
                throw CommandFailure(.usage, "LOCKKEEPER_BASIC_AUTH has no colon: it has the form NAME:PASSWORD")
            }
            return "Basic " + Data(credentials.utf8).base64EncodedString()
        }
    }
}
