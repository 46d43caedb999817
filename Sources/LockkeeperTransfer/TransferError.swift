/// Why a transfer ended without an answer that counts.
///
/// Its texts are fit to be stored and shown: no URL beyond the host, no credentials, no control characters.
public struct TransferError: Error, Sendable, Hashable {
    /// How far the transfer had come.
    public enum Stage: String, Sendable, Hashable, CaseIterable {
        /// Nothing was tried yet: the request itself was looked at.
        case preparing
        /// The server's name was being looked up.
        case resolving
        /// The connection was being made.
        case connecting
        /// TLS was being agreed upon.
        case securing
        /// A mail server had been reached and the session was being opened, up to and with `AUTH`.
        case authenticating
        /// The request or message was going out.
        case sending
        /// The answer was awaited or being read.
        case receiving
    }

    /// What kind of failure it was.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The request cannot be sent as it is; nothing was tried.
        case invalidRequest
        /// The server said no to the session, before it had seen any message; see ``TransferError/replyCode``.
        case refused
        /// The network, TLS or the protocol failed.
        case failed
        /// A timeout passed.
        case timedOut
        /// The task was cancelled.
        case cancelled
        /// The client was shut down.
        case shutDown
    }

    /// Whether the peer may have acted on the request: if it may have, sending again may double it.
    public enum Certainty: String, Sendable, Hashable, CaseIterable {
        /// Not one byte of the request (of the message's body, with mail) was sent.
        case notSent
        /// Some or all of it was sent, and no answer came.
        case ambiguous
    }

    /// How far it had come.
    public var stage: Stage
    /// What kind of failure.
    public var reason: Reason
    /// libcurl's code (`CURLcode`), 0 where libcurl had no part in it.
    public var code: Int
    /// The SMTP reply code, where a server's refusal was the reason.
    public var replyCode: Int?
    /// What happened, for a person: one line, short, without secrets.
    public var message: String
    /// Whether sending again may double.
    public var certainty: Certainty

    /// An error of these parts.
    public init(
        stage: Stage, reason: Reason, code: Int = 0, replyCode: Int? = nil, message: String, certainty: Certainty
    ) {
        self.stage = stage
        self.reason = reason
        self.code = code
        self.replyCode = replyCode
        self.message = message
        self.certainty = certainty
    }

    /// Whether the same request will fail the same way however often it is tried: it is invalid, or the server refused
    /// the session with a 5xx reply (wrong password).
    public var isPermanent: Bool {
        switch reason {
        case .invalidRequest: true
        case .refused: (replyCode ?? 0) / 100 == 5
        case .failed, .timedOut, .cancelled, .shutDown: false
        }
    }

    static func invalid(_ message: String) -> TransferError {
        TransferError(
            stage: .preparing, reason: .invalidRequest, message: Redaction().clean(message), certainty: .notSent)
    }
}

extension TransferError: CustomStringConvertible {
    /// The message alone.
    public var description: String { message }
}
