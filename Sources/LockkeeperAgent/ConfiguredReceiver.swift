public import LockkeeperConfig
public import LockkeeperCore
public import LockkeeperNotify
public import LockkeeperTransfer

/// A receiver as it is configured. Its secrets are read for each delivery, so that a changed file counts at once.
public struct ConfiguredReceiver: DeliveryClient {
    private let receiver: ReceiverConfiguration
    private let client: ReceiverClient

    /// - Parameter heard: told of every answer as it comes.
    public init(
        _ receiver: ReceiverConfiguration, transfers: TransferClient,
        heard: @escaping @Sendable (ReceiverAnswer) -> Void = { _ in }
    ) {
        self.receiver = receiver
        client = ReceiverClient(
            transfers: transfers, templates: receiver.templates, hidesQueries: receiver.hidesQueries,
            heard: heard)
    }

    public func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        let destination: Destination
        do throws(SecretFailure) {
            destination = try self.destination()
        } catch {
            // Somebody may be about to put it right: the message waits.
            return .retry(
                after: nil, reason: error.description, isAmbiguous: false,
                acceptedRecipients: delivery.acceptedRecipients)
        }
        return await client.deliver(delivery, to: destination, at: AgentClock.now)
    }

    /// Why nothing can be told to it at present, as far as that is known without asking it: a secret that cannot be read.
    public var problem: SecretFailure? {
        do throws(SecretFailure) {
            _ = try destination()
            return nil
        } catch {
            return error
        }
    }

    public var pace: Duration {
        switch receiver.channel {
        // "1 message per second per channel", as Slack's documentation says.
        case .slack, .slackBot: .seconds(1)
        // "1 request / second as measured on a 60 second rolling window": an attempt makes up to three, and one that is refused counts, too.
        case .statuspage: .seconds(4)
        case .cachet: .seconds(1)
        case .webhook, .email, .pagerDuty, .alertmanager: .zero
        }
    }

    public var refreshInterval: Duration? {
        if case .alertmanager = receiver.channel { AlertmanagerAlerts.interval } else { nil }
    }

    public func refresh(_ standing: [StandingMessage]) async -> [String] {
        do throws(SecretFailure) {
            guard case .alertmanager(let cluster) = try destination() else { return [] }
            return await client.refresh(standing, to: cluster, at: AgentClock.now)
        } catch {
            return [error.description]
        }
    }

    /// Whether `http://` is permitted is the configuration's affair: an endpoint that may not be plain is not read at all.
    private func destination() throws(SecretFailure) -> Destination {
        switch receiver.channel {
        case .slack(let slack):
            return .slack(
                SlackDestination(
                    webhookURL: try slack.webhook.read(), allowsPlainHTTP: true))
        case .slackBot(let bot):
            return .slackBot(
                SlackBotDestination(apiURL: bot.apiURL, token: try bot.token.read(), channel: bot.channel))
        case .webhook(let webhook):
            return .webhook(
                WebhookDestination(
                    url: try webhook.endpoint.read(), signingSecret: try webhook.signingSecret?.read(),
                    allowsPlainHTTP: true))
        case .statuspage(let page):
            return .statuspage(
                StatuspageDestination(
                    apiURL: page.apiURL, page: page.page, token: try page.token.read(), components: page.components,
                    notifiesSubscribers: page.notifiesSubscribers))
        case .cachet(let page):
            return .cachet(
                CachetDestination(
                    apiURL: page.url, token: try page.token.read(), components: page.components,
                    notifiesSubscribers: page.notifiesSubscribers))
        case .pagerDuty(let service):
            return .pagerDuty(
                PagerDutyDestination(apiURL: service.apiURL, routingKey: try service.routingKey.read()))
        case .alertmanager(let cluster):
            return .alertmanager(AlertmanagerDestination(urls: cluster.urls, token: try cluster.token?.read()))
        case .email(let email):
            var credentials: MailRequest.Credentials?
            if let configured = email.credentials {
                credentials = .init(username: configured.username, password: try configured.password.read())
            }
            let security: MailRequest.Security =
                switch email.security {
                case .none: .none
                case .starttls: .startTLS
                case .implicit: .implicitTLS
                }
            return .mail(
                MailDestination(
                    server: email.server, security: security, credentials: credentials, from: email.from, to: email.to,
                    certificateAuthorityFile: email.certificateAuthorityFile))
        }
    }
}
