/// Why a look at a target saw nothing.
public struct SampleFailure: Sendable, Hashable, Codable {
    public var reason: Reason
    /// One line for people, without secrets: what happened and what to do next.
    public var message: String
    /// The SQLSTATE, where the server sent one.
    public var sqlstate: String?

    public enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
        /// No connection could be made: nobody listens, no route, name not known.
        case unreachable
        /// The server, or the limit on connections, refused.
        case refused
        /// Wrong password, no such role or database, no matching pg_hba.conf entry, TLS not as wanted.
        case rejected
        /// Connected, but the server did not answer in time.
        case timedOut = "timed_out"
        /// The connection was lost in the middle.
        case disconnected
        /// The role may not read what was asked for.
        case permissionDenied = "permission_denied"
        /// The server answered with another error.
        case serverError = "server_error"
    }

    public init(reason: Reason, message: String, sqlstate: String? = nil) {
        self.reason = reason
        self.message = message
        self.sqlstate = sqlstate
    }
}
