import LockkeeperCore
import PromQL
import Testing

@testable import LockkeeperConfig

@Suite struct ConfigurationTests {
    @Test func `A configuration with every field becomes the values that it names`() throws {
        let fixture = try ConfigurationFixture()
        let path = fixture.folder.path
        let configuration = try fixture.load(ConfigurationFixture.texts[0])
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 9743))
        #expect(configuration.stateFolder == "\(path)/state")
        #expect(configuration.externalURL == "https://lockkeeper.example.org")
        #expect(try configuration.web.token?.read() == "s3cr3t-token-of-the-web")
        #expect(
            configuration.web.users.mapValues(\.text) == [
                "ana": "$2y$12$s3cr3tSaltOfAnaInBcryptsOwnBase64HashesAre53DigitsLon"
            ])
        #expect(
            configuration.web.tls
                == TLSFiles(certificateFile: "\(path)/secrets/certificate.pem", keyFile: "\(path)/secrets/key.pem"))
        #expect(try configuration.heartbeat?.endpoint.read() == "http://switch.internal/s3cr3t-of-the-switch")
        #expect(
            try configuration.heartbeat?.failEndpoint?.read() == "https://switch.example.org/s3cr3t-of-the-switch/fail")
        #expect(configuration.heartbeat?.interval == .seconds(30))

        #expect(configuration.targets.map(\.name) == ["app-production", "reporting"])
        #expect(
            try configuration.targets.map { try $0.dsn.read() } == [
                "postgresql://lockkeeper@db.example.org/app", "postgresql://lockkeeper:s3cr3t@db.example.org/reports",
            ])
        #expect(configuration.targets.map(\.databases) == [.named(["app", "billing"]), .all])
        #expect(
            configuration.targets[0].migrations == MigrationsConfiguration(tool: "drizzle", folder: "\(path)/drizzle"))
        #expect(configuration.targets[0].labels == ["env": "production"])
        #expect(configuration.electsLeader)

        #expect(
            configuration.sampling
                == SamplingConfiguration(
                    glance: .milliseconds(100), idle: .seconds(4), active: .seconds(2), history: .seconds(3),
                    statements: .seconds(20), catalog: .seconds(60), lockTimeout: .milliseconds(50),
                    statementTimeout: .milliseconds(1500), connectTimeout: .seconds(3)))
        #expect(configuration.rules.interval == .milliseconds(500))
        #expect(configuration.rules.files.map(\.name) == ["\(path)/alerts/one.yml"])

        #expect(configuration.receivers.map(\.name) == ["incidents", "chat", "stakeholders", "status-page"])
        #expect(configuration.receivers.map(\.hidesQueries) == [false, false, false, true])
        guard case .slack(let slack) = configuration.receivers[0].channel,
            case .email(let email) = configuration.receivers[2].channel,
            case .webhook(let webhook) = configuration.receivers[3].channel
        else {
            Issue.record("\(configuration.receivers)")
            return
        }
        #expect(try slack.webhook.read() == "https://hooks.example.org/s3cr3t")
        #expect(email.server == "smtp://mail.example.org:587")
        #expect(email.security == .starttls)
        #expect(email.credentials?.username == "lockkeeper")
        #expect(try email.credentials?.password.read() == "s3cr3t-of-environment")
        #expect(email.from == "Lockkeeper <lockkeeper@example.org>")
        #expect(email.to == ["dba@example.org", "oncall@example.org"])
        #expect(email.certificateAuthorityFile == "\(path)/secrets/ca.pem")
        #expect(try webhook.endpoint.read() == "http://banner.internal/hook")
        #expect(try webhook.signingSecret?.read() == "s3cr3t-of-signature")

        #expect(
            try configuration.routes == [
                Route(receiver: "incidents"), Route(receiver: "chat", severity: .warning),
                Route(
                    receiver: "stakeholders", severity: .critical, matchers: [LabelMatcher("tool", .notEqual, "psql")],
                    activeHours: configuration.routes[2].activeHours, minimumDuration: .seconds(120),
                    reminderInterval: .seconds(4 * 3600), unacknowledgedFor: .seconds(15 * 60)),
                Route(receiver: "stakeholders", isDigest: true),
                Route(receiver: "status-page", match: ["target": "app-production", "env": "production"]),
            ])
        let hours = try #require(configuration.routes[2].activeHours.first)
        #expect(hours.days == [.monday, .tuesday, .wednesday, .friday])
        #expect((hours.from, hours.until) == (8 * 60 + 30, 18 * 60))
        #expect(hours.zone.name == "Europe/Berlin")
        // Before and after the clocks there change on 28 March 2027.
        for (time, isActive) in [
            ("2027-03-26T07:29:59Z", false), ("2027-03-26T07:30:00Z", true), ("2027-03-26T16:59:59Z", true),
            ("2027-03-26T17:00:00Z", false), ("2027-03-29T06:30:00Z", true), ("2027-03-29T16:00:00Z", false),
            ("2027-04-01T12:00:00Z", false),
        ] {
            #expect(hours.contains(try #require(Timestamp(rfc3339: time))) == isActive, "\(time)")
        }
        #expect(
            configuration.maintenance == [
                Silence(
                    id: "maintenance-move", matchers: [LabelMatcher("target", is: "app-production")],
                    begin: try #require(Timestamp(rfc3339: "2126-11-28T21:00:00Z")),
                    end: try #require(Timestamp(rfc3339: "2126-11-29T01:00:00Z")), author: "the configuration",
                    comment: "the move")
            ])
        #expect(
            configuration.plannedMaintenance == [
                PlannedMaintenance(
                    name: "move", target: "app-production",
                    window: MaintenanceWindow(
                        begin: try #require(Timestamp(rfc3339: "2126-11-28T21:00:00Z")),
                        end: try #require(Timestamp(rfc3339: "2126-11-29T01:00:00Z")), comment: "the move"),
                    announce: ["chat", "status-page"])
            ])
        #expect(configuration.queryText == .none)
        #expect(configuration.warnings == [])
    }

    @Test func `Receivers of other services become the values that their fields name`() throws {
        let fixture = try ConfigurationFixture()
        let configuration = try fixture.load(ConfigurationFixture.texts[1])
        let channels = Dictionary(
            configuration.receivers.map { ($0.name, $0.channel) }, uniquingKeysWith: { first, _ in first })
        guard case .pagerDuty(let pager) = channels["oncall"], case .pagerDuty(let other) = channels["oncall-too"],
            case .alertmanager(let cluster) = channels["cluster"], case .slackBot(let bot) = channels["channel"],
            case .slackBot(let otherBot) = channels["channel-too"], case .statuspage(let page) = channels["page"],
            case .cachet(let ownPage) = channels["own-page"]
        else {
            Issue.record("\(channels)")
            return
        }
        #expect(try page.token.read() == "s3cr3t-of-statuspage")
        #expect((page.page, page.apiURL) == ("kctbh9vrtdwd", "https://statuspage.example.org"))
        #expect((page.components, page.notifiesSubscribers) == (["ftgks51sfs2d"], true))
        #expect(try ownPage.token.read() == "s3cr3t-of-cachet")
        #expect((ownPage.url, ownPage.components) == ("http://status.internal", [7, 8]))
        #expect(ownPage.notifiesSubscribers)
        #expect(try bot.token.read() == "s3cr3t-of-the-bot")
        #expect(bot.channel == "#incidents")
        let templates = configuration.receivers.first { $0.name == "channel" }?.templates
        #expect(try templates?.title == MessageTemplate(parsing: "{{ $labels.env }}: {{ $labels.title }}"))
        #expect(try templates?.text == MessageTemplate(parsing: "See {{ $labels.link }}"))
        #expect(try templates?.action == MessageTemplate(parsing: ""))
        #expect(configuration.receivers.first?.templates == MessageTemplates())
        #expect(bot.apiURL == "https://slack.example.org/api")
        #expect(otherBot.apiURL == "https://slack.com/api")
        #expect(try pager.routingKey.read() == "s3cr3t-routing-key")
        #expect(pager.apiURL == "https://events.eu.pagerduty.com")
        #expect(try other.routingKey.read() == "s3cr3t-in-a-file")
        #expect(other.apiURL == "https://events.pagerduty.com")
        #expect(cluster.urls == ["https://am-1.example.org/am", "http://am-2:9093"])
        #expect(try cluster.token?.read() == "s3cr3t-of-the-proxy")
    }

    @Test func `What is left out has its default`() throws {
        let fixture = try ConfigurationFixture()
        let configuration = try fixture.load(ConfigurationFixture.minimal())
        var expected = Configuration(
            targets: [TargetConfiguration(name: "app", dsn: Secret(literal: "postgresql://db/app"))])
        #expect(configuration == expected)
        expected.listen = ListenAddress(host: "127.0.0.1", port: 9743)
        expected.stateFolder = "/var/lib/lockkeeper"
        expected.queryText = .normalized
        expected.electsLeader = false
        #expect(configuration == expected)
        #expect(configuration.sampling.glance == .milliseconds(200))
        #expect(configuration.sampling.lockTimeout == .milliseconds(200))
        #expect(configuration.rules.interval == .seconds(1))
        #expect(configuration.heartbeat == nil)
        #expect(configuration.web == WebConfiguration())
        #expect(HeartbeatConfiguration(endpoint: HTTPEndpoint(url: Secret(literal: ""))).interval == .seconds(60))
    }

    @Test func `Without rule files the given default rules are used, and with them they are not`() throws {
        let fixture = try ConfigurationFixture()
        let rules = [
            RuleFileText(name: "shipped", text: "groups: [{ name: s, rules: [{ alert: A, expr: up == 0 }] }]")
        ]
        let byDefault = try fixture.load(ConfigurationFixture.minimal("rules: { interval: 2s }"), defaultRules: rules)
        #expect(byDefault.rules.files.map(\.name) == ["shipped"])
        #expect(byDefault.rules.interval == .seconds(2))
        let own = try fixture.load(
            ConfigurationFixture.minimal("rules: { files: [alerts/one.yml] }"), defaultRules: rules)
        #expect(own.rules.files.map(\.name) == ["\(fixture.folder.path)/alerts/one.yml"])
    }

    @Test func `A URL alone gives one target named after its database, and nobody to tell`() throws {
        let configuration = try Configuration.fromEnvironment(
            databaseURL: "postgres://u:p@h:5433/shop%20one?sslmode=require", environment: ["HOME": "/home/x"])
        #expect(configuration.targets.map(\.name) == ["shop one"])
        #expect(try configuration.targets[0].dsn.read() == "postgres://u:p@h:5433/shop%20one?sslmode=require")
        #expect(configuration.receivers == [])
        #expect(configuration.stateFolder == "/home/x/.local/state/lockkeeper")
    }

    @Test(arguments: [
        (["STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "HOME": "/h"], "/var/lib/a"),
        (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/lockkeeper"),
        (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/lockkeeper"),
        ([:], "/var/lib/lockkeeper"),
    ])
    func `With a URL alone, the state lies where this user may write`(environment: [String: String], folder: String)
        throws
    {
        let configuration = try Configuration.fromEnvironment(databaseURL: "service=app", environment: environment)
        #expect(configuration.stateFolder == folder)
        #expect(configuration.targets.map(\.name) == ["postgresql"])
    }

    @Test func `A URL alone that is none is refused without being shown`() throws {
        let error = #expect(throws: ConfigurationProblems.self) {
            try Configuration.fromEnvironment(databaseURL: "mysql://u:s3cr3t@h/d", environment: [:])
        }
        #expect(
            error?.description
                == "DATABASE_URL: error: the connection string is not valid: a PostgreSQL URL begins with `postgresql://` (hidden). "
                + "Write `postgresql://user@host:5432/database` or `host=… dbname=… user=…`")
    }

    @Test func `Paths in a file that is named without a folder start from the working directory`() {
        #expect(TextFile.resolve("a/b", in: TextFile.folder(of: "lockkeeper.yml")) == "a/b")
        #expect(TextFile.resolve("a/b", in: TextFile.folder(of: "/lockkeeper.yml")) == "/a/b")
        #expect(TextFile.resolve("a/b", in: TextFile.folder(of: "etc/lockkeeper.yml")) == "etc/a/b")
        #expect(TextFile.resolve("/a/b", in: "etc") == "/a/b")
    }

    @Test func `YAML's anchors and aliases can be used`() throws {
        let fixture = try ConfigurationFixture()
        let configuration = try fixture.load(
            """
            targets:
              - { name: a, dsn: host=a, labels: &labels { env: test } }
              - { name: b, dsn: host=b, labels: *labels }
            """)
        #expect(configuration.targets.map(\.labels) == [["env": "test"], ["env": "test"]])
    }
}
