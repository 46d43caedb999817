/// One mail to one or several recipients, handed to one SMTP server.
public struct MailRequest: Sendable {
    /// How the connection to the server is protected.
    public enum Security: String, Sendable, Hashable, CaseIterable {
        /// No TLS at all: for a relay on the own machine.
        case none
        /// Plain at first, then `STARTTLS`. A server that does not offer it is an error; the mail never goes in clear.
        case startTLS
        /// TLS from the first byte (`smtps`, port 465 unless the URL names another).
        case implicitTLS
    }

    /// What `AUTH` is done with.
    public struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
        /// The account's name at the server.
        public var username: String
        /// Its password; appears in no error.
        public var password: String

        /// The two parts.
        public init(username: String, password: String) {
            self.username = username
            self.password = password
        }

        /// Nothing of either part.
        public var description: String { "credentials" }
        /// Nothing of either part.
        public var debugDescription: String { description }
    }

    /// `smtp://host:port` or `smtps://host:port`; a path is the name given in `EHLO`. Without credentials in it.
    public var server: String
    /// See ``Security``.
    public var security: Security
    /// nil: no `AUTH`.
    public var credentials: Credentials?
    /// The envelope's sender and the `From` header.
    public var from: MailAddress
    /// The envelope's recipients and the `To` header.
    public var recipients: [MailAddress]
    /// All headers but `From`, `To`, `MIME-Version` and `Content-…`, which are written from the rest: `Subject`, `Date`,
    /// `Message-ID`, … Text that is not ASCII is encoded (RFC 2047); long lines are folded.
    public var headers: HeaderFields
    /// The text/plain part; any line ends.
    public var text: String
    /// The text/html alternative, if there is one; any line ends.
    public var html: String?
    /// How long name lookup, connecting and the first TLS handshake may take together.
    public var connectTimeout: Duration
    /// How long everything may take together.
    public var totalTimeout: Duration
    /// A file with the certificates (PEM) to trust *instead of* the system's, or nil.
    public var certificateAuthorityFile: String?

    /// A mail with the timeouts of a notification: 10 s to connect, 60 s in all (mail servers scan before they answer).
    public init(
        server: String, security: Security, credentials: Credentials? = nil, from: MailAddress,
        recipients: [MailAddress],
        headers: HeaderFields, text: String, html: String? = nil, connectTimeout: Duration = .seconds(10),
        totalTimeout: Duration = .seconds(60), certificateAuthorityFile: String? = nil
    ) {
        self.server = server
        self.security = security
        self.credentials = credentials
        self.from = from
        self.recipients = recipients
        self.headers = headers
        self.text = text
        self.html = html
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.certificateAuthorityFile = certificateAuthorityFile
    }
}
