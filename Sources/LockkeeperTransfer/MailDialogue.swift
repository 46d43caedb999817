/// Follows what a mail client and server say to each other (RFC 5321), so that it is known which reply belonged to
/// which recipient: libcurl itself only tells the last code.
struct MailDialogue: Sendable {
    /// Which command the next reply belongs to.
    enum Step: Sendable, Equatable {
        case greeting, hello, startTLS, authentication, sender
        /// By its place in the envelope.
        case recipient(Int)
        case data
        /// The server has asked for the message; its next reply decides.
        case message
        case quit
        case other
    }

    private(set) var step = Step.greeting
    /// The last complete reply.
    private(set) var lastReply: MailReceipt.Reply?
    private(set) var senderReply: MailReceipt.Reply?
    private(set) var recipientReplies: [MailReceipt.Reply] = []
    private(set) var dataReply: MailReceipt.Reply?
    private(set) var messageReply: MailReceipt.Reply?
    /// Whether some of the message itself was sent.
    private(set) var messageHasBegun = false
    private(set) var startTLSWasAsked = false
    private var recipientsAsked = 0
    private var linesOfReply: [String] = []

    /// A command as the client sent it. Returns what of it must never be shown.
    mutating func sent(_ line: String) -> [String] {
        let words = line.split { $0 == " " || $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
        // Between "334" and the server's verdict the lines are answers to a challenge, whatever they look like.
        if step == .authentication, lastReply.map({ $0.code / 100 == 3 }) == true { return words.map(String.init) }
        switch words.first?.uppercased() {
        case "EHLO", "HELO", "LHLO": step = .hello
        case "STARTTLS":
            step = .startTLS
            startTLSWasAsked = true
        case "AUTH":
            step = .authentication
            return words.dropFirst(2).map(String.init)
        case "MAIL": step = .sender
        case "RCPT":
            step = .recipient(recipientsAsked)
            recipientsAsked += 1
        case "DATA": step = .data
        case "QUIT": step = .quit
        default: step = .other
        }
        return []
    }

    /// A piece of the message went out.
    mutating func sentMessage() { messageHasBegun = true }

    /// A line as the server sent it.
    mutating func received(_ line: String, redaction: Redaction) {
        let bytes = line.utf8
        guard bytes.count >= 3, let code = Int(line.prefix(3)) else { return }
        let rest = line.dropFirst(3)
        linesOfReply.append(String(rest.dropFirst().filter { !$0.isNewline }))
        // "250-" is followed by more lines of the same reply.
        guard rest.first != "-" else { return }
        let reply = MailReceipt.Reply(code: code, text: redaction.clean(linesOfReply.joined(separator: " ")))
        linesOfReply = []
        lastReply = reply
        switch step {
        case .sender: senderReply = reply
        case .recipient: recipientReplies.append(reply)
        case .data:
            dataReply = reply
            if reply.code / 100 == 3 { step = .message }
        case .message: messageReply = reply
        case .greeting, .hello, .startTLS, .authentication, .quit, .other: break
        }
    }

    /// The reply that decided about those recipients that had not been refused before, if one has.
    private var verdict: MailReceipt.Reply? {
        if let messageReply { return messageReply }
        if let dataReply, dataReply.code >= 400 { return dataReply }
        if let senderReply, senderReply.code >= 400 { return senderReply }
        return nil
    }

    /// Whether all is said that matters, for a mail to so many recipients.
    func isDecided(recipients: Int) -> Bool { outcomes(recipients: recipients) != nil }

    /// What became of each recipient in the envelope's order, nil while it is open for one of them.
    func outcomes(recipients: Int) -> [MailReceipt.Outcome]? {
        var outcomes: [MailReceipt.Outcome] = []
        for index in 0..<recipients {
            if index < recipientReplies.count, recipientReplies[index].code / 100 != 2 {
                outcomes.append(MailReceipt.Outcome(recipientReplies[index]))
            } else if let verdict {
                outcomes.append(MailReceipt.Outcome(verdict))
            } else {
                return nil
            }
        }
        return outcomes
    }

    /// The reply with which the server refused the session before any mail was offered, if it did.
    var sessionRefusal: MailReceipt.Reply? {
        guard let lastReply, lastReply.code >= 400 else { return nil }
        switch step {
        case .greeting, .hello, .startTLS, .authentication, .other: return lastReply
        case .sender, .recipient, .data, .message, .quit: return nil
        }
    }
}
