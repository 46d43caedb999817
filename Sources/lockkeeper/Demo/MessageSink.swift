import Hummingbird
import Logging
import NIOCore

/// A local receiver of webhooks that hands on what it is sent: in the demo, it stands for the people who are told.
enum MessageSink {
    /// Listens on a free port of the loopback and calls `body` with its URL; stops when `body` returns.
    static func serving<Result: Sendable>(
        logger: Logger, receive: @escaping @Sendable ([UInt8]) async -> Void,
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        let router = Router()
        router.post("/") { request, _ in
            let buffer = try await request.body.collect(upTo: 1 << 20)
            await receive(Array(buffer.readableBytesView))
            return HTTPResponse.Status.ok
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var quiet = logger
        // What is cut off at the end of the demo is no error.
        quiet.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                port.yield(channel.localAddress?.port ?? 0)
                port.finish()
            }, logger: quiet)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            defer { group.cancelAll() }
            var number = 0
            for await found in ports { number = found }
            return try await body("http://127.0.0.1:\(number)/")
        }
    }
}
