import CCurl

/// One mail in libcurl's hands.
final class MailExchange: Exchange {
    private let completion: @Sendable (Result<MailReceipt, TransferError>) -> Void
    private let recipients: [MailAddress]
    private let security: MailRequest.Security
    /// libcurl's own total timeout does not count inside its blocking parts: there it waits two minutes.
    private let deadline: ContinuousClock.Instant
    private var dialogue = MailDialogue()

    /// Checks the mail and makes a transfer of it.
    ///
    /// - Throws: ``TransferError`` with the reason `invalidRequest` when it cannot be sent as it is.
    init(
        _ mail: MailRequest, abort: AbortFlag,
        completion: @escaping @Sendable (Result<MailReceipt, TransferError>) -> Void
    ) throws(TransferError) {
        self.completion = completion
        recipients = mail.recipients
        let url = TransferURL(mail.server)
        let server = try Self.check(mail, url)
        security = mail.security
        deadline = .now + mail.totalTimeout
        let headers = try Self.headers(of: mail)
        var redaction = Redaction()
        if let credentials = mail.credentials {
            redaction.hide(credentials.password)
            // A name of three letters is no secret, and its replacement would garble every text.
            if credentials.username.utf8.count > 3 { redaction.hide(credentials.username) }
        }
        super.init(easy: try EasyHandle(), authority: url.authority, redaction: redaction, abort: abort)
        try setCommonOptions(
            connectTimeout: mail.connectTimeout, totalTimeout: mail.totalTimeout,
            certificateAuthorityFile: mail.certificateAuthorityFile)
        try set(mail, server: server, headers: headers)
    }

    override var certainty: TransferError.Certainty { dialogue.messageHasBegun ? .ambiguous : .notSent }
    override var usesTLSFromTheStart: Bool { security == .implicitTLS }
    override var stageOnceConnected: TransferError.Stage {
        switch dialogue.step {
        case .greeting, .hello, .authentication, .other: .authenticating
        case .startTLS: .securing
        case .sender, .recipient, .data, .message, .quit: .sending
        }
    }

    /// Once every recipient's outcome is known only QUIT is left, for whose reply libcurl would wait blocking.
    override var shallStop: Bool {
        super.shallStop || dialogue.isDecided(recipients: recipients.count) || ContinuousClock.now >= deadline
    }

    override func observed(_ kind: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        switch kind {
        case CURLINFO_HEADER_OUT:
            for secret in dialogue.sent(String(decoding: bytes, as: UTF8.self)) { redaction.hide(secret) }
        case CURLINFO_HEADER_IN: dialogue.received(String(decoding: bytes, as: UTF8.self), redaction: redaction)
        case CURLINFO_DATA_OUT: dialogue.sentMessage()
        default: break
        }
    }

    override func ended(_ code: CURLcode) {
        // What the server has said counts, even if the connection broke or the task was cancelled afterwards.
        if let outcomes = dialogue.outcomes(recipients: recipients.count) {
            let pairs = zip(recipients, outcomes).map { MailReceipt.Recipient(address: $0, outcome: $1) }
            completion(.success(MailReceipt(recipients: pairs)))
        } else if let reason = abort.reason {
            failed(aborted(reason, isReceiving: dialogue.messageHasBegun))
        } else if code == CURLE_USE_SSL_FAILED, !dialogue.startTLSWasAsked {
            failed(
                TransferError(
                    stage: .securing, reason: .failed, code: Int(code.rawValue),
                    message: "the mail server does not offer STARTTLS, so nothing was sent: use implicit TLS or none",
                    certainty: .notSent))
        } else if let reply = dialogue.sessionRefusal {
            let what =
                dialogue.step == .authentication ? "the mail server refused the login" : "the mail server refused"
            failed(
                TransferError(
                    stage: dialogue.step == .startTLS ? .securing : .authenticating, reason: .refused,
                    code: Int(code.rawValue), replyCode: reply.code, message: "\(what): \(reply)", certainty: .notSent))
        } else {
            failed(failure(code, isReceiving: dialogue.messageHasBegun && code != CURLE_SEND_ERROR))
        }
    }

    override func failed(_ error: TransferError) { completion(.failure(error)) }

    /// Returns the URL to use.
    private static func check(_ mail: MailRequest, _ url: TransferURL) throws(TransferError) -> String {
        guard !mail.server.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw .invalid("the mail server's URL has a space, line break or control character in it: remove it")
        }
        guard url.scheme == "smtp" || url.scheme == "smtps", !url.authority.isEmpty else {
            throw .invalid("the mail server is no URL of a mail server: write smtp://host:port or smtps://host:port")
        }
        guard url.userinfo == nil else {
            throw .invalid("the mail server's URL has credentials in it: give user name and password by themselves")
        }
        guard url.scheme == "smtp" || mail.security == .implicitTLS else {
            throw .invalid("smtps:// means implicit TLS, and another kind was asked for: use smtp://, or implicit TLS")
        }
        guard !mail.recipients.isEmpty else { throw .invalid("the mail has no recipients: name at least one") }
        guard mail.credentials?.username.utf8.contains(where: { $0 < 0x20 }) != true,
            mail.credentials?.password.utf8.contains(where: { $0 < 0x20 }) != true
        else {
            throw .invalid("user name or password has a line break or control character in it: look at its file's end")
        }
        return (mail.security == .implicitTLS ? "smtps://" : "smtp://") + url.authority + url.remainder
    }

    private static func headers(of mail: MailRequest) throws(TransferError) -> [String] {
        var lines = [
            try HeaderLine.mailboxes("From", [mail.from]), try HeaderLine.mailboxes("To", mail.recipients),
        ]
        for field in mail.headers.fields {
            let name = field.name.lowercased()
            guard name != "from", name != "to", name != "mime-version", !name.hasPrefix("content-") else {
                throw .invalid("the header \(field.name) is written from the mail's other parts: leave it out")
            }
            lines.append(try HeaderLine.text(field.name, field.value))
        }
        return lines
    }

    private func set(_ mail: MailRequest, server: String, headers: [String]) throws(TransferError) {
        try EasyHandle.check(
            lockkeeper_set_protocols(easy.raw, "smtp,smtps", Int(CURLPROTO_SMTP | CURLPROTO_SMTPS)))
        try easy.set(CURLOPT_URL, server)
        // ALL, never TRY: TRY goes on in clear when somebody in between takes the offer out.
        try easy.set(CURLOPT_USE_SSL, Int((security == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL).rawValue))
        if let credentials = mail.credentials {
            try easy.set(CURLOPT_USERNAME, credentials.username)
            try easy.set(CURLOPT_PASSWORD, credentials.password)
        }
        try easy.set(CURLOPT_MAIL_FROM, "<\(mail.from.address)>")
        try easy.set(CURLOPT_MAIL_RCPT, list: mail.recipients.map { "<\($0.address)>" })
        try EasyHandle.check(lockkeeper_set_recipients_may_fail(easy.raw))
        try easy.set(CURLOPT_HTTPHEADER, list: headers)
        try easy.set(text: mail.text, html: mail.html)
    }
}
