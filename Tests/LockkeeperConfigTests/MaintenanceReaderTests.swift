import LockkeeperCore
import Testing

@testable import LockkeeperConfig

@Suite struct MaintenanceReaderTests {
    private static let receivers = """
        targets: [{ name: app, dsn: host=a }, { name: billing, dsn: host=b }]
        receivers:
          - { name: chat, slack: { webhook_url: 'https://h/x' } }
          - { name: pager, pagerduty: { routing_key: R0123456789 } }
          - { name: cluster, alertmanager: { urls: ['https://am'] } }
        routes: [{ receiver: pager }, { receiver: cluster }]

        """

    private func window(_ fields: String) -> String {
        Self.receivers
            + "maintenance: [{ name: move, \(fields), from: 2126-11-28T22:00:00Z, until: 2126-11-28T23:00:00Z }]"
    }

    @Test(arguments: [
        ("target: app", "app"), ("matchers: ['target=billing']", "billing"), ("matchers: ['target=~\".+\"']", ""),
        ("matchers: ['database=shop']", ""), ("matchers: ['target=other']", ""),
    ])
    func `A window is planned for the one target that it has`(fields: String, target: String) throws {
        let configuration = try ConfigurationFixture().load(window("\(fields), announce: [chat, chat]"))
        let planned = try #require(configuration.plannedMaintenance.first)
        #expect((planned.name, planned.target, planned.announce) == ("move", target, ["chat"]))
        #expect(planned.window.begin == Timestamp(rfc3339: "2126-11-28T22:00:00Z"))
        #expect(planned.window.end == Timestamp(rfc3339: "2126-11-28T23:00:00Z"))
        #expect(planned.window.comment == nil)
        // Told of maintenance, `chat` needs no route.
        #expect(configuration.warnings.map(\.path).allSatisfy { !$0.hasPrefix("receivers[0]") })
    }

    @Test func `A window that announces nothing is planned for nobody`() throws {
        let configuration = try ConfigurationFixture().load(window("target: app, comment: the move"))
        #expect(configuration.plannedMaintenance.map(\.announce) == [[]])
        #expect(configuration.plannedMaintenance.first?.window.comment == "the move")
        #expect(configuration.warnings.contains { $0.path == "receivers[0]" })
    }

    @Test(arguments: [
        ("[chta]", "there is no receiver of this name", "Did you mean `chat`?"),
        (
            "[chat, pager]", "`pager` calls people for what is wrong, and planned maintenance is not",
            "Name receivers of Slack, email, a webhook, Statuspage or Cachet"
        ),
        (
            "[cluster]", "`cluster` calls people for what is wrong, and planned maintenance is not",
            "Name receivers of Slack, email, a webhook, Statuspage or Cachet"
        ),
        ("chat", "must be a list of receivers' names", "Write each of them after a `-`"),
    ])
    func `Who cannot be told is an error at its place`(announce: String, message: String, hint: String) throws {
        let problem = try ConfigurationFixture().problem(window("target: app, announce: \(announce)"))
        #expect(problem.path.hasPrefix("maintenance[0].announce"))
        #expect(problem.line == 7)
        #expect(problem.message == message)
        #expect(problem.hint == hint)
    }
}
