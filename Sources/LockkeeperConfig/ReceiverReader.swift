import LockkeeperCore

/// Reads `receivers:`.
struct ReceiverReader {
    /// Each receiver that has a name, with its place in the file.
    func read(_ root: ConfigurationSection) -> [(receiver: ReceiverConfiguration, field: ConfigurationField)] {
        var names: Set<String> = []
        return root["receivers"]?.elements(of: "receivers")?.compactMap { element in
            guard let section = element.section(.receiver) else { return nil }
            let name = section.name(hint: "Routes name the receiver by it")
            if let name, !names.insert(name).inserted {
                section["name"]?.report("another receiver is called so too", hint: "Names must differ", value: name)
            }
            // One that cannot be used is kept in the list, so that a route to it is not a problem of its own.
            let channel =
                channel(section) ?? .webhook(WebhookReceiver(endpoint: HTTPEndpoint(url: Secret(literal: ""))))
            let templates = section["templates"].map(templates) ?? MessageTemplates()
            let hidesQueries = section["query_text"]?.text(oneOf: [QueryTextPrivacy.none.rawValue]) != nil
            return name.map {
                (
                    ReceiverConfiguration(
                        name: $0, channel: channel, templates: templates, hidesQueries: hidesQueries), element
                )
            }
        } ?? []
    }

    private static let kinds = FieldSet.receiver.known.filter { !["name", "templates", "query_text"].contains($0) }

    private func templates(_ field: ConfigurationField) -> MessageTemplates {
        guard let section = field.section(.templates) else { return MessageTemplates() }
        return MessageTemplates(
            title: section["title"].flatMap(template), text: section["text"].flatMap(template),
            action: section["action"].flatMap(template))
    }

    private func template(_ field: ConfigurationField) -> MessageTemplate? {
        guard let text = field.plainText() else { return nil }
        do {
            return try MessageTemplate(parsing: text)
        } catch {
            field.report(
                "is no template: \(error)",
                hint: "Write as in a rule's annotation, such as `{{ $labels.title }}`; known are "
                    + ConfigurationField.list(MessageTemplate.fields), value: text)
            return nil
        }
    }

    private func channel(_ section: ConfigurationSection) -> ReceiverConfiguration.Channel? {
        let kinds = Self.kinds.filter { section[$0] != nil }
        if kinds.count > 1 {
            section.place.report(
                "has \(ConfigurationField.list(kinds)) at once", hint: "Make a receiver of its own of each")
        }
        if let slack = section["slack"] { return self.slack(slack) }
        if let email = section["email"] { return self.email(email).map { .email($0) } }
        if let webhook = section["webhook"] { return self.webhook(webhook).map { .webhook($0) } }
        if let page = section["statuspage"] { return statuspage(page).map { .statuspage($0) } }
        if let page = section["cachet"] { return cachet(page).map { .cachet($0) } }
        if let pagerduty = section["pagerduty"] { return self.pagerduty(pagerduty).map { .pagerDuty($0) } }
        if let alertmanager = section["alertmanager"] {
            return self.alertmanager(alertmanager).map { .alertmanager($0) }
        }
        // One of a kind that comes later has been reported already, and so has a kind that was misspelt.
        if kinds.isEmpty, section.hasOnlyKnownFields {
            section.place.report(
                "does not say by which way to tell",
                hint:
                    "Give it \(ConfigurationField.list(Self.kinds, conjunction: "or"))"
            )
        }
        return nil
    }

    private func slack(_ field: ConfigurationField) -> ReceiverConfiguration.Channel? {
        guard let section = field.section(.slack) else { return nil }
        let ofBot = ["token", "token_file", "channel", "api_url"].filter { section[$0] != nil }
        guard let first = ofBot.first else {
            section.reportMissing(
                "webhook_url",
                hint:
                    "Slack shows it under Incoming Webhooks; better kept in a file that `webhook_url_file` names. For one "
                    + "message per incident, edited in place, give `token_file` and `channel`")
            return section.secret("webhook_url") { HTTPEndpoint.objection(to: $0, allowsPlainHTTP: false) }
                .map { .slack(SlackReceiver(webhook: HTTPEndpoint(url: $0))) }
        }
        if section["webhook_url"] != nil || section["webhook_url_file"] != nil {
            section[first]?.report(
                "a webhook's URL leads to its own channel and needs no `\(first)`",
                hint: "Give either `webhook_url_file`, or `token_file` and `channel`")
            return nil
        }
        section.reportMissing(
            "token",
            hint:
                "Slack shows it under OAuth & Permissions as Bot User OAuth Token; better kept in a file that `token_file` "
                + "names")
        let token = section.secret("token", check: Self.objection(toToken:))
        let url = apiURL(section, default: SlackBotReceiver.defaultURL)
        guard let channel = slackChannel(section), let token, let url else { return nil }
        return .slackBot(SlackBotReceiver(token: token, channel: channel, apiURL: url))
    }

    private func slackChannel(_ section: ConfigurationSection) -> String? {
        let form = "Write `channel: \"#incidents\"`, with the quotes, or the channel's id"
        guard let field = section.required("channel", hint: form) else { return nil }
        if field.isNull {
            field.report("is empty: without quotes, `#` begins a comment", hint: form)
            return nil
        }
        guard let text = field.text() else { return nil }
        guard text.value != "#", !text.value.contains(where: { $0.isWhitespace || $0 == "," }) else {
            field.report("is not a channel's name or id", hint: form, value: text.written)
            return nil
        }
        return text.value
    }

    private func webhook(_ field: ConfigurationField) -> WebhookReceiver? {
        guard let section = field.section(.webhook) else { return nil }
        section.reportMissing("url", hint: "It is what messages are posted to; `url_file` names a file that holds it")
        let allowsPlainHTTP = section["allow_http"]?.boolean() ?? false
        let secret = section.secret("secret")
        // Where messages are signed, knowing the URL alone is of no use.
        let url = section.secret(
            "url", check: { HTTPEndpoint.objection(to: $0, allowsPlainHTTP: allowsPlainHTTP) },
            isSecret: { secret == nil || $0.contains("@") })
        return url.map {
            WebhookReceiver(
                endpoint: HTTPEndpoint(url: $0, allowsPlainHTTP: allowsPlainHTTP), signingSecret: secret)
        }
    }

    private func statuspage(_ field: ConfigurationField) -> StatuspageReceiver? {
        guard let section = field.section(.statuspage) else { return nil }
        section.reportMissing(
            "token",
            hint: "Statuspage shows it under API info as API key; better kept in a file that `token_file` names")
        let token = section.secret("token", check: Self.objection(toToken:))
        let url = apiURL(section, default: StatuspageReceiver.defaultURL)
        let page = section.required("page", hint: "It is the page's id, which Statuspage shows under API info")
            .flatMap(identifier)
        let components = texts(section["components"], of: "components' ids").compactMap(identifier)
        let notifies = section["notify_subscribers"]?.boolean() ?? false
        guard let token, let url, let page else { return nil }
        return StatuspageReceiver(
            page: page, token: token, components: components, notifiesSubscribers: notifies, apiURL: url)
    }

    private func cachet(_ field: ConfigurationField) -> CachetReceiver? {
        guard let section = field.section(.cachet) else { return nil }
        section.reportMissing(
            "token",
            hint: "Cachet makes it under API Keys, with the abilities to manage incidents, their updates and "
                + "components; better kept in a file that `token_file` names")
        let token = section.secret("token", check: Self.objection(toToken:))
        let allowsPlainHTTP = section["allow_http"]?.boolean() ?? false
        let url = section.required("url", hint: "It is the page's, such as `https://status.example.org`")
            .flatMap { baseURL($0, allowsPlainHTTP: allowsPlainHTTP) }
        if let url, url.hasSuffix("/api") {
            section["url"]?.report("names the API's path, which is added", hint: "Leave out `/api`", value: url)
            return nil
        }
        let components = texts(section["components"], of: "components' numbers").compactMap { element -> Int? in
            guard let text = element.text() else { return nil }
            guard let id = Int(text.value), id > 0 else {
                element.report("is not a component's number", value: text.written)
                return nil
            }
            return id
        }
        let notifies = section["notify_subscribers"]?.boolean() ?? false
        guard let token, let url else { return nil }
        return CachetReceiver(url: url, token: token, components: components, notifiesSubscribers: notifies)
    }

    /// The elements of a list that may be missing.
    private func texts(_ field: ConfigurationField?, of what: String) -> [ConfigurationField] {
        field?.elements(of: what) ?? []
    }

    /// An id that stands in a URL.
    private func identifier(_ field: ConfigurationField) -> String? {
        guard let text = field.text() else { return nil }
        guard
            text.value.utf8.allSatisfy({
                (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == 45 || $0 == 95
            })
        else {
            field.report(
                "is not an id", hint: "Ids are of letters, digits, `-` and `_`; the name does not do",
                value: text.written)
            return nil
        }
        return text.value
    }

    private func pagerduty(_ field: ConfigurationField) -> PagerDutyReceiver? {
        guard let section = field.section(.pagerduty) else { return nil }
        section.reportMissing(
            "routing_key",
            hint:
                "PagerDuty shows it as Integration Key of an integration \"Events API v2\"; better kept in a file that "
                + "`routing_key_file` names")
        let key = section.secret("routing_key", check: Self.objection(toToken:))
        let url = apiURL(section, default: PagerDutyReceiver.defaultURL)
        guard let key, let url else { return nil }
        return PagerDutyReceiver(routingKey: key, apiURL: url)
    }

    private func alertmanager(_ field: ConfigurationField) -> AlertmanagerReceiver? {
        guard let section = field.section(.alertmanager) else { return nil }
        let form = "Write `urls: [http://127.0.0.1:9093]`, with every member of the cluster and no balancer before them"
        let allowsPlainHTTP = section["allow_http"]?.boolean() ?? false
        let token = section.secret("token", check: Self.objection(toToken:))
        guard let list = section.required("urls", hint: form) else { return nil }
        if list.isEmptyList { list.report("names no Alertmanager", hint: form) }
        var urls: [String] = []
        for element in list.elements(of: "URLs") ?? [] {
            guard let url = baseURL(element, allowsPlainHTTP: allowsPlainHTTP) else { continue }
            if urls.contains(url) {
                element.report("stands in the list twice", value: url)
            } else if url.hasSuffix("/api/v2/alerts") || url.hasSuffix("/api/v2") {
                element.report("names the API's path, which is added", hint: "Leave out `/api/v2…`", value: url)
            } else {
                urls.append(url)
            }
        }
        return urls.isEmpty ? nil : AlertmanagerReceiver(urls: urls, token: token)
    }

    // MARK: - Parts

    /// Where an API is: as `api_url` says, which only tests and proxies need.
    private func apiURL(_ section: ConfigurationSection, default url: String) -> String? {
        guard let field = section["api_url"] else { return url }
        return baseURL(field, allowsPlainHTTP: false)
    }

    /// A URL that paths are added to, without the slash at its end and without secrets in it.
    private func baseURL(_ field: ConfigurationField, allowsPlainHTTP: Bool) -> String? {
        guard let text = field.text() else { return nil }
        if let objection = HTTPEndpoint.objection(to: text.value, allowsPlainHTTP: allowsPlainHTTP) {
            let hint =
                text.value.hasPrefix("http:")
                ? "Use `https:`; for a network that you trust, say `allow_http: true` where that is known"
                : objection.hint
            field.report(objection.message, hint: hint, value: text.shownUnlessCredentials)
            return nil
        }
        guard let parts = URLParts(text.value), parts.user == nil, parts.query == nil, !text.value.contains("#") else {
            field.report(
                "neither credentials nor `?…` may be in this URL", hint: "It has the form `https://host/path`",
                value: text.shownUnlessCredentials)
            return nil
        }
        var url = text.value
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// What is wrong with a token that is to stand in a header, without quoting it.
    private static func objection(toToken text: String) -> (message: String, hint: String)? {
        text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
            ? nil
            : (
                "it contains spaces, line breaks or letters beyond ASCII, which no token does",
                "Copy it once more, alone"
            )
    }

    // MARK: - Email

    private func email(_ field: ConfigurationField) -> EmailReceiver? {
        guard let section = field.section(.email) else { return nil }
        let server = server(section)
        let credentials = credentials(section, server: server)
        let from = section.required("from", hint: "Write `from: lockkeeper@example.org`").flatMap(mailbox)
        var to: [String] = []
        for element in section.required("to", hint: "Write `to: [ops@example.org]`")?.elements(of: "mail addresses")
            ?? []
        {
            guard let mailbox = mailbox(element) else { continue }
            let address = MailSyntax.address(ofMailbox: mailbox)
            if to.contains(where: { MailSyntax.address(ofMailbox: $0) == address }) {
                element.report("stands in the list twice", value: mailbox)
            } else {
                to.append(mailbox)
            }
        }
        if let field = section["to"], field.isEmptyList {
            field.report("names nobody", hint: "Write `to: [ops@example.org]`")
        }
        let authority = section["ca_file"].flatMap(certificateFile)
        guard let server, let from else { return nil }
        return EmailReceiver(
            server: server.url, security: server.security, credentials: credentials, from: from, to: to,
            certificateAuthorityFile: authority)
    }

    private struct MailServer {
        var url: String
        var security: MailSecurity
        var isLoopback: Bool
    }

    private func server(_ section: ConfigurationSection) -> MailServer? {
        let form = "It has the form `smtp://mail.example.org:587`"
        let named = section["tls"]?.text(oneOf: MailSecurity.allCases.map(\.rawValue)).flatMap(MailSecurity.init)
        guard let field = section.required("smtp", hint: form), let text = field.text() else { return nil }
        guard let parts = URLParts(text.value), !parts.host.isEmpty, ["smtp", "smtps"].contains(parts.scheme),
            !text.value.contains(where: \.isWhitespace)
        else {
            field.report("is not a mail server's URL", hint: form, value: text.shownUnlessCredentials)
            return nil
        }
        guard parts.user == nil else {
            field.report(
                "there are credentials in the URL", hint: "Say them as `username` and `password_file`",
                value: ConfigurationProblem.hiddenValue)
            return nil
        }
        guard ["", "/"].contains(parts.path), parts.query == nil else {
            field.report("nothing may follow the host and port", hint: form, value: text.written)
            return nil
        }
        let security = named ?? (parts.scheme == "smtps" ? .implicit : .starttls)
        guard parts.scheme == "smtp" || security == .implicit else {
            section["tls"]?.report(
                "`smtps:` means TLS from the first byte",
                hint: "Write `smtp:` for `\(security.rawValue)`, or `tls: implicit`", value: security.rawValue)
            return nil
        }
        let host = parts.host.contains(":") ? "[\(parts.host)]" : parts.host
        let scheme = security == .implicit ? "smtps" : "smtp"
        return MailServer(
            url: "\(scheme)://\(host):\(parts.port ?? security.defaultPort)", security: security,
            isLoopback: ListenAddress.isLoopback(parts.host))
    }

    private func credentials(_ section: ConfigurationSection, server: MailServer?) -> MailCredentials? {
        let username = section["username"]?.text()?.value
        let password = section.secret("password")
        let hasPassword = section["password"] != nil || section["password_file"] != nil
        if section["username"] != nil, !hasPassword {
            section["username"]?.report("there is no password for it", hint: "Add `password_file`")
        }
        if hasPassword, section["username"] == nil {
            (section["password"] ?? section["password_file"])?.report(
                "there is no `username` for it", hint: "Add `username`, or take the password out")
        }
        guard let username, let password else { return nil }
        if let server, server.security == .none, !server.isLoopback {
            (section["tls"] ?? section["username"])?.report(
                "the password would cross the network in clear", hint: "Use `starttls` or `implicit`", value: "none")
        }
        return MailCredentials(username: username, password: password)
    }

    private func mailbox(_ field: ConfigurationField) -> String? {
        guard let text = field.text() else { return nil }
        if let objection = MailSyntax.objection(toMailbox: text.value) {
            field.report(
                objection, hint: "Write `ops@example.org` or `Operations <ops@example.org>`", value: text.written)
            return nil
        }
        return text.value
    }

    private func certificateFile(_ field: ConfigurationField) -> String? {
        guard let text = field.text() else { return nil }
        let path = TextFile.resolve(text.value, in: field.context.folder)
        do {
            let file = try TextFile(path: path, limit: 4 << 20)
            guard file.text.contains("-----BEGIN CERTIFICATE-----") else {
                field.report("the file \(path) holds no certificate in PEM form")
                return nil
            }
        } catch {
            field.report("the file \(path) \(error.reason)")
            return nil
        }
        return path
    }
}
