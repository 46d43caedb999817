import Foundation

/// A real SMTP server (Python's aiosmtpd) on a free port of the loopback interface, that keeps each message as a file and
/// can be told to refuse, to hang and to break off.
public final class SMTPTestServer: Sendable {
    /// How its port is protected.
    public enum Mode: String, Sendable {
        /// No TLS, and none offered.
        case plain
        /// `STARTTLS` is offered.
        case startTLS = "starttls"
        /// TLS from the first byte.
        case implicitTLS = "implicit"
    }

    /// What it does once it has read a whole message.
    public enum AfterMessage: Sendable {
        /// Keeps it and accepts it.
        case accept
        /// Drops it and sends this reply, `554 5.7.1 …`.
        case reply(String)
        /// Keeps it, but closes the connection without a reply.
        case close
        /// Keeps it, but never replies.
        case hang
    }

    /// Everything that can be set.
    public struct Configuration: Sendable {
        /// See ``Mode``.
        public var mode = Mode.plain
        /// If set, nobody may send without logging in with these.
        public var login: (username: String, password: String)?
        /// Replies to `RCPT` that are not acceptance, by address: `["a@b.example": "550 5.1.1 no such user"]`.
        public var refusals: [String: String] = [:]
        /// A reply to every `MAIL`, if it is not to be accepted.
        public var senderReply: String?
        /// What it says in place of its greeting, if it takes nobody in: `421 4.3.2 too busy`.
        public var greeting: String?
        /// A reply to `STARTTLS`, if it is not to be accepted.
        public var startTLSReply: String?
        /// A reply to `AUTH`, if it is not to be looked at; `%s` stands for what the client sent, as it came and decoded.
        public var loginReply: String?
        /// See ``AfterMessage``.
        public var afterMessage = AfterMessage.accept
        /// Whether `QUIT` is never answered.
        public var hangsAtQuit = false

        /// A plain server that accepts everything.
        public init() {}
    }

    /// The port that it listens on.
    public let port: Int
    /// The certificate that it shows, in the TLS modes.
    public let certificate: SelfSignedCertificate?
    private let child: PythonChild

    /// Starts a server, hands it to `body`, and ends it, leaving nothing behind.
    public static func serving<Result>(
        _ configuration: Configuration = Configuration(), _ body: (SMTPTestServer) async throws -> Result
    ) async throws -> Result {
        let server = try await start(configuration)
        do {
            let result = try await body(server)
            await server.close()
            return result
        } catch {
            await server.close()
            throw error
        }
    }

    /// Starts a server.
    ///
    /// - Throws: when Python or its package aiosmtpd is missing.
    public static func start(_ configuration: Configuration = Configuration()) async throws -> SMTPTestServer {
        let certificate: SelfSignedCertificate? = configuration.mode == .plain ? nil : try await .make()
        do {
            let folder = try PythonChild.makeFolder("smtp")
            var settings: [String: Any] = ["mode": configuration.mode.rawValue, "refusals": configuration.refusals]
            settings["certificate"] = certificate?.certificateFile
            settings["key"] = certificate?.keyFile
            settings["username"] = configuration.login?.username
            settings["password"] = configuration.login?.password
            settings["sender_reply"] = configuration.senderReply
            settings["greeting"] = configuration.greeting
            settings["starttls_reply"] = configuration.startTLSReply
            settings["auth_reply"] = configuration.loginReply
            settings["hangs_at_quit"] = configuration.hangsAtQuit
            switch configuration.afterMessage {
            case .accept: break
            case .reply(let reply): settings["message_reply"] = reply
            case .close: settings["after_message"] = "close"
            case .hang: settings["after_message"] = "hang"
            }
            let child = try await PythonChild.start(smtpTestServerScript, configuration: settings, folder: folder)
            guard let line = child.lines.all.first, let port = try object(line)["port"] as? Int else {
                throw PythonChild.Failed(description: "the SMTP server named no port")
            }
            return SMTPTestServer(port, certificate, child)
        } catch {
            certificate?.remove()
            throw error
        }
    }

    private init(_ port: Int, _ certificate: SelfSignedCertificate?, _ child: PythonChild) {
        self.port = port
        self.certificate = certificate
        self.child = child
    }

    /// The folder with the messages, `0001.eml` and so on.
    public var spool: String { child.folder.appendingPathComponent("spool").path }

    /// All messages kept so far.
    public func messages() throws -> [ReceivedMail] { try child.lines.all.dropFirst().compactMap(mail) }

    /// Waits until at least so many messages have been kept.
    @discardableResult
    public func waitForMessages(count: Int, timeout: Duration = .seconds(60)) async throws -> [ReceivedMail] {
        // The first line is the one that names the port.
        try await child.lines.wait(count: count + 1, timeout: timeout)
        return try messages()
    }

    /// Ends the server and removes its folder and certificate.
    public func close() async {
        await child.close()
        certificate?.remove()
    }

    private static func object(_ line: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
    }

    private func mail(_ line: String) throws -> ReceivedMail? {
        guard line.hasPrefix("{") else { return nil }
        let object = try Self.object(line)
        guard let file = object["file"] as? String else { return nil }
        return ReceivedMail(
            sender: object["sender"] as? String ?? "", recipients: object["recipients"] as? [String] ?? [],
            isEncrypted: object["encrypted"] as? Bool ?? false,
            isAuthenticated: object["authenticated"] as? Bool ?? false,
            content: Array(try Data(contentsOf: URL(fileURLWithPath: file))),
            headers: (object["headers"] as? [[String]] ?? []).map { ($0[0], $0[1]) }, text: object["text"] as? String,
            html: object["html"] as? String, defects: object["defects"] as? [String] ?? [])
    }
}
