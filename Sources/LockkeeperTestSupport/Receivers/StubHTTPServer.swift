import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server in this process, on a free port of the loopback interface, that records what it is sent and answers as
/// the test says: first the scripted answers in turn, then whatever the responder makes of a request.
public final class StubHTTPServer: Sendable {
    /// Answers a request for which nothing is scripted.
    public typealias Responder = @Sendable (RecordedRequest) -> StubAnswer

    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let desk: Desk
    private let front: TLSFront?

    /// The port that it listens on, TLS if it was started with a certificate.
    public let port: Int

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - certificate: with one, the server speaks TLS.
    ///   - keepsContents: whether what is recorded of a request is all of it, and not only that it came.
    ///   - responder: for requests without a scripted answer; 200 `ok` unless given.
    public static func start(
        certificate: SelfSignedCertificate? = nil, keepsContents: Bool = true,
        responder: @escaping Responder = { _ in .ok }
    ) async throws -> StubHTTPServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let desk = Desk(keepsContents: keepsContents, responder: responder)
        do {
            let channel = try await ServerBootstrap(group: group)
                .childChannelOption(.autoRead, value: true)
                .childChannelInitializer { channel in
                    desk.connections.append(())
                    return channel.eventLoop.makeCompletedFuture {
                        if desk.takesReset() {
                            try channel.pipeline.syncOperations.addHandler(ResetAtOnce())
                        } else {
                            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                            try channel.pipeline.syncOperations.addHandler(StubHTTPHandler(desk))
                        }
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let plain = channel.localAddress?.port ?? 0
            let front: TLSFront? = if let certificate { try await .start(certificate, to: plain) } else { nil }
            return StubHTTPServer(group, channel, desk, front, port: front?.port ?? plain)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    /// Starts a server, hands it to `body`, and closes it whatever happens.
    public static func serving<Result>(
        certificate: SelfSignedCertificate? = nil, keepsContents: Bool = true,
        responder: @escaping Responder = { _ in .ok }, _ body: (StubHTTPServer) async throws -> Result
    ) async throws -> Result {
        let server = try await start(certificate: certificate, keepsContents: keepsContents, responder: responder)
        do {
            let result = try await body(server)
            try await server.close()
            return result
        } catch {
            try? await server.close()
            throw error
        }
    }

    private init(
        _ group: MultiThreadedEventLoopGroup, _ channel: any Channel, _ desk: Desk, _ front: TLSFront?, port: Int
    ) {
        self.group = group
        self.channel = channel
        self.desk = desk
        self.front = front
        self.port = port
    }

    /// A URL on this server.
    public func url(_ path: String = "/") -> String { "\(front == nil ? "http" : "https")://127.0.0.1:\(port)\(path)" }

    /// Answers the next requests (or connections, where it is to be reset at once) this way, in turn.
    public func script(_ answers: StubAnswer...) { desk.append(answers) }

    /// All requests so far, those that were never answered included.
    public var requests: [RecordedRequest] { desk.requests.all }

    /// How many connections were accepted so far.
    public var connectionCount: Int { desk.connections.all.count }

    /// Waits until at least so many requests have been read to their ends.
    @discardableResult
    public func waitForRequests(count: Int, timeout: Duration = .seconds(60)) async throws -> [RecordedRequest] {
        try await desk.requests.wait(count: count, timeout: timeout)
    }

    /// Waits until at least so many connections have been accepted.
    public func waitForConnections(count: Int, timeout: Duration = .seconds(60)) async throws {
        try await desk.connections.wait(count: count, timeout: timeout)
    }

    /// Waits until at least so many connections have ended.
    public func waitForDisconnections(count: Int, timeout: Duration = .seconds(60)) async throws {
        try await desk.disconnections.wait(count: count, timeout: timeout)
    }

    /// Closes the port and every connection.
    public func close() async throws {
        await front?.close()
        try? await channel.close()
        try await group.shutdownGracefully()
    }

    /// What the server's connections share: the script and the record.
    fileprivate final class Desk: Sendable {
        let requests = Arrivals<RecordedRequest>()
        let connections = Arrivals<Void>()
        let disconnections = Arrivals<Void>()
        private let scripted = Mutex<[StubAnswer]>([])
        private let keepsContents: Bool
        private let responder: Responder

        init(keepsContents: Bool, responder: @escaping Responder) {
            self.keepsContents = keepsContents
            self.responder = responder
        }

        func append(_ answers: [StubAnswer]) { scripted.withLock { $0 += answers } }

        /// Whether the connection being accepted is to be reset; such an answer is used up by it.
        func takesReset() -> Bool {
            scripted.withLock { scripted in
                guard case .resetBeforeReading = scripted.first?.behaviour else { return false }
                scripted.removeFirst()
                return true
            }
        }

        func answer(to request: RecordedRequest) -> StubAnswer {
            let next = scripted.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            // Decided before it is recorded: who waits for the request may look at what the responder has noted.
            let answer = next ?? responder(request)
            requests.append(
                keepsContents
                    ? request
                    : RecordedRequest(method: "", path: "", headers: [], body: [], arrival: request.arrival))
            return answer
        }
    }
}

/// Closes a connection so that the other end sees a reset instead of an orderly end.
private func reset(_ context: ChannelHandlerContext) {
    (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
    context.close(promise: nil)
}

private final class ResetAtOnce: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) { reset(context) }
}

private final class StubHTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let desk: StubHTTPServer.Desk
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ desk: StubHTTPServer.Desk) { self.desk = desk }

    func channelInactive(context: ChannelHandlerContext) {
        desk.disconnections.append(())
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            let request = RecordedRequest(
                method: head.method.rawValue, path: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                body: body,
                arrival: .now)
            let answer = desk.answer(to: request)
            guard answer.delay > .zero else { return perform(answer.behaviour, head, context) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: TimeAmount(answer.delay)) {
                let (handler, context) = bound.value
                handler.perform(answer.behaviour, head, context)
            }
        }
    }

    private func perform(
        _ behaviour: StubAnswer.Behaviour, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        switch behaviour {
        case .respond(let status, let headers, let body):
            writeHead(status, headers, length: body.count, context)
            if request.method != .HEAD { writeBody(body[...], context) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .half(let status, let body):
            writeHead(status, [], length: body.count, context)
            writeBody(body.prefix(body.count / 2), context)
            context.flush()
            context.close(promise: nil)
        case .stall(let status, let body):
            writeHead(status, [], length: body.count, context)
            writeBody(body.prefix(body.count / 2), context)
            context.flush()
        case .raw(let bytes):
            // From the encoder's place, so that it goes out as it is.
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            encoder?.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
            context.close(promise: nil)
        case .resetBeforeReading, .resetAfterReading: reset(context)
        case .closeAfterReading: context.close(promise: nil)
        case .never: break
        }
    }

    private func writeHead(_ status: Int, _ headers: [(String, String)], length: Int, _ context: ChannelHandlerContext)
    {
        var fields = HTTPHeaders(headers)
        fields.add(name: "Content-Length", value: String(length))
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func writeBody(_ bytes: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: bytes)))), promise: nil)
    }
}
