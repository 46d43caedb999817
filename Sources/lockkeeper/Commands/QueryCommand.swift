import ArgumentParser
import FoundationEssentials
import LockkeeperCore
import LockkeeperTransfer
import PromQL

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Evaluates a PromQL expression on a running agent.",
        discussion: """
            Example:
              lockkeeper query 'lockkeeper_lock_waiters > 0'
              lockkeeper query 'max_over_time(lockkeeper_lock_waiters[10m])' --url http://127.0.0.1:9743

            The agent keeps its own series for an hour. What the agent asks of its clients comes from --token-file, LOCKKEEPER_TOKEN,
            LOCKKEEPER_BASIC_AUTH=NAME:PASSWORD, or the agent's configuration. Exit status: 2 if the expression is wrong, 3 if the agent does not answer.
            """)

    @Argument(help: "The expression.")
    var expression: String

    @OptionGroup var agent: AgentAddress

    @Option(help: "When to evaluate it, instead of now: RFC 3339, or seconds since 1970.")
    var time: String?

    @Flag(help: "Prints JSON, as the HTTP API answers it.")
    var json = false

    func validate() throws {
        if let time, Timestamp(rfc3339: time) == nil, Double(time)?.isFinite != true {
            throw ValidationError("--time is to be RFC 3339, such as 2026-11-23T20:50:13Z, or seconds since 1970")
        }
    }

    func run() async throws {
        do {
            _ = try PromQL.Expression(parsing: expression)
        } catch {
            throw CommandFailure(.usage, lines: Self.point(at: error, in: expression))
        }
        var form = "query=" + Self.encoded(expression)
        if let time { form += "&time=" + Self.encoded(time) }
        let agent = try agent.endpoint()
        try show(
            await agent.ask(
                "POST", "/api/v1/query", headers: ["Content-Type": "application/x-www-form-urlencoded"], body: form),
            of: agent)
    }

    private struct Answer: Decodable {
        var data: QueryResult?
        var error: String?
    }

    private func show(_ response: HTTPResponse, of agent: AgentEndpoint) throws {
        let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body))
        guard response.status == 200, !response.isTruncated, let data = answer?.data else {
            if let error = answer?.error, response.status == 400 || response.status == 422 {
                throw CommandFailure(.usage, error)
            }
            throw CommandFailure(
                .unreachable, "\(agent.url) answered \(response.status)\(answer?.error.map { ": \($0)" } ?? "")",
                "does an agent listen there? `--url` says where")
        }
        if json {
            Console.line(response.text.trimmingSuffix(while: \.isNewline))
        } else if data.lines.isEmpty {
            Console.error("nothing: no series matches")
        } else {
            for line in data.lines { Console.line(line) }
        }
    }

    /// The mistake with the place marked below it.
    private static func point(at error: ParseError, in text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(error.line - 1) else { return ["\(error)"] }
        return [
            "the expression is wrong: \(error)", "  \(lines[error.line - 1])",
            "  " + String(repeating: " ", count: max(error.column - 1, 0)) + "^",
        ]
    }

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.properties.isAlphabetic && byte < 0x80 || (0x30...0x39).contains(byte) {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var text = Substring(self)
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
