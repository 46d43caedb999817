internal import LockkeeperCore
internal import LockkeeperTransfer

extension ReceiverClient {
    /// Keeps one message per incident in a channel: posts it, and later edits it in place and says in its thread what is new.
    ///
    /// Each attempt posts one message at most, after everything that can be repeated without harm: where an answer is never seen, the
    /// next attempt doubles that one message and nothing else.
    func send(
        _ delivery: Delivery, to bot: SlackBotDestination, at now: Timestamp
    ) async throws -> DeliveryOutcome {
        let notification = delivery.notification
        if let channel = delivery.reference?["channel"], let ts = delivery.reference?["ts"] {
            let update = SlackCall(
                .update(channel: channel, ts: ts), SlackMessage(notification, .standing), of: delivery)
            switch await call(update, bot, at: now) {
            case .failed(let outcome): return outcome
            case .gone: break
            case .done, .doneSomewhere:
                let isNews =
                    [.escalated, .reminder].contains(notification.reason)
                    || (notification.isResolved && Badge(notification).isBad)
                let reply = SlackCall(
                    .reply(channel: channel, thread: ts, isBroadcast: isNews), SlackMessage(notification, .news),
                    of: delivery)
                switch await call(reply, bot, at: now) {
                case .failed(let outcome): return outcome
                case .done, .doneSomewhere: return .delivered
                case .gone: break
                }
            }
        }
        let post = SlackCall(.post(channel: bot.channel), SlackMessage(notification, .standing), of: delivery)
        switch await call(post, bot, at: now) {
        case .failed(let outcome): return outcome
        case .done(let channel, let ts): return .opened(ReceiverReference(["channel": channel, "ts": ts]))
        case .doneSomewhere: return .delivered
        case .gone(let reason): return .permanent(reason: reason, acceptedRecipients: [])
        }
    }

    private func call(_ call: SlackCall, _ bot: SlackBotDestination, at now: Timestamp) async -> SlackAnswer {
        var redaction = Redaction()
        redaction.hide(bot.token)
        let body: [UInt8]
        do { body = try call.json() } catch {
            return .failed(
                .permanent(reason: "the message could not be written as JSON: \(error)", acceptedRecipients: []))
        }
        do throws(TransferError) {
            let response = try await perform(
                "POST", "\(bot.apiURL)/\(call.method.name)", headers: ["Authorization": "Bearer \(bot.token)"],
                body: body)
            let answer =
                response.status == 200
                ? SlackAnswer(response, to: call.method, redaction: redaction, at: now)
                : .failed(HTTPService.slack.outcome(of: response, redaction: redaction, at: now))
            heard(ReceiverAnswer(answer, to: call.method, status: response.status))
            return answer
        } catch {
            return .failed(DeliveryOutcome(error))
        }
    }
}

extension ReceiverAnswer {
    fileprivate init(_ answer: SlackAnswer, to method: SlackCall.Method, status: Int) {
        switch answer {
        case .done(let channel, let ts):
            self.init(isSuccess: true, text: "Slack has it in channel \(channel) as message \(ts)")
        case .doneSomewhere: self.init(isSuccess: true, text: "Slack answered ok to \(method.name)")
        case .gone, .failed: self.init(isSuccess: false, text: "Slack answered \(status) to \(method.name)")
        }
    }
}
