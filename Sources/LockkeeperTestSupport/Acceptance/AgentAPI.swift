import Foundation
import ThrowawayPostgres

/// A running agent's HTTP, as a person with curl sees it.
public struct AgentAPI: Sendable {
    /// Such as `http://127.0.0.1:9743`.
    public let url: String
    private let port: UInt16

    /// - Parameter url: on the loopback, as the agent says it.
    public init(_ url: String) throws {
        self.url = url
        guard let port = URLComponents(string: url)?.port.flatMap(UInt16.init(exactly:)) else {
            throw TestFailure("no port in \(url)")
        }
        self.port = port
    }

    public struct Answer: Sendable {
        public var status: Int
        public var text: String
    }

    /// Asks, and reads to the end of the connection.
    public func request(_ method: String = "GET", _ path: String) async throws -> Answer {
        let port = port
        let bytes = try await BlockingWork.run {
            try Self.exchange(
                Array("\(method) \(path) HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n".utf8), port: port)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"), let status = text.split(separator: " ").dropFirst().first,
            let code = Int(status)
        else { throw TestFailure("no HTTP answer to \(path)") }
        return Answer(status: code, text: String(text[end.upperBound...]))
    }

    /// The JSON at a path, its keys in camel case.
    public func get<Document: Decodable>(_ type: Document.Type = Document.self, _ path: String) async throws -> Document
    {
        let answer = try await request("GET", path)
        guard answer.status == 200 else { throw TestFailure("\(path): \(answer.status) \(answer.text)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(answer.text.utf8))
    }

    /// The value of the first series of that name with at least these labels; `nil` if there is none.
    public func metric(_ name: String, _ labels: [String: String] = [:]) async throws -> Double? {
        let line = try await request("GET", "/metrics").text.split(separator: "\n").first { line in
            (line.hasPrefix(name + "{") || line.hasPrefix(name + " "))
                && labels.allSatisfy { line.contains("\($0.key)=\"\($0.value)\"") }
        }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }

    private static func exchange(_ request: [UInt8], port: UInt16) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(errno)") }
        defer { close(descriptor) }
        // Long: a busy machine is no failure.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw TestFailure("nobody listens on port \(port): \(errno)") }
        let sent = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard sent == request.count else { throw TestFailure("send: \(errno)") }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return answer }
            guard count > 0 else { throw TestFailure("no answer within a minute from port \(port)") }
            answer += buffer[..<count]
        }
    }
}

/// What the tests read of the JSON API's documents.
public enum APIDocument {
    public struct Targets: Decodable, Sendable { public var targets: [Target] }

    public struct Target: Decodable, Sendable {
        public var name: String
        public var state: String
        public var databases: [String]
        public var warnings: [String]
        public var failure: Failure?
        public var leadership: Leadership?

        public struct Failure: Decodable, Sendable {
            public var reason: String
            public var message: String
        }

        public struct Leadership: Decodable, Sendable {
            public var role: String
            public var tells: Bool
        }
    }

    public struct Migrations: Decodable, Sendable { public var migrations: [Migration] }

    public struct Migration: Decodable, Sendable {
        public var run: String
        public var database: String
        public var tool: String
        public var migrations: [String]
        public var isRunning: Bool
        public var outcome: String?
        public var durationSeconds: Double
        public var standing: Standing?

        public struct Standing: Decodable, Sendable {
            public var state: String
            public var blockedSessions: Int
            public var rootBlockers: [Blocker]
        }

        public struct Blocker: Decodable, Sendable { public var pid: Int32? }
    }

    public struct Incidents: Decodable, Sendable { public var incidents: [Incident] }

    public struct Incident: Decodable, Sendable { public var id: String }

    public struct Deliveries: Decodable, Sendable { public var deliveries: [Delivery] }

    public struct Delivery: Decodable, Sendable {
        public var id: String
        public var incidentId: String
        public var receiver: String
        public var sequence: Int
        public var reason: String
        public var severity: String
        public var title: String
        public var status: String
        public var lastError: String?
    }
}
