import LockkeeperCore
import Testing

struct MessageTemplateTests {
    private let notification = Notification(
        incidentID: "run-7", reason: .escalated, severity: .critical, isResolved: false,
        title: "Migration 0042 on app is blocked", since: Timestamp(microseconds: 1_795_400_168_000_000),
        at: Timestamp(microseconds: 1_795_400_293_000_000), duration: .seconds(125),
        facts: IncidentFacts(
            target: "app", database: "shop", labels: ["env": "production", "title": "not this"], summary: "It waits.",
            details: [.init("Blocked by", "pid 4711 of reports")],
            actions: [.init("End it", command: "SELECT 1"), .init("Wait")], run: "7"),
        sender: "test")

    @Test(arguments: [
        ("{{ $labels.title }}!", "Migration 0042 on app is blocked!"),
        ("{{ .Labels.blocked_by }}", "pid 4711 of reports"),
        ("{{ $labels.env | toUpper }}", "PRODUCTION"), ("{{ $labels.outcome }}.", "."),
        ("{{ $value | humanizeDuration }} / {{ $labels.duration }}", "2m 5s / 2m 5s"),
        ("{{ if eq $labels.severity \"critical\" }}now{{ else }}later{{ end }}", "now"),
        ("{{ $labels.action }}", "End it: SELECT 1\nWait"),
        ("{{ $labels.receiver }} {{ $labels.status }}", "ops firing"),
    ])
    func `A template sees what is known of the incident`(template: String, text: String) throws {
        #expect(try MessageTemplate(parsing: template).fill(notification, receiver: "ops") == text)
    }

    @Test(arguments: [
        ("{{ $labels.title", "1:"), ("{{ nosuch 1 }}", "1:"), ("ok\n{{ .Nosuch }}", "2:"),
        ("{{ query \"up\" | first }}", "1:"),
    ])
    func `A mistake is found when the template is read, with its line`(template: String, line: String) {
        let error = #expect(throws: TemplateError.self) { try MessageTemplate(parsing: template) }
        #expect(error?.description.hasPrefix(line) == true)
    }

    @Test func `What is not overridden stays, and what comes out empty leaves a title and a text as they were`() throws
    {
        let templates = MessageTemplates(
            title: try MessageTemplate(parsing: " {{ $labels.outcome }} "),
            text: try MessageTemplate(parsing: "\nCall 1234: {{ $labels.text }}\n"),
            action: try MessageTemplate(parsing: "{{ if $labels.test }}Nothing{{ end }}"))
        let told = templates.apply(to: notification, receiver: "ops")
        #expect(told.title == notification.title)
        #expect(told.facts.summary == "Call 1234: It waits.")
        #expect(told.facts.actions == [])
        #expect(MessageTemplates().apply(to: notification, receiver: "ops") == notification)
    }

    @Test func `A template that does not fit a message leaves its words as they were`() throws {
        // It fits the incident that it is tried on, which has another length.
        let templates = MessageTemplates(
            title: try MessageTemplate(parsing: "{{ if gt $value 100.0 }}{{ parseDuration $labels.title }}{{ end }}x"))
        #expect(templates.apply(to: notification, receiver: "ops").title == notification.title)
    }
}
