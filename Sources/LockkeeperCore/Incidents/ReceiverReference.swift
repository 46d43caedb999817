/// What a receiver calls an incident that it was told of: what later messages about it have to name, as Slack's `channel` and `ts`.
///
/// It is stored in the transaction that says that the message was delivered, so that it is known exactly where the message is.
public struct ReceiverReference: Sendable, Hashable, Codable {
    /// By the names of the receiver's protocol.
    public var parts: [String: String]

    public init(_ parts: [String: String]) {
        self.parts = parts
    }

    public subscript(name: String) -> String? { parts[name] }
}
