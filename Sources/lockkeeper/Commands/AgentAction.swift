import ArgumentParser
import FoundationEssentials
import LockkeeperTransfer

/// A request by which a command changes something in a running agent, and the agent's answer.
struct AgentAction {
    var agent: AgentAddress
    var method = "POST"
    /// With its leading slash, its parts percent-encoded.
    var path: String
    var body: [String: Value] = [:]

    enum Value: Encodable {
        case text(String)
        case texts([String])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .texts(let texts): try container.encode(texts)
            }
        }
    }

    private struct Refused: Decodable {
        var error: String
    }

    /// - Returns: the agent's JSON.
    /// - Throws: `CommandFailure` with the agent's own words if it refuses.
    func perform() async throws -> String {
        let agent = try agent.endpoint(forAction: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let response = try await agent.ask(
            method, path, headers: ["Content-Type": "application/json"],
            body: String(decoding: try encoder.encode(body), as: UTF8.self))
        guard (200..<300).contains(response.status) else {
            let words = (try? JSONDecoder().decode(Refused.self, from: Data(response.body)))?.error
            let status: CommandFailure.Status =
                switch response.status {
                case 404, 409: .doesNotHold
                case 400..<500: .usage
                default: .unreachable
                }
            throw CommandFailure(status, words ?? "\(agent.url) answered \(response.status)")
        }
        var text = response.text
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// A part of a path (RFC 3986, section 3.3).
    static func encoded(_ part: String) -> String {
        part.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: return String(Unicode.Scalar(byte))
            default: return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// Who does something, and why.
struct Authorship: ParsableArguments {
    @Option(help: "Who you are; else the user's name on this machine.")
    var author: String?

    @Option(help: "Why, for those who read it later.")
    var comment = ""

    var name: String {
        let environment = ProcessInfo.processInfo.environment
        let user = author ?? environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? ""
        return user.isEmpty ? "somebody on \(HostName.current)" : user
    }
}
