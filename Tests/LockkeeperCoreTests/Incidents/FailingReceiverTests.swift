import LockkeeperCore
import Testing

/// Who is told that a receiver refuses its messages: everybody but that receiver.
@Suite struct FailingReceiverTests {
    private static let begin = Timestamp(seconds: 1_764_000_000)
    private static let window = 900

    /// A book whose receivers may refuse, and the shipped rule: it fires while one has refused within the window.
    private struct Scene {
        var book: IncidentBook
        var refusing: Set<String>
        /// When each receiver refused last, in seconds since the begin.
        var refusals: [String: Int] = [:]
        var told: [String] = []

        init(_ routes: [Route], refusing: Set<String>) {
            book = IncidentBook(policy: IncidentPolicy(routes: routes))
            self.refusing = refusing
        }

        /// Looks once.
        mutating func at(_ second: Int, _ others: IncidentAlert...) {
            let failing = refusals.filter { second - $0.value < window }.keys.sorted().map(failure)
            for delivery in book.advance(firing: others + failing, at: begin + .seconds(second)).deliveries {
                let notification = delivery.notification
                let about =
                    notification.facts.details.first { $0.name == "receiver" }?.value ?? notification.facts.target
                told.append("\(second) \(delivery.receiver) \(notification.reason) \(about)")
                if refusing.contains(delivery.receiver) { refusals[delivery.receiver] = second }
            }
        }
    }

    private static func failure(of receiver: String) -> IncidentAlert {
        IncidentAlert(
            name: "NotificationsFailing", severity: .critical,
            labels: ["alertname": "NotificationsFailing", "severity": "critical", "receiver": receiver],
            annotations: ["summary": "Receiver \(receiver) refuses messages"], activeAt: begin)
    }

    private static let down = IncidentAlert(
        name: "TargetDown", severity: .critical,
        labels: ["alertname": "TargetDown", "severity": "critical", "target": "app"], annotations: [:], activeAt: begin)

    @Test func `One dead receiver is told of to the others once, and over once, however long they wait`() {
        var scene = Scene([Route(receiver: "mail"), Route(receiver: "pager")], refusing: ["mail"])
        scene.at(0, Self.down)
        scene.at(1, Self.down)
        scene.at(2)
        for second in 3..<4 * Self.window { scene.at(second) }
        #expect(
            scene.told == [
                "0 mail opened app", "0 pager opened app", "1 pager opened mail", "2 mail resolved app",
                "2 pager resolved app", "902 pager resolved mail",
            ])
    }

    @Test func `What else a dead receiver refuses keeps the alert true, and raises it again later`() {
        var scene = Scene([Route(receiver: "mail"), Route(receiver: "pager")], refusing: ["mail"])
        for second in 0..<4 * Self.window {
            let isDown = 0..<600 ~= second || 2000..<2600 ~= second
            isDown ? scene.at(second, Self.down) : scene.at(second)
        }
        #expect(
            scene.told.filter { $0.contains("pager") && $0.hasSuffix("mail") } == [
                "1 pager opened mail", "1500 pager resolved mail", "2001 pager opened mail",
                "3500 pager resolved mail",
            ])
        #expect(!scene.told.contains { $0.contains(" mail ") && $0.hasSuffix("mail") })
    }

    @Test func `A receiver that fails hears of others that do, in their words alone`() throws {
        var book = IncidentBook(
            policy: IncidentPolicy(routes: ["mail", "pager", "slack"].map { Route(receiver: $0) }))
        let both = [Self.failure(of: "mail"), Self.failure(of: "slack")]
        let change = book.advance(firing: both, at: Self.begin)
        #expect(change.deliveries.map(\.receiver) == ["mail", "pager", "slack"])
        #expect(
            change.deliveries.map(\.notification.title) == [
                "Receiver slack refuses messages", "Receiver mail refuses messages (and 1 more)",
                "Receiver mail refuses messages",
            ])
        #expect(change.deliveries.map(\.notification.alerts.count) == [1, 2, 1])
        let mail = try #require(change.deliveries.first?.notification)
        #expect(mail.facts.details.contains(.init("receiver", "slack")))
        let end = book.advance(firing: [], at: Self.begin + .seconds(1)).deliveries
        #expect(end.map(\.receiver) == ["mail", "pager", "slack"], "who was told is told the end")
        #expect(end.map { $0.notification.alerts.map(\.failingReceiver) } == [["slack"], ["mail", "slack"], ["mail"]])
    }

    @Test func `A receiver hears of another from when that one fails, and nothing of itself in a digest`() {
        var book = IncidentBook(
            policy: IncidentPolicy(routes: [Route(receiver: "mail"), Route(receiver: "slack", isDigest: true)]))
        var change = book.advance(firing: [Self.failure(of: "mail")], at: Self.begin)
        #expect(change.deliveries == [])
        change = book.advance(
            firing: [Self.failure(of: "mail"), Self.failure(of: "slack")], at: Self.begin + .seconds(1))
        #expect(change.deliveries.map(\.receiver) == ["mail"])
        #expect(change.deliveries.map(\.notification.reason) == [.opened])
        change = book.advance(firing: [Self.failure(of: "slack")], at: Self.begin + .seconds(2))
        #expect(change.deliveries == [])
        change = book.advance(firing: [], at: Self.begin + .seconds(3))
        #expect(change.deliveries.map(\.receiver) == ["mail"])
    }

    @Test func `The label is no matter where an alert is about a target`() {
        var book = IncidentBook(policy: IncidentPolicy(routes: [Route(receiver: "mail")]))
        var alert = Self.failure(of: "mail")
        alert.labels["target"] = "app"
        let change = book.advance(firing: [alert], at: Self.begin)
        #expect(change.deliveries.map(\.receiver) == ["mail"])
    }
}
