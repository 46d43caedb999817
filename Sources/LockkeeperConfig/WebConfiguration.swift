/// What HTTP asks of its clients, and how it is secured.
public struct WebConfiguration: Sendable, Hashable {
    /// The bearer token that everything which changes state needs; `nil`: nothing can be changed over HTTP.
    public var token: Secret?
    /// Those who may read, by name. Without any, everybody may.
    public var users: [String: BcryptHash]
    /// `nil`: HTTP is plain.
    public var tls: TLSFiles?

    public init(token: Secret? = nil, users: [String: BcryptHash] = [:], tls: TLSFiles? = nil) {
        self.token = token
        self.users = users
        self.tls = tls
    }
}
