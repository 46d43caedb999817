import LockkeeperCore
import Testing

@testable import LockkeeperConfig

@Suite struct RouteReaderTests {
    @Test(arguments: [
        ("reminder_interval: 1h", "reminder_interval"), ("unacknowledged_for: 5m", "unacknowledged_for"),
        ("unacknowledged_for: 5m, reminder_interval: 1h", "unacknowledged_for"), ("minimum_duration: 5m", nil),
    ])
    func `Who is called until somebody acknowledges needs a way to acknowledge`(fields: String, path: String?) throws {
        let text = ConfigurationFixture.minimal(
            """
            receivers: [{ name: chat, slack: { webhook_url: 'https://h/x' } }]
            routes:
              - { receiver: chat, \(fields) }

            """)
        let warnings = try ConfigurationFixture().load(text).warnings.filter { $0.path.hasPrefix("routes") }
        #expect(warnings.map(\.path) == [path.map { "routes[0].\($0)" }].compactMap { $0 })
        if let warning = warnings.first {
            #expect(warning.line == 4)
            #expect(warning.message.contains("`web.token_file`"))
        }
        #expect(
            try ConfigurationFixture().load(text + "web: { token: 0123456789abcdef }").warnings.allSatisfy {
                !$0.path.hasPrefix("routes")
            })
    }
}
