/// A mail as an SMTP server received it.
public struct ReceivedMail: Sendable {
    /// The envelope's sender.
    public var sender: String
    /// The envelope's recipients that the server had accepted.
    public var recipients: [String]
    /// Whether it came over TLS.
    public var isEncrypted: Bool
    /// Whether the client had logged in.
    public var isAuthenticated: Bool
    /// The message's bytes, dot stuffing undone.
    public var content: [UInt8]
    /// Headers in order, as a mail reader decodes them.
    public var headers: [(name: String, value: String)]
    /// The decoded text/plain part, with LF as line end.
    public var text: String?
    /// The decoded text/html part, with LF as line end.
    public var html: String?
    /// What a mail reader's parser finds wrong with it.
    public var defects: [String]

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
