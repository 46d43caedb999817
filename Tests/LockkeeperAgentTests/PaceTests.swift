import LockkeeperConfig
import LockkeeperTestSupport
import LockkeeperTransfer
import Testing

@testable import LockkeeperAgent

/// How long each kind of receiver is left in peace between two attempts.
@Suite struct PaceTests {
    @Test(arguments: [
        ("slack: { webhook_url: 'https://h/x' }", Duration.seconds(1)),
        ("slack: { token: t, channel: C1 }", .seconds(1)), ("statuspage: { page: p, token: t }", .seconds(4)),
        ("cachet: { url: 'https://h', token: t }", .seconds(1)), ("webhook: { url: 'https://h/x' }", .zero),
        ("pagerduty: { routing_key: k }", .zero), ("alertmanager: { urls: ['https://h'] }", .zero),
        ("email: { smtp: 'smtp://h', from: a@example.org, to: [b@example.org] }", .zero),
    ])
    func `A receiver with a documented rate limit is told no faster`(channel: String, pace: Duration) async throws {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        fixture.receivers = ["{ name: r, \(channel) }"]
        fixture.routes = ["{ receiver: r }"]
        let configuration = try Configuration.load(path: try fixture.write(), environment: [:])
        let transfers = TransferClient()
        #expect(ConfiguredReceiver(configuration.receivers[0], transfers: transfers).pace == pace)
        await transfers.shutdown()
    }
}
