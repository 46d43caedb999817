import LockkeeperCore
import Testing

@testable import LockkeeperConfig

@Suite struct ConfigurationProblemTests {
    // MARK: - Fields

    /// The keys of the fixtures' lines, with the number of the line; free names such as labels left out.
    private static let keys: [(text: Int, line: Int, key: String)] = ConfigurationFixture.texts.enumerated().flatMap {
        index, text in
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
            let content = line.drop { $0 == " " || $0 == "-" }
            guard let colon = content.firstIndex(of: ":") else { return nil }
            let key = String(content[..<colon])
            return ["env", "target"].contains(key) ? nil : (index, number, key)
        }
    }

    @Test func `The fixtures of these tests have every field that is known`() {
        // Free names in some places of the fixtures.
        let known = Set(FieldSet.all.flatMap(\.known)).subtracting(["target"])
        #expect(Set(Self.keys.map(\.key)) == known)
    }

    @Test(arguments: keys.indices)
    func `A field with one letter changed is an error that suggests the right one`(index: Int) throws {
        let fixture = try ConfigurationFixture()
        let (text, number, key) = Self.keys[index]
        let lines = ConfigurationFixture.texts[text].split(separator: "\n", omittingEmptySubsequences: false)
        // Every third letter, and of the next field's letters the next ones: each letter of each costs a minute.
        for (place, position) in key.indices.enumerated() where key[position] != "_" && place % 3 == index % 3 {
            var typo = key
            typo.replaceSubrange(position...position, with: key[position] == "q" ? "x" : "q")
            var changed = lines.map(String.init)
            changed[number] = changed[number].replacing("\(key):", with: "\(typo):", maxReplacements: 1)
            let problems = try fixture.problems(changed.joined(separator: "\n"))
            let found = problems.filter { $0.line == number + 1 && $0.message == "there is no such field" }
            #expect(found.count == 1, "\(typo): \(problems)")
            #expect(found.first?.hint == "Did you mean `\(key)`?", "\(typo)")
            #expect(found.first?.path.hasSuffix(typo) == true)
            #expect(found.first?.gravity == .error)
            #expect(found.first?.value == nil, "what stands at a wrong field may be a secret")
        }
    }

    @Test func `A field in the wrong place is told its place`() throws {
        let fixture = try ConfigurationFixture()
        #expect(
            try fixture.problem(ConfigurationFixture.minimal("glance: 1s")).hint == "`glance` belongs under `sampling`")
        #expect(
            try fixture.problem(ConfigurationFixture.minimal("interval: 1s")).hint
                == "`interval` belongs under `rules` or `heartbeat`")
    }

    // MARK: - Several

    @Test func `All errors are reported at once, in the order of the file, each with its place`() throws {
        let fixture = try ConfigurationFixture()
        let problems = try fixture.problems(
            """
            listen: 9743
            privacy: { query_text: normalised }
            targets:
              - name: app
                dns: postgresql://db/app
              - name: app
                dsn: ${DATABSE_URL}
                databases: app
            sampling: { glance: 5, idle: 1h }
            rules: { files: [alerts/absent.yml] }
            receivers:
              - name: mail
                email: { smtp: mail.example.org, from: me, to: [] }
              - name: chat
                slack: { webhook_url_file: secrets/slak }
            routes:
              - { receiver: mial, severity: fatal }
            """)
        #expect(
            problems.map(\.description).map { $0.replacing(fixture.folder.path, with: "…") } == [
                "…/lockkeeper.yml:1:9: error: listen: is not an address to listen on (`9743`). "
                    + "Say which address: `127.0.0.1:9743` for this machine alone, `0.0.0.0:9743` for all",
                "…/lockkeeper.yml:2:24: error: privacy.query_text: must be `full`, `normalized` or `none` (`normalised`). "
                    + "Did you mean `normalized`?",
                "…/lockkeeper.yml:4:5: error: targets[0]: `dsn` is missing. "
                    + "Write `dsn: postgresql://lockkeeper@host/database`, or `dsn_file` with a file that holds it",
                "…/lockkeeper.yml:5:5: error: targets[0].dns: there is no such field. Did you mean `dsn`?",
                "…/lockkeeper.yml:6:11: error: targets[1].name: another target is called so too (`app`). Names must differ",
                "…/lockkeeper.yml:7:10: error: targets[1].dsn: the environment variable `DATABSE_URL` is not set. "
                    + "Did you mean `${DATABASE_URL}`?",
                "…/lockkeeper.yml:8:16: error: targets[1].databases: must be a list of names, or \"*\" for all (`app`). "
                    + "Write `[app]`",
                "…/lockkeeper.yml:9:21: error: sampling.glance: is not a duration (`5`). "
                    + "A unit is missing: `5s` for seconds, `5ms` for milliseconds",
                "…/lockkeeper.yml:9:30: error: sampling.idle: must be from 100ms to 10m (`1h`)",
                "…/lockkeeper.yml:10:18: error: rules.files[0]: the rule file …/alerts/absent.yml does not exist. "
                    + "Relative paths start from the configuration's folder",
                "…/lockkeeper.yml:12:5: warning: receivers[0]: no route leads to `mail`, so it is told nothing. "
                    + "Add `- { receiver: mail }` to `routes`",
                "…/lockkeeper.yml:13:20: error: receivers[0].email.smtp: is not a mail server's URL (`mail.example.org`). "
                    + "It has the form `smtp://mail.example.org:587`",
                "…/lockkeeper.yml:13:44: error: receivers[0].email.from: is not a mail address (`me`). "
                    + "Write `ops@example.org` or `Operations <ops@example.org>`",
                "…/lockkeeper.yml:13:52: error: receivers[0].email.to: names nobody. Write `to: [ops@example.org]`",
                "…/lockkeeper.yml:14:5: warning: receivers[1]: no route leads to `chat`, so it is told nothing. "
                    + "Add `- { receiver: chat }` to `routes`",
                "…/lockkeeper.yml:15:32: error: receivers[1].slack.webhook_url_file: the secret file …/secrets/slak does not exist. "
                    + "Did you mean `slack`, which is in the same folder?",
                "…/lockkeeper.yml:17:17: error: routes[0].receiver: there is no receiver of this name (`mial`). "
                    + "Did you mean `mail`?",
                "…/lockkeeper.yml:17:33: error: routes[0].severity: must be `info`, `warning` or `critical` (`fatal`)",
            ])
    }

    // MARK: - Files

    @Test(arguments: [
        ("", nil as Int?, "the file is empty"), ("# nothing\n", nil, "the file is empty"),
        ("just words", 1, "must be a mapping with"), ("- a list", 1, "must be a mapping with"),
        ("targets: [", 2, "the file is not YAML:"), ("a: b: c", 1, "the file is not YAML:"),
        ("targets:\n\t- name: x", 2, "the file is not YAML:"),
        ("state: a\nstate: b", 1, "`state` stands twice in one mapping"),
        ("a: 1\n---\nb: 2", 2, "but found another document"),
    ])
    func `A file that is no configuration is said as such, with the line`(text: String, line: Int?, message: String)
        throws
    {
        let problem = try ConfigurationFixture().problem(text)
        #expect(problem.line == line)
        #expect(problem.message.contains(message), "\(problem)")
    }

    @Test func `A configuration file that is missing, a folder, too large or no text is said as such`() throws {
        let fixture = try ConfigurationFixture()
        let folder = fixture.folder
        func reason(_ path: String) -> String? {
            do {
                _ = try Configuration.load(path: path, environment: [:])
                return nil
            } catch {
                return error.description.replacing(folder.path, with: "…")
            }
        }
        try folder.write("x", to: "lockkeeper.yaml")
        #expect(
            reason("\(folder.path)/lockkeeper.yml")
                == "…/lockkeeper.yml: error: the configuration file does not exist. "
                + "Did you mean `lockkeeper.yaml`, which is in the same folder?")
        #expect(reason("\(folder.path)/secrets") == "…/secrets: error: the configuration file is a folder")
        #expect(
            reason("\(folder.path)/lockkeeper.yaml/x")
                == "…/lockkeeper.yaml/x: error: the configuration file does not exist: a part of its path is not a folder"
        )
        #expect(reason("/dev/null") == "/dev/null: error: the configuration file is not a regular file")
        let large = try folder.write(String(repeating: "# comment\n", count: 500_000), to: "large.yml")
        #expect(reason(large) == "…/large.yml: error: the configuration file is larger than 4194304 bytes")
        let binary = try folder.write("", to: "binary.yml")
        try folder.write(bytes: [0xFF, 0xFE, 0x00], to: "binary.yml")
        #expect(reason(binary) == "…/binary.yml: error: the configuration file is not UTF-8 text")
    }

    // MARK: - Values

    @Test(arguments: [
        // listen
        ("listen: localhost", "listen", "is not an address to listen on"),
        ("listen: 127.0.0.1:70000", "listen", "is not an address to listen on"),
        ("listen: [127.0.0.1]", "listen", "must be a single value, not a list"),
        ("listen:", "listen", "is empty"),
        // general
        ("external_url: lockkeeper.example.org", "external_url", "this is not a URL"),
        ("external_url: https://h/?a=b", "external_url", "the URL has a query or fragment"),
        ("web: { token: short }", "web.token", "the token has fewer than 16 characters"),
        ("web: { token: 0123456789abcdef, token_file: x }", "web.token", "there is `token_file` too"),
        ("privacy: none", "privacy", "must be a mapping with `query_text`, not a single value"),
        // sampling
        ("sampling: { glance: 1ms }", "sampling.glance", "must be from 50ms to 1m"),
        ("sampling: { lock_timeout: 0 }", "sampling.lock_timeout", "must be from 10ms to 10s"),
        ("sampling: { active: soon }", "sampling.active", "is not a duration"),
        (
            "sampling: { lock_timeout: 1s, statement_timeout: 1s }", "sampling.lock_timeout",
            "`lock_timeout` (1s) is not shorter"
        ),
        ("rules: { interval: 1h }", "rules.interval", "must be from 100ms to 5m"),
        ("rules: { files: alerts/one.yml }", "rules.files", "must be a list"),
        ("rules: { files: [nothing/*.yml] }", "rules.files[0]", "no file matches"),
        ("rules: { files: [alerts/ome.yml] }", "rules.files[0]", "the rule file"),
        // receivers
        ("receivers: [{ name: a }]", "receivers[0]", "does not say by which way to tell"),
        ("receivers: [{ name: a, slack: {} }]", "receivers[0].slack", "`webhook_url` is missing"),
        ("receivers: [{ slack: { webhook_url: 'https://h/x' } }]", "receivers[0]", "`name` is missing"),
        (
            "receivers: [{ name: a/b, slack: { webhook_url: 'https://h/x' } }]", "receivers[0].name",
            "is not usable as a name"
        ),
        (
            "receivers: [{ name: a, slack: { webhook_url: 'http://h/x' } }]", "receivers[0].slack.webhook_url",
            "the URL is plain `http:`"
        ),
        (
            "receivers: [{ name: a, webhook: { url: 'http://h/x' } }]", "receivers[0].webhook.url",
            "the URL is plain `http:`"
        ),
        (
            "receivers: [{ name: a, webhook: { url: 'http://h/x', allow_http: yes } }]",
            "receivers[0].webhook.allow_http", "must be `true` or `false`"
        ),
        (
            "receivers: [{ name: a, webhook: { url: 'ftp://h/x' } }]", "receivers[0].webhook.url",
            "the URL's scheme is neither"
        ),
        (
            "receivers: [{ name: a, webhook: { url: 'https:///x' } }]", "receivers[0].webhook.url",
            "the URL names no host"
        ),
        (
            "receivers: [{ name: a, webhook: { url: 'https://h x' } }]", "receivers[0].webhook.url",
            "the URL contains spaces"
        ),
        // routes
        (
            "receivers: [{ name: a, slack: { webhook_url: 'https://h/x', channel: '#x' } }]",
            "receivers[0].slack.channel", "a webhook's URL leads to its own channel and needs no `channel`"
        ),
        ("receivers: [{ name: a, slack: { channel: '#x' } }]", "receivers[0].slack", "`token` is missing"),
        ("receivers: [{ name: a, slack: { token: xoxb-1 } }]", "receivers[0].slack", "`channel` is missing"),
        (
            "receivers: [{ name: a, slack: { token: xoxb-1, channel: } }]", "receivers[0].slack.channel",
            "is empty: without quotes, `#` begins a comment"
        ),
        (
            "receivers: [{ name: a, slack: { token: xoxb-1, channel: '#a, #b' } }]", "receivers[0].slack.channel",
            "is not a channel's name or id"
        ),
        (
            "receivers: [{ name: a, slack: { token: 'xoxb 1', channel: '#a' } }]", "receivers[0].slack.token",
            "it contains spaces, line breaks or letters beyond ASCII, which no token does"
        ),
        (
            "receivers: [{ name: a, statuspage: { page: p } }]", "receivers[0].statuspage", "`token` is missing"
        ),
        (
            "receivers: [{ name: a, statuspage: { token: t } }]", "receivers[0].statuspage", "`page` is missing"
        ),
        (
            "receivers: [{ name: a, statuspage: { token: t, page: 'status.example.org' } }]",
            "receivers[0].statuspage.page", "is not an id"
        ),
        (
            "receivers: [{ name: a, statuspage: { token: t, page: p, components: ['My API'] } }]",
            "receivers[0].statuspage.components[0]", "is not an id"
        ),
        (
            "receivers: [{ name: a, statuspage: { token: t, page: p, notify_subscribers: maybe } }]",
            "receivers[0].statuspage.notify_subscribers", "must be `true` or `false`"
        ),
        ("receivers: [{ name: a, cachet: { token: t } }]", "receivers[0].cachet", "`url` is missing"),
        ("receivers: [{ name: a, cachet: { url: 'https://h' } }]", "receivers[0].cachet", "`token` is missing"),
        (
            "receivers: [{ name: a, cachet: { token: t, url: 'https://h/api' } }]", "receivers[0].cachet.url",
            "names the API's path, which is added"
        ),
        (
            "receivers: [{ name: a, cachet: { token: t, url: 'https://h', components: [API] } }]",
            "receivers[0].cachet.components[0]", "is not a component's number"
        ),
        (
            "receivers: [{ name: a, templates: { text: '{{ .Nosuch }}' }, slack: { webhook_url: 'https://h/x' } }]",
            "receivers[0].templates.text", "is no template: 1:4: can't evaluate field Nosuch in type struct"
        ),
        ("receivers: [{ name: a, pagerduty: {} }]", "receivers[0].pagerduty", "`routing_key` is missing"),
        (
            "receivers: [{ name: a, pagerduty: { routing_key: 'a b' } }]", "receivers[0].pagerduty.routing_key",
            "it contains spaces, line breaks or letters beyond ASCII, which no token does"
        ),
        (
            "receivers: [{ name: a, pagerduty: { routing_key: k, api_url: 'http://h' } }]",
            "receivers[0].pagerduty.api_url", "the URL is plain `http:`, which anybody on the way can read"
        ),
        ("receivers: [{ name: a, alertmanager: {} }]", "receivers[0].alertmanager", "`urls` is missing"),
        (
            "receivers: [{ name: a, alertmanager: { urls: [] } }]", "receivers[0].alertmanager.urls",
            "names no Alertmanager"
        ),
        (
            "receivers: [{ name: a, alertmanager: { urls: ['http://h:9093'] } }]",
            "receivers[0].alertmanager.urls[0]", "the URL is plain `http:`, which anybody on the way can read"
        ),
        (
            "receivers: [{ name: a, alertmanager: { urls: ['https://u:p@h'] } }]",
            "receivers[0].alertmanager.urls[0]", "neither credentials nor `?…` may be in this URL"
        ),
        (
            "receivers: [{ name: a, alertmanager: { urls: ['https://h/api/v2/alerts'] } }]",
            "receivers[0].alertmanager.urls[0]", "names the API's path, which is added"
        ),
        (
            "receivers: [{ name: a, alertmanager: { urls: ['https://h', 'https://h/'] } }]",
            "receivers[0].alertmanager.urls[1]", "stands in the list twice"
        ),
        ("leader_election: 2", "leader_election", "must be `true` or `false`"),
        ("routes: [{ severity: info }]", "routes[0]", "`receiver` is missing"),
        ("routes: [{ receiver: nobody }]", "routes[0].receiver", "there is no receiver of this name"),
    ])
    func `A bad value is one error at its place`(text: String, path: String, message: String) throws {
        let fixture = try ConfigurationFixture()
        let all = try fixture.problems(ConfigurationFixture.minimal(text)).filter { $0.gravity == .error }
        // A URL that needs `allow_http` is refused too where that field itself is wrong.
        let errors = all.filter { $0.path == path }
        #expect(errors.count == 1, "\(all)")
        #expect(all.count == 1 || path.hasSuffix("allow_http"), "\(all)")
        #expect(errors.first?.message.hasPrefix(message) == true, "\(all)")
        #expect(errors.first?.line == 2)
        #expect(errors.first?.column != nil)
    }

    @Test(arguments: [
        ("", "targets[0]", "`name` is missing"),
        ("name: '', dsn: host=a", "targets[0].name", "is empty"),
        ("name: ' a', dsn: host=a", "targets[0].name", "is not usable as a name"),
        ("name: a", "targets[0]", "`dsn` is missing"),
        ("name: a, dsn: host=a, dsn_file: b", "targets[0].dsn", "there is `dsn_file` too"),
        ("name: a, dsn_file: absent", "targets[0].dsn_file", "the secret file"),
        (
            "name: a, dsn: 'mysql://h/d'", "targets[0].dsn",
            "the connection string is not valid: a PostgreSQL URL begins"
        ),
        ("name: a, dsn: nonsense", "targets[0].dsn", "the connection string is not valid: it is neither"),
        ("name: a, dsn: host=a, databases: []", "targets[0].databases", "names no database"),
        ("name: a, dsn: host=a, databases: [b, b]", "targets[0].databases[1]", "stands in the list twice"),
        ("name: a, dsn: host=a, databases: [b, '*']", "targets[0].databases[1]", "`*` does not go with names"),
        ("name: a, dsn: host=a, labels: { 'a-b': c }", "targets[0].labels.a-b", "`a-b` cannot be a label's name"),
        ("name: a, dsn: host=a, labels: { database: c }", "targets[0].labels.database", "the label `database` is"),
        ("name: a, dsn: host=a, labels: [b]", "targets[0].labels", "must be a mapping"),
        ("name: a, dsn: host=a, migrations: { tool: drizzle }", "targets[0].migrations", "`folder` is missing"),
        ("name: a, dsn: host=a, migrations: { folder: drizzle }", "targets[0].migrations", "`tool` is missing"),
        (
            "name: a, dsn: host=a, migrations: { tool: alembic, folder: drizzle }", "targets[0].migrations.tool",
            "only `drizzle` folders are read yet"
        ),
        (
            "name: a, dsn: host=a, migrations: { tool: drizle, folder: drizzle }", "targets[0].migrations.tool",
            "this tool is not known"
        ),
    ])
    func `A bad target is an error at its place`(fields: String, path: String, message: String) throws {
        let fixture = try ConfigurationFixture()
        let problems = try fixture.problems("targets: [{ \(fields) }]")
        #expect(problems.contains { $0.path == path && $0.message.hasPrefix(message) }, "\(problems)")
    }

    @Test(arguments: ["", "targets: []", "targets: {}", "targets:"])
    func `Without targets there is nothing to watch`(text: String) throws {
        let problem = try ConfigurationFixture().problem("listen: 127.0.0.1:1\n" + text)
        #expect(problem.path == (text.isEmpty ? "" : "targets"))
    }

    @Test(arguments: [
        ("tls: starttls, smtp: 'smtps://m'", "tls", "`smtps:` means TLS from the first byte"),
        ("smtp: 'smtp://u:s3cr3t@m'", "smtp", "there are credentials in the URL"),
        ("smtp: 'smtp://m/x'", "smtp", "nothing may follow the host and port"),
        ("smtp: 'smtp://m:x'", "smtp", "is not a mail server's URL"),
        ("smtp: 'smtp://m', tls: ssl", "tls", "must be `none`, `starttls` or `implicit`"),
        ("smtp: 'smtp://m', username: u", "username", "there is no password for it"),
        ("smtp: 'smtp://m', password: p", "password", "there is no `username` for it"),
        (
            "smtp: 'smtp://m', tls: none, username: u, password: p", "tls",
            "the password would cross the network in clear"
        ),
        ("smtp: 'smtp://m', to: [a@b, 'B <A@b>']", "to[1]", "stands in the list twice"),
        ("smtp: 'smtp://m', to: ['a@b, c@d']", "to[0]", "is not one address"),
        ("smtp: 'smtp://m', to: [\"a@b\\r\\nRCPT TO:<x@y>\"]", "to[0]", "contains a control character"),
        ("smtp: 'smtp://m', to: a@b", "to", "must be a list of mail addresses"),
        ("smtp: 'smtp://m', ca_file: secrets/absent.pem", "ca_file", "the file"),
        ("smtp: 'smtp://m', ca_file: secrets/token", "ca_file", "the file"),
    ])
    func `A bad mail receiver is one error at its place`(fields: String, field: String, message: String) throws {
        let fixture = try ConfigurationFixture()
        let to = fields.contains("to:") ? "" : ", to: [d@e]"
        let problem = try fixture.problem(
            ConfigurationFixture.minimal("receivers: [{ name: m, email: { from: a@b, \(fields)\(to) } }]"))
        #expect(problem.path == "receivers[0].email.\(field)")
        #expect(problem.message.hasPrefix(message), "\(problem)")
    }

    @Test func `A receiver is of one kind, and receivers' names differ`() throws {
        let fixture = try ConfigurationFixture()
        let slack = "slack: { webhook_url: 'https://h/x' }"
        let both = try fixture.problem(
            ConfigurationFixture.minimal("receivers: [{ name: a, \(slack), webhook: { url: 'https://h' } }]"))
        #expect(both.message == "has `slack` and `webhook` at once")
        let twice = try fixture.problem(
            ConfigurationFixture.minimal("receivers: [{ name: a, \(slack) }, { name: a, \(slack) }]"))
        #expect(twice.path == "receivers[1].name")
        #expect(twice.message == "another receiver is called so too")
    }

    @Test(arguments: [
        ("target: ap", "routes[0].match.target", "there is no target of this name", "Did you mean `app`?"),
        ("tarqet: app", "routes[0].match.tarqet", "no incident has a label `tarqet`", "Did you mean `target`?"),
        ("envv: x", "routes[0].match.envv", "no incident has a label `envv`", "Did you mean `env`?"),
        (
            "severity: info", "routes[0].match.severity", "the severity is no label",
            "Write `severity: info` beside `match`"
        ),
    ])
    func `A route that could never match is an error`(match: String, path: String, message: String, hint: String) throws
    {
        let problem = try ConfigurationFixture().problem(
            """
            targets: [{ name: app, dsn: host=a, labels: { env: x } }]
            receivers: [{ name: a, slack: { webhook_url: 'https://h/x' } }]
            routes: [{ receiver: a, match: { \(match) } }]
            """)
        #expect(problem.path == path)
        #expect(problem.message.hasPrefix(message))
        #expect(problem.hint == hint)
    }

    // MARK: - Rules

    @Test func `What is wrong in rule files is reported with them, beside the configuration's own errors`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.folder.write(
            """
            groups:
              - name: g
                rules:
                  - alert: Broken
                    expr: sum(up
                  - alert: Fine
                    expr: up == 0
                    fro: 5m
            """, to: "alerts/two.yml")
        let problems = try fixture.problems(
            ConfigurationFixture.minimal("listen: nowhere\nrules: { files: [alerts/*.yml, alerts/two.yml] }"))
        #expect(problems.map(\.path) == ["listen", "groups[0].rules[0].expr", "groups[0].rules[1].fro"])
        #expect(problems[1].file == "\(fixture.folder.path)/alerts/two.yml")
        #expect(problems[1].line == 5)
        #expect(problems[1].message.hasPrefix("rule g/Broken: could not parse expression"))
        #expect(problems[2].hint == "Did you mean `for`?")
    }

    // MARK: - Warnings

    @Test func `What is only doubtful is a warning, and the configuration is used`() throws {
        let fixture = try ConfigurationFixture()
        let path = fixture.folder.path
        try fixture.folder.write("postgresql://u:p@h/d", to: "open", permissions: 0o644)
        let configuration = try fixture.load(
            """
            targets:
              - { name: a, dsn_file: open, migrations: { tool: drizzle, folder: drizle } }
            receivers:
              - { name: chat, slack: { webhook_url_file: secrets/slack } }
            """)
        #expect(
            configuration.warnings.map(\.description).map { $0.replacing(path, with: "…") } == [
                "…/lockkeeper.yml:2:26: warning: targets[0].dsn_file: the secret file …/open can be read by every user of this machine. chmod o-r …/open",
                "…/lockkeeper.yml:2:69: warning: targets[0].migrations.folder: the folder …/drizle does not exist. Did you mean `drizzle`, which is in the same folder?",
                "…/lockkeeper.yml:4:5: warning: receivers[0]: no route leads to `chat`, so it is told nothing. Add `- { receiver: chat }` to `routes`",
            ])
        #expect(configuration.targets[0].migrations?.folder == "\(path)/drizle")
    }

    @Test func `A configuration that holds a secret itself and that everybody may read is a warning`() throws {
        let fixture = try ConfigurationFixture()
        func warnings(_ text: String) throws -> [String] {
            let path = try fixture.folder.write(text, to: "open.yml", permissions: 0o644)
            return try Configuration.load(path: path, environment: fixture.environment).warnings.map(\.message)
        }
        let warning = "the file contains a secret and can be read by every user of this machine"
        #expect(try warnings("targets: [{ name: a, dsn: 'host=h password=p' }]") == [warning])
        #expect(try warnings("targets: [{ name: a, dsn: 'host=h' }]") == [])
        #expect(try warnings("targets: [{ name: a, dsn: '${DATABASE_URL}' }]") == [])
    }
}
