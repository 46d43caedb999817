import LockkeeperCore
import PromQL
import Testing

@testable import LockkeeperConfig

@Suite struct SilenceMatcherTests {
    private static let text = """
        targets: [{ name: app, dsn: host=a, labels: { env: production } }, { name: billing, dsn: host=b }]
        rules: { files: [rules.yml] }
        """

    private static let rules = """
        groups:
          - name: g
            rules:
              - { alert: MigrationFailed, expr: up == 0, labels: { team: payments } }
              - { record: some:record, expr: up }
        """

    @Test(arguments: [
        (
            "alertnam=MigrationFailed",
            "nothing has a label `alertnam`, so it counts as empty. Did you mean `alertname`?"
        ),
        ("alertname=MigrationFaild", "there is no alertname `MigrationFaild`. Did you mean `MigrationFailed`?"),
        ("alertname!=MigrationFaild", "there is no alertname `MigrationFaild`. Did you mean `MigrationFailed`?"),
        ("alertname=some:record", "there is no alertname `some:record`. Known: `MigrationFailed`"),
        (#"alertname=~"Migraton.*""#, "there is no alertname that matches `Migraton.*`"),
        ("target=ap", "there is no target `ap`. Did you mean `app`?"),
        ("severity=fatal", "there is no severity `fatal`. Known: `info`, `warning`, `critical`"),
        ("target=app", nil), (#"alertname=~"Migration.*""#, nil), (#"target!~"x.*""#, nil), (#"alertname="""#, nil),
        ("env=staging", nil), ("team=payments", nil), ("incident=alert-1", nil), ("database=shop", nil),
        ("mode=AccessExclusiveLock", nil),
    ])
    func `What a silence cannot mean is warned of`(matcher: String, warning: String?) throws {
        let fixture = try ConfigurationFixture()
        try fixture.folder.write(Self.rules, to: "rules.yml")
        let configuration = try fixture.load(Self.text)
        #expect(configuration.warnings(about: [try LabelMatcher(written: matcher)]) == [warning].compactMap { $0 })
    }
}
