import Foundation
import LockkeeperTestSupport
import LockkeeperWeb
import Logging
import Testing

/// One answer of a server, read byte by byte from a socket.
struct HTTPAnswer: Sendable {
    var status: Int
    /// By lowercased name.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    init(_ bytes: [UInt8]) throws {
        let separator = Array("\r\n\r\n".utf8)
        // No `#require`: that a closed port answers nothing is what some tests expect.
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else {
            throw TestFailure("no end of the headers in \(bytes.count) bytes")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        guard let code = Int(lines[0].split(separator: " ")[1]) else { throw TestFailure("no status: \(lines[0])") }
        status = code
        headers = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        body = Array(bytes[(end + separator.count)...])
    }
}

extension WebServer.Address {
    /// Sends a request and reads to the end of the connection.
    func request(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: String = ""
    ) async throws -> HTTPAnswer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        return try HTTPAnswer(await exchange(text + "\r\n" + body))
    }

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> HTTPAnswer {
        try await request("GET", path, headers)
    }

    /// Sends bytes and reads until the server closes, on a thread that may block.
    ///
    /// - Parameter pause: in milliseconds, after each 64 KiB that are read.
    func exchange(_ text: String, pause: UInt32 = 0) async throws -> [UInt8] {
        let port = UInt16(port)
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.exchange(Array(text.utf8), port: port, pause: pause) })
            }
        }
    }

    private struct SocketError: Error {
        var call: String
        var code = errno
    }

    /// A connection on which reading and sending wait for half a minute at most.
    fileprivate static func connected(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError(call: "socket") }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
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
        guard connected == 0 else {
            close(descriptor)
            throw SocketError(call: "connect")
        }
        return descriptor
    }

    private static func exchange(_ request: [UInt8], port: UInt16, pause: UInt32) throws -> [UInt8] {
        let descriptor = try connected(to: port)
        defer { close(descriptor) }
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // A server that refuses a request may close before it has read it all: what it said is still to be read.
            guard count > 0 else { break }
            sent += count
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return answer }
            guard count > 0 else { throw SocketError(call: "recv") }
            usleep(pause * 1000)
            answer += buffer[..<count]
        }
    }
}

/// Asks, and reads nothing of the answer.
final class DeafClient: Sendable {
    private let descriptor: Int32

    init(_ address: WebServer.Address, _ request: String) throws {
        descriptor = try WebServer.Address.connected(to: UInt16(address.port))
        let bytes = Array(request.utf8)
        _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    deinit { close(descriptor) }
}

/// A server on a free port of the loopback, for as long as the body runs.
func withServer<Result: Sendable>(
    _ view: StubAgent, token: @escaping @Sendable () async throws -> String? = { nil },
    _ body: (WebServer.Address) async throws -> Result
) async throws -> Result {
    try await withServer(view, .init(port: 0, token: token), body)
}

/// The same, otherwise configured.
func withServer<Result: Sendable>(
    _ view: StubAgent, _ configuration: WebServer.Configuration, _ body: (WebServer.Address) async throws -> Result
) async throws -> Result {
    let (addresses, continuation) = AsyncStream.makeStream(of: WebServer.Address.self)
    let server = WebServer(configuration: configuration, view: view, logger: .silent) {
        continuation.yield($0)
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await server.run()
        }
        var iterator = addresses.makeAsyncIterator()
        guard let address = await iterator.next() else {
            try await group.waitForAll()
            throw WebServerEndedEarly()
        }
        let result = try await body(address)
        group.cancelAll()
        return result
    }
}

struct WebServerEndedEarly: Error {}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
