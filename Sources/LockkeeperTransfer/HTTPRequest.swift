/// One HTTP request, sent once over a connection of its own: libcurl repeats a request by itself when
/// a kept connection turns out to be dead, which could deliver a message twice.
///
/// Redirects are never followed, and certificates are always verified. The environment's `https_proxy` and
/// `no_proxy` are honoured, as libcurl does.
public struct HTTPRequest: Sendable {
    /// The most bytes of an answer's body that are kept unless said otherwise: 64 KiB.
    public static let defaultMaximumResponseBytes = 65_536

    /// `GET`, `POST`, …
    public var method: String
    /// `https://…`; `http://…` only with ``allowsPlainHTTP``. A webhook's URL is a secret: it appears in no error.
    public var url: String
    /// Sent as given, besides `Host`, `Content-Length` and `User-Agent`.
    public var headers: HeaderFields
    /// The body's bytes; may be empty.
    public var body: [UInt8]
    /// How long name lookup, connecting and the TLS handshake may take together.
    public var connectTimeout: Duration
    /// How long everything may take together, until the last byte of the answer.
    public var totalTimeout: Duration
    /// Whether `http://` is accepted too: for receivers on the own machine or network.
    public var allowsPlainHTTP: Bool
    /// More of the answer's body than this is not read; the answer is then marked as truncated.
    public var maximumResponseBytes: Int
    /// A file with the certificates (PEM) to trust *instead of* the system's, or nil.
    public var certificateAuthorityFile: String?

    /// A request with the timeouts of a notification: 10 s to connect, 30 s in all.
    public init(
        method: String, url: String, headers: HeaderFields = [:], body: [UInt8] = [],
        connectTimeout: Duration = .seconds(10), totalTimeout: Duration = .seconds(30), allowsPlainHTTP: Bool = false,
        maximumResponseBytes: Int = HTTPRequest.defaultMaximumResponseBytes, certificateAuthorityFile: String? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.allowsPlainHTTP = allowsPlainHTTP
        self.maximumResponseBytes = maximumResponseBytes
        self.certificateAuthorityFile = certificateAuthorityFile
    }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible {
    /// Method and host only: the rest of the URL and the headers may be secret.
    public var description: String { "\(method) \(TransferURL(url).redacted)" }

    /// The same as ``description``, so that a debugger's or test's dump gives no secret away.
    public var debugDescription: String { description }
}
