/// What an SMTP server said to each recipient of one mail.
public struct MailReceipt: Sendable, Hashable {
    /// A server's reply: its code and its text, on one line, shortened, without control characters and credentials.
    public struct Reply: Sendable, Hashable, CustomStringConvertible {
        /// The three digits, 200 to 599.
        public var code: Int
        /// The words after the code.
        public var text: String

        /// A reply of these parts.
        public init(code: Int, text: String) {
            self.code = code
            self.text = text
        }

        /// As it came: `550 5.1.1 no such user`.
        public var description: String { text.isEmpty ? "\(code)" : "\(code) \(text)" }
    }

    /// What became of the mail for one recipient.
    public enum Outcome: Sendable, Hashable {
        /// The server has taken responsibility for it.
        case accepted(Reply)
        /// A 4xx reply: to be tried again later, for this recipient only.
        case refusedTemporarily(Reply)
        /// A 5xx reply: trying again unchanged will not help.
        case refusedPermanently(Reply)
    }

    /// One recipient and its outcome.
    public struct Recipient: Sendable, Hashable {
        /// As in the request.
        public var address: MailAddress
        /// What became of it.
        public var outcome: Outcome

        /// A recipient with its outcome.
        public init(address: MailAddress, outcome: Outcome) {
            self.address = address
            self.outcome = outcome
        }
    }

    /// In the request's order, every recipient once.
    public var recipients: [Recipient]

    /// A receipt, as a test or another transport may make one.
    public init(recipients: [Recipient]) { self.recipients = recipients }

    /// Whether every recipient was accepted.
    public var isComplete: Bool {
        recipients.allSatisfy {
            if case .accepted = $0.outcome { true } else { false }
        }
    }
}

extension MailReceipt.Outcome {
    /// 2xx accepts, 4xx refuses for now, everything else for good (RFC 5321, section 4.2.1).
    init(_ reply: MailReceipt.Reply) {
        switch reply.code / 100 {
        case 2: self = .accepted(reply)
        case 4: self = .refusedTemporarily(reply)
        default: self = .refusedPermanently(reply)
        }
    }
}
