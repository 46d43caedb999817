/// A URL that messages or heartbeats are sent to. The URL itself is a secret: whoever has a Slack webhook's can post there.
public struct HTTPEndpoint: Sendable, Hashable {
    public var url: Secret
    /// Whether `http:` is allowed to hosts other than this machine.
    public var allowsPlainHTTP: Bool

    public init(url: Secret, allowsPlainHTTP: Bool = false) {
        self.url = url
        self.allowsPlainHTTP = allowsPlainHTTP
    }

    /// The URL now, checked: a file may have got other content since the configuration was loaded.
    ///
    /// - Throws: `SecretFailure` if the file cannot be read or holds no URL that may be used.
    public func read() throws(SecretFailure) -> String {
        let text = try url.read()
        if let objection = Self.objection(to: text, allowsPlainHTTP: allowsPlainHTTP) {
            throw SecretFailure(path: url.file ?? "", reason: "holds no usable URL: \(objection.message)")
        }
        return text
    }

    /// What is wrong with a URL, without quoting it; `nil` if nothing is.
    static func objection(to text: String, allowsPlainHTTP: Bool) -> (message: String, hint: String)? {
        let form = "It has the form `https://host/path`"
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f }) else {
            return (
                "the URL contains spaces, control characters or letters beyond ASCII", form + "; encode them with %"
            )
        }
        guard let parts = URLParts(text) else { return ("this is not a URL", form) }
        guard !parts.host.isEmpty else { return ("the URL names no host", form) }
        switch parts.scheme {
        case "https": return nil
        case "http":
            if allowsPlainHTTP || ListenAddress.isLoopback(parts.host) { return nil }
            return (
                "the URL is plain `http:`, which anybody on the way can read",
                "Use `https:`; in a network that you trust, say `allow_http: true`"
            )
        default: return ("the URL's scheme is neither `https` nor `http`", form)
        }
    }
}
