import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore

/// The agent's HTTP server: metrics, health, the JSON API and the page.
///
/// `run()` is a service of swift-service-lifecycle: on graceful shutdown it accepts nothing more, finishes the answers under way and
/// returns; on cancellation it closes.
public struct WebServer: Sendable {
    public struct Configuration: Sendable {
        /// A name or address of this machine.
        public var host: String
        /// 0 for any free one.
        public var port: Int
        /// The bearer token that actions need, read again for each; `nil`, as its result, if none is configured, when no action is
        /// permitted. What it throws is answered as an error of the server.
        public var token: @Sendable () async throws -> String?
        /// The names of those who may read, with the bcrypt hashes of their passwords, asked for at each request; without any, everybody
        /// may read.
        public var users: @Sendable () async -> [String: String]
        /// With one, HTTPS is served, and no plain HTTP.
        public var certificate: CurrentCertificate?
        /// When a connection on which nothing happens is closed.
        public var idleTimeout: Duration
        /// How long a client may take for TLS's handshake.
        public var handshakeTimeout: Duration
        /// How long a client may take to send a request's body, and to take what is sent to it.
        public var transferTimeout: Duration
        /// Further ones wait in the system's backlog.
        public var maximumConnections: Int

        public init(
            host: String = "127.0.0.1", port: Int = 9743,
            token: @escaping @Sendable () async throws -> String? = { nil },
            users: @escaping @Sendable () async -> [String: String] = { [:] }, certificate: CurrentCertificate? = nil,
            idleTimeout: Duration = .seconds(75), handshakeTimeout: Duration = .seconds(10),
            transferTimeout: Duration = .seconds(60), maximumConnections: Int = 256
        ) {
            self.host = host
            self.port = port
            self.token = token
            self.users = users
            self.certificate = certificate
            self.idleTimeout = idleTimeout
            self.handshakeTimeout = handshakeTimeout
            self.transferTimeout = transferTimeout
            self.maximumConnections = maximumConnections
        }
    }

    /// Where the server really listens.
    public struct Address: Sendable, Hashable {
        public var host: String
        public var port: Int
        /// Whether it is HTTPS.
        public var isSecure: Bool

        public init(host: String, port: Int, isSecure: Bool = false) {
            self.host = host
            self.port = port
            self.isSecure = isSecure
        }

        /// Such as `http://127.0.0.1:9743`. For a server that listens on all addresses, the one that works on this machine.
        public var url: String {
            let scheme = isSecure ? "https" : "http"
            return switch host {
            case "0.0.0.0": "\(scheme)://127.0.0.1:\(port)"
            case "::": "\(scheme)://[::1]:\(port)"
            default: host.contains(":") ? "\(scheme)://[\(host)]:\(port)" : "\(scheme)://\(host):\(port)"
            }
        }
    }

    private let configuration: Configuration
    private let view: any AgentView
    private let logger: Logger
    private let onListening: @Sendable (Address) async -> Void

    /// - Parameter onListening: called once, when the server accepts connections.
    public init(
        configuration: Configuration, view: any AgentView, logger: Logger,
        onListening: @escaping @Sendable (Address) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.view = view
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: `WebError` if it cannot listen where it should.
    public func run() async throws {
        let (host, port) = (configuration.host, configuration.port)
        guard (0...65_535).contains(port) else { throw WebError(code: .portInvalid, host: host, port: port) }
        let application = Application(
            responder: WebResponder(
                view: view, doorkeeper: Doorkeeper(token: configuration.token, users: configuration.users)),
            server: server,
            configuration: .init(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: logger)),
            onServerRunning: { channel in
                let address = channel.localAddress
                await onListening(
                    Address(
                        host: address?.ipAddress ?? host, port: address?.port ?? port,
                        isSecure: configuration.certificate != nil))
            },
            logger: logger)
        do {
            try await application.run()
        } catch {
            throw WebError(error, host: host, port: port) ?? error
        }
    }

    private var server: HTTPServerBuilder {
        let limits = ConnectionDeadlines.Limits(
            handshake: configuration.certificate.map { _ in
                .nanoseconds(configuration.handshakeTimeout.inWholeNanoseconds)
            },
            request: .nanoseconds(configuration.transferTimeout.inWholeNanoseconds),
            reading: .nanoseconds(configuration.transferTimeout.inWholeNanoseconds))
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionDeadlines(limits)],
            idleTimeout: .nanoseconds(configuration.idleTimeout.inWholeNanoseconds),
            // Enough for any scraper and browser; the default of 80 kB a connection is for servers with cookies.
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16_384, maxHeaderListSize: 32_768, maxHeaderFieldCount: 100))
        guard let certificate = configuration.certificate else { return .http1(configuration: http) }
        return HTTPServerBuilder { responder in
            SecureChannel(base: HTTP1Channel(responder: responder, configuration: http), certificate: certificate)
        }
    }
}

extension Duration {
    /// Capped, not trapped, at the ends of what 64 bits hold (292 years).
    fileprivate var inWholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000
    }
}
