internal import PromQL

/// A text of messages as a receiver's configuration writes it, in the language of rule files' annotations (see `AlertTemplate`).
///
/// `{{ $labels.NAME }}` (or `{{ .Labels.NAME }}`) is a fact of the incident by the names in ``fields``, by the name of one of its details in
/// lower case with `_` for spaces (`blocked_by`), or a label of the target; a fact that is not known is empty. `{{ $value }}` is how long it
/// has lasted, in seconds. There are no series to `query`.
public struct MessageTemplate: Sendable, Hashable {
    private let template: AlertTemplate

    /// The facts that every incident may have. `title`, `text` and `action` are what would be said without the template.
    public static let fields = [
        "title", "text", "action", "severity", "status", "reason", "outcome", "incident", "target", "database", "run",
        "alerts", "since", "duration", "link", "receiver", "test",
    ]

    /// Reads a template and tries it on an incident.
    ///
    /// - Throws: `TemplateError` with the place of the mistake.
    public init(parsing source: String) throws(TemplateError) {
        template = try AlertTemplate(parsing: source)
        _ = try fill(Self.sample, receiver: "receiver")
    }

    /// The text for a message.
    ///
    /// - Throws: `TemplateError` where the template does not fit what this message says.
    public func fill(_ notification: Notification, receiver: String) throws(TemplateError) -> String {
        let filler = TemplateFiller(
            labels: Labels(Self.values(of: notification, receiver: receiver)), value: notification.duration.inSeconds,
            context: RuleContext(externalURL: notification.link ?? ""), series: NoSeries(),
            time: notification.at.microseconds / 1000)
        return try filler.fill(template)
    }

    private static func values(of notification: Notification, receiver: String) -> [String: String] {
        let facts = notification.facts
        var values = facts.labels
        for detail in facts.details {
            values[String(detail.name.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })] = detail.value
        }
        let own = [
            "title": notification.title, "text": facts.summary,
            "action": facts.actions.map { [$0.text, $0.command].compactMap(\.self).joined(separator: ": ") }
                .joined(separator: "\n"),
            "severity": notification.severity.rawValue, "status": notification.isResolved ? "resolved" : "firing",
            "reason": notification.reason.rawValue, "outcome": facts.outcome ?? "",
            "incident": notification.incidentID, "target": facts.target, "database": facts.database,
            "run": facts.run ?? "",
            "alerts": notification.alerts.map(\.name).joined(separator: ", "), "since": notification.since.readable,
            "duration": notification.duration.readable, "link": notification.link ?? "", "receiver": receiver,
            "test": notification.isTest ? "true" : "",
        ]
        values.merge(own) { _, own in own }
        return values
    }

    private static let sample = Notification(
        incidentID: "run-1", reason: .opened, severity: .warning, isResolved: false, title: "Migration 0042 started",
        since: Timestamp(microseconds: 0), at: Timestamp(microseconds: 60_000_000), duration: .seconds(60),
        facts: IncidentFacts(
            target: "app", database: "app", summary: "It is at work.", actions: [.init("Wait")], run: "1"),
        link: "https://lockkeeper.example.org/?incident=run-1", sender: "lockkeeper")

    private struct NoSeries: SeriesSource {
        func newest(matching matchers: [LabelMatcher], from start: Int64, through end: Int64) -> [SeriesSample] { [] }

        func samples(
            matching matchers: [LabelMatcher], from start: Int64, through end: Int64, limit: Int
        ) -> [SeriesSamples]? { [] }
    }
}

/// The texts that a receiver says in its own words.
public struct MessageTemplates: Sendable, Hashable {
    /// The headline: Slack's header, the mail's subject, the incident's name on a status page.
    public var title: MessageTemplate?
    /// What is going on: the paragraph below the headline, or all that a status page says.
    public var text: MessageTemplate?
    /// What to do. Where it comes out empty, nothing is said of that.
    public var action: MessageTemplate?

    public init(title: MessageTemplate? = nil, text: MessageTemplate? = nil, action: MessageTemplate? = nil) {
        self.title = title
        self.text = text
        self.action = action
    }

    /// The notification in the words of the templates.
    ///
    /// Where one cannot be filled in, or a title or text comes out empty, the words stay as they were: a message in other words than wished is
    /// better than none.
    public func apply(to notification: Notification, receiver: String) -> Notification {
        func filled(_ template: MessageTemplate?) -> String? {
            guard let template, let text = try? template.fill(notification, receiver: receiver) else { return nil }
            let spaces = text.prefix { $0.isWhitespace }.count
            let end = text.reversed().prefix { $0.isWhitespace }.count
            return spaces == text.count ? "" : String(text.dropFirst(spaces).dropLast(end))
        }
        var result = notification
        if let title = filled(title), !title.isEmpty { result.title = title }
        if let text = filled(text), !text.isEmpty { result.facts.summary = text }
        if let action = filled(action) { result.facts.actions = action.isEmpty ? [] : [.init(action)] }
        return result
    }
}
