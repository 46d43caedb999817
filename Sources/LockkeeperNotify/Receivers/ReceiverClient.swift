public import LockkeeperCore
public import LockkeeperTransfer

/// Makes one attempt to deliver: renders the message for its channel, sends it, and says what the answer means.
public struct ReceiverClient: Sendable {
    private let transfers: TransferClient
    private let httpTimeout: Duration
    private let mailTimeout: Duration
    private let templates: MessageTemplates
    private let hidesQueries: Bool
    let heard: @Sendable (ReceiverAnswer) -> Void

    /// - Parameters:
    ///   - httpTimeout: for a whole request; connecting may take a third of it.
    ///   - mailTimeout: for a whole mail; servers that scan take their time to answer.
    ///   - templates: the receiver's own words.
    ///   - hidesQueries: whether the texts of queries are left out.
    ///   - heard: told of every answer as it comes.
    public init(
        transfers: TransferClient, httpTimeout: Duration = .seconds(30), mailTimeout: Duration = .seconds(60),
        templates: MessageTemplates = MessageTemplates(), hidesQueries: Bool = false,
        heard: @escaping @Sendable (ReceiverAnswer) -> Void = { _ in }
    ) {
        self.transfers = transfers
        self.httpTimeout = httpTimeout
        self.mailTimeout = mailTimeout
        self.templates = templates
        self.hidesQueries = hidesQueries
        self.heard = heard
    }

    /// Delivers once. Never throws: every failure is an outcome. Cancelling the task ends it soon, as a retry.
    ///
    /// - Parameter now: the time of this attempt: of the webhook's signature, and what a `Retry-After` date counts from.
    public func deliver(_ delivery: Delivery, to destination: Destination, at now: Timestamp) async -> DeliveryOutcome {
        var delivery = delivery
        if hidesQueries { delivery.notification.facts.details.removeAll(where: \.isCode) }
        delivery.notification =
            destination.isPublic
            ? PublicNotice.notification(delivery.notification, in: templates, to: delivery.receiver)
            : templates.apply(to: delivery.notification, receiver: delivery.receiver)
        do {
            switch destination {
            case .slack(let slack):
                let body = try SlackMessage(delivery.notification).json()
                return await post(
                    body, to: slack.webhookURL, allowsPlainHTTP: slack.allowsPlainHTTP, as: .slack, at: now)
            case .slackBot(let bot): return try await send(delivery, to: bot, at: now)
            case .webhook(let webhook):
                let body = try WebhookMessage(delivery).json()
                var headers: HeaderFields = ["Idempotency-Key": delivery.id]
                if let secret = webhook.signingSecret {
                    headers.fields += WebhookSignature(of: body, at: now, secret: secret).headers.fields
                }
                return await post(
                    body, headers: headers, to: webhook.url, allowsPlainHTTP: webhook.allowsPlainHTTP, as: .webhook,
                    hiding: webhook.signingSecret, at: now)
            case .mail(let mail): return await send(delivery, to: mail)
            case .pagerDuty(let service): return try await send(delivery, to: service, at: now)
            case .statuspage(let page): return try await send(delivery, to: page, at: now)
            case .cachet(let page): return try await send(delivery, to: page, at: now)
            case .alertmanager(let cluster):
                return try await send(delivery, to: cluster, at: now)
            }
        } catch {
            // Encoding fails on nothing that a notification can hold; should it, another try would fail the same.
            return .permanent(reason: "the message could not be written as JSON: \(error)", acceptedRecipients: [])
        }
    }

    func post(
        _ body: [UInt8], headers: HeaderFields = [:], to url: String, allowsPlainHTTP: Bool, as service: HTTPService,
        hiding secret: String? = nil, at now: Timestamp
    ) async -> DeliveryOutcome {
        var redaction = Redaction()
        redaction.hide(url: url)
        if let secret { redaction.hide(secret) }
        do throws(TransferError) {
            let response = try await perform(
                "POST", url, headers: headers, body: body, allowsPlainHTTP: allowsPlainHTTP)
            let outcome = service.outcome(of: response, redaction: redaction, at: now)
            heard(
                ReceiverAnswer(
                    isSuccess: outcome == .delivered, text: service.description(of: response, redaction: redaction)))
            return outcome
        } catch {
            return DeliveryOutcome(error)
        }
    }

    /// Makes one request whose body, where it has one, is JSON.
    func perform(
        _ method: String, _ url: String, headers: HeaderFields = [:], body: [UInt8] = [], allowsPlainHTTP: Bool = true
    ) async throws(TransferError) -> HTTPResponse {
        let type = body.isEmpty ? [] : [HeaderField("Content-Type", "application/json; charset=utf-8")]
        return try await transfers.perform(
            HTTPRequest(
                method: method, url: url,
                headers: HeaderFields([HeaderField("Accept", "application/json")] + type + headers.fields),
                body: body, connectTimeout: httpTimeout / 3, totalTimeout: httpTimeout,
                allowsPlainHTTP: allowsPlainHTTP))
    }

    private func send(_ delivery: Delivery, to mail: MailDestination) async -> DeliveryOutcome {
        let from: MailAddress
        var recipients: [MailAddress] = []
        do throws(MailAddress.Invalid) {
            from = try MailAddress(mail.from)
            for text in mail.to { recipients.append(try MailAddress(text)) }
        } catch {
            return .permanent(
                reason: "the receiver's `from` or `to` is wrong: \(error)",
                acceptedRecipients: delivery.acceptedRecipients)
        }
        // Who has it already is not sent it again.
        recipients.removeAll { delivery.acceptedRecipients.contains($0.address) }
        guard !recipients.isEmpty else { return .delivered }
        let message = MailMessage(delivery)
        do throws(TransferError) {
            let receipt = try await transfers.send(
                MailRequest(
                    server: mail.server, security: mail.security, credentials: mail.credentials, from: from,
                    recipients: recipients, headers: message.headers, text: message.text, html: message.html,
                    totalTimeout: mailTimeout, certificateAuthorityFile: mail.certificateAuthorityFile))
            for recipient in receipt.recipients { heard(ReceiverAnswer(recipient)) }
            return DeliveryOutcome(receipt, acceptedBefore: delivery.acceptedRecipients)
        } catch {
            if error.replyCode != nil { heard(ReceiverAnswer(isSuccess: false, text: error.message)) }
            return DeliveryOutcome(error, acceptedBefore: delivery.acceptedRecipients)
        }
    }
}

extension ReceiverAnswer {
    init(_ recipient: MailReceipt.Recipient) {
        let reply: MailReceipt.Reply
        switch recipient.outcome {
        case .accepted(let said):
            isSuccess = true
            reply = said
        case .refusedTemporarily(let said), .refusedPermanently(let said):
            isSuccess = false
            reply = said
        }
        text = "the mail server answered \(reply) for \(recipient.address.address)"
    }
}

extension DeliveryOutcome {
    /// What a transfer without an answer means.
    init(_ error: TransferError, acceptedBefore: [String] = []) {
        self =
            error.isPermanent
            ? .permanent(reason: error.message, acceptedRecipients: acceptedBefore)
            : .retry(
                after: nil, reason: error.message, isAmbiguous: error.certainty == .ambiguous,
                acceptedRecipients: acceptedBefore)
    }

    /// What a mail server's replies mean: done when all have accepted, worth another try while one may still accept.
    init(_ receipt: MailReceipt, acceptedBefore: [String]) {
        var accepted = acceptedBefore
        var refused: [String] = []
        var mayAccept = false
        for recipient in receipt.recipients {
            switch recipient.outcome {
            case .accepted: accepted.append(recipient.address.address)
            case .refusedTemporarily(let reply):
                mayAccept = true
                refused.append("\(recipient.address.address): \(reply)")
            case .refusedPermanently(let reply): refused.append("\(recipient.address.address): \(reply)")
            }
        }
        let reason = "the mail server refused " + Redaction().clean(refused.joined(separator: "; "))
        if refused.isEmpty {
            self = .delivered
        } else if mayAccept {
            self = .retry(after: nil, reason: reason, isAmbiguous: false, acceptedRecipients: accepted)
        } else {
            self = .permanent(reason: reason, acceptedRecipients: accepted)
        }
    }
}
