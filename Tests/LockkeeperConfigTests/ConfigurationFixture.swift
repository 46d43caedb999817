import LockkeeperTestSupport
import Testing

@testable import LockkeeperConfig

/// A folder with a configuration in which every field that is known stands once, each on a line of its own.
struct ConfigurationFixture {
    let folder: TemporaryFolder
    var environment = [
        "DATABASE_URL": "postgresql://lockkeeper@db.example.org/app", "SMTP_PASSWORD": "s3cr3t-of-environment",
    ]

    /// With the fields that exclude each other divided over both.
    static let texts = [
        """
        listen: 127.0.0.1:9743
        state: state
        external_url: https://lockkeeper.example.org/
        web:
          token: s3cr3t-token-of-the-web
          basic_auth_users: { ana: $2y$12$s3cr3tSaltOfAnaInBcryptsOwnBase64HashesAre53DigitsLon }
          tls:
            cert_file: secrets/certificate.pem
            key_file: secrets/key.pem
        targets:
          - name: app-production
            dsn: ${DATABASE_URL}
            databases: [app, billing]
            migrations:
              tool: drizzle
              folder: drizzle
            labels:
              env: production
          - name: reporting
            dsn_file: secrets/dsn
            databases: "*"
        leader_election: true
        sampling:
          glance: 100ms
          idle: 4s
          active: 2s
          history: 3s
          statements: 20s
          catalog: 1m
          lock_timeout: 50ms
          statement_timeout: 1.5s
          connect_timeout: 3s
        rules:
          files: [alerts/*.yml]
          interval: 500ms
        receivers:
          - name: incidents
            slack:
              webhook_url_file: secrets/slack
          - name: chat
            slack:
              webhook_url: https://hooks.example.org/s3cr3t-path
          - name: stakeholders
            email:
              smtp: smtp://mail.example.org
              tls: starttls
              username: lockkeeper
              password: ${SMTP_PASSWORD}
              from: Lockkeeper <lockkeeper@example.org>
              to: [dba@example.org, oncall@example.org]
              ca_file: secrets/ca.pem
          - name: status-page
            query_text: none
            webhook:
              url: http://banner.internal/hook
              secret: s3cr3t-of-signature
              allow_http: true
        routes:
          - receiver: incidents
          - receiver: chat
            severity: warning
          - receiver: stakeholders
            severity: critical
            matchers: ['tool!="psql"']
            active_hours:
              days: [mon-wed, friday]
              from: 08:30
              until: 18:00
              time_zone: Europe/Berlin
            minimum_duration: 2m
            reminder_interval: 4h
            unacknowledged_for: 15m
          - receiver: stakeholders
            digest: true
          - receiver: status-page
            match:
              target: app-production
              env: production
        maintenance:
          - name: move
            target: app-production
            from: 2126-11-28T22:00:00+01:00
            until: 2126-11-29T02:00:00+01:00
            comment: the move
            announce: [chat, status-page]
        heartbeat:
          url: http://switch.internal/s3cr3t-of-the-switch
          fail_url: https://switch.example.org/s3cr3t-of-the-switch/fail
          interval: 30s
          allow_http: true
        privacy:
          query_text: none
        """,
        """
        web:
          token_file: secrets/token
        targets:
          - name: app
            dsn: host=/run/postgresql dbname=app password='s3cr3t of app'
        receivers:
          - name: mail
            email:
              smtp: smtps://mail.example.org
              username: lockkeeper
              password_file: secrets/smtp
              from: lockkeeper@example.org
              to: [dba@example.org]
          - name: hook
            webhook:
              url_file: secrets/hook
              secret_file: secrets/signature
          - name: channel
            templates:
              title: "{{ $labels.env }}: {{ $labels.title }}"
              text: See {{ $labels.link }}
              action: ""
            slack:
              token: s3cr3t-of-the-bot
              channel: "#incidents"
              api_url: https://slack.example.org/api/
          - name: channel-too
            slack:
              token_file: secrets/signature
              channel: C0123456789
          - name: page
            statuspage:
              page: kctbh9vrtdwd
              token: s3cr3t-of-statuspage
              components: [ftgks51sfs2d]
              notify_subscribers: true
              api_url: https://statuspage.example.org
          - name: page-too
            statuspage:
              page: kctbh9vrtdwd
              token_file: secrets/signature
          - name: own-page
            cachet:
              url: http://status.internal/
              allow_http: true
              token: s3cr3t-of-cachet
              components: [7, 8]
              notify_subscribers: true
          - name: own-page-too
            cachet:
              url: https://status.example.org
              token_file: secrets/signature
          - name: oncall
            pagerduty:
              routing_key: s3cr3t-routing-key
              api_url: https://events.eu.pagerduty.com/
          - name: oncall-too
            pagerduty:
              routing_key_file: secrets/signature
          - name: cluster
            alertmanager:
              urls: [https://am-1.example.org/am/, http://am-2:9093]
              allow_http: true
              token: s3cr3t-of-the-proxy
          - name: cluster-too
            alertmanager:
              urls: [http://localhost:9093]
              token_file: secrets/signature
        routes:
          - receiver: mail
          - receiver: hook
          - receiver: channel
          - receiver: channel-too
          - receiver: page
          - receiver: page-too
          - receiver: own-page
          - receiver: own-page-too
          - receiver: oncall
          - receiver: oncall-too
          - receiver: cluster
          - receiver: cluster-too
        heartbeat:
          url_file: secrets/hook
          fail_url_file: secrets/slack
        """,
    ]

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("postgresql://lockkeeper:s3cr3t@db.example.org/reports\n", to: "secrets/dsn")
        try folder.write("https://hooks.example.org/s3cr3t\n", to: "secrets/slack")
        try folder.write("https://status.example.org/s3cr3t\r\n", to: "secrets/hook")
        for name in ["token", "smtp", "signature"] { try folder.write("s3cr3t-in-a-file\n", to: "secrets/\(name)") }
        try folder.write(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", to: "secrets/ca.pem")
        try folder.write(PEMPair.first.certificate, to: "secrets/certificate.pem")
        try folder.write(PEMPair.first.key, to: "secrets/key.pem")
        try folder.write("", to: "drizzle/.keep")
        try folder.write(
            "groups: [{ name: g, rules: [{ alert: Up, expr: up == 0 }] }]", to: "alerts/one.yml")
    }

    func load(_ text: String, defaultRules: [RuleFileText] = []) throws -> Configuration {
        try Configuration.load(
            path: try folder.write(text, to: "lockkeeper.yml"), environment: environment, defaultRules: defaultRules)
    }

    /// All that is wrong with a text; its loading must fail.
    func problems(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [ConfigurationProblem] {
        do {
            _ = try load(text)
        } catch let error as ConfigurationProblems {
            return error.problems
        }
        Issue.record("the configuration was accepted", sourceLocation: sourceLocation)
        return []
    }

    /// The only error in a text.
    func problem(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> ConfigurationProblem {
        let errors = try problems(text, sourceLocation: sourceLocation).filter { $0.gravity == .error }
        #expect(errors.count == 1, "\(errors)", sourceLocation: sourceLocation)
        return try #require(errors.first, sourceLocation: sourceLocation)
    }

    /// The smallest configuration that is valid, with more below it.
    static func minimal(_ more: String = "") -> String {
        "targets: [{ name: app, dsn: \"postgresql://db/app\" }]\n" + more
    }
}
