public import LockkeeperCore

/// A message for Slack's incoming webhook: Block Kit with a fallback text, escaped and within Slack's limits
/// (docs.slack.dev: Reference, Block Kit).
///
/// Slack rejects a message whole if one text in it is too long. Each part has a budget here, and
/// all together stay below the 12,000 characters after which Slack cuts.
public struct SlackMessage: Sendable, Hashable {
    /// The blocks that Lockkeeper uses.
    public enum Block: Sendable, Hashable {
        /// Plain text in large letters.
        case header(String)
        /// A paragraph.
        case section(String)
        /// Up to ten short texts in two columns.
        case fields([String])
        /// Small print.
        case context(String)
    }

    /// What notifications and screen readers show.
    public private(set) var text: String
    /// What the channel shows.
    public private(set) var blocks: [Block]

    private enum Limit {
        static let header = 150
        static let title = 500
        static let fallback = 300
        static let summary = 1000
        static let actions = 2400
        static let field = 240
        static let code = 700
        static let alerts = 700
        static let timeline = 800
        static let context = 250
    }

    /// Where a message stands, and so what is said in it.
    public enum Form: Sendable, Hashable, CaseIterable {
        /// All there is, in a message that nothing comes after.
        case whole
        /// How things stand: the one message that is edited in place for as long as the incident goes on.
        case standing
        /// What has become of it, in the thread of that one.
        case news
    }

    /// Renders a notification.
    public init(_ notification: Notification, _ form: Form = .whole) {
        let badge = Badge(notification)
        let wording = MessageWording(notification)
        let facts = notification.facts
        text = SlackMarkup.escaped(
            "\(badge.symbol) \(wording.title): \(MessageWording.singleLine(facts.summary))", limit: Limit.fallback)
        switch form {
        case .whole, .standing:
            blocks = [.header(Self.plain("\(badge.symbol) \(wording.title)", limit: Limit.header))]
            let place = [wording.place, "\(wording.timeLabel) \(wording.time)"].filter { !$0.isEmpty }.joined(
                separator: " · ")
            blocks.append(.context("*\(badge.word)* · " + SlackMarkup.escaped(place, limit: Limit.context)))
        case .news:
            blocks = [.section("*\(badge.symbol) \(SlackMarkup.escaped(wording.title, limit: Limit.title))*")]
        }
        if form != .standing, let reason = wording.reason {
            blocks.append(.section("_\(SlackMarkup.escaped(reason, limit: 200))_"))
        }
        if !facts.summary.isEmpty {
            blocks.append(.section(SlackMarkup.escaped(facts.summary, limit: Limit.summary)))
        }
        if let actions = Self.actions(facts.actions) { blocks.append(.section(actions)) }
        addDetails(facts.details)
        if form != .standing { addHistory(wording) }
        if form != .news {
            // Not buttons: of a webhook without interactivity Slack marks every pressed button with a warning.
            let links = wording.links.compactMap { SlackMarkup.link($0.url, $0.label) }
            if !links.isEmpty { blocks.append(.section(links.joined(separator: "  ·  "))) }
            blocks.append(.context(SlackMarkup.escaped(wording.footer, limit: Limit.context)))
        }
    }

    /// The payload to post. The same notification gives the same bytes.
    public func json() throws -> [UInt8] { try MessageJSON.encode(self) }

    private mutating func addHistory(_ wording: MessageWording) {
        if let alerts = Self.lines(
            "*\(wording.alertsHeading)*", wording.alerts.map { "• \($0.name) \($0.text)" }, Limit.alerts)
        {
            blocks.append(.section(alerts))
        }
        if let timeline = Self.lines("*Timeline*", wording.timeline.map { "\($0.time)  \($0.text)" }, Limit.timeline) {
            blocks.append(.section(timeline))
        }
    }

    private mutating func addDetails(_ details: [IncidentFacts.Detail]) {
        let fields = details.filter { !$0.isCode && !$0.value.isEmpty }.prefix(10).map { detail in
            let name = SlackMarkup.escaped(MessageWording.singleLine(detail.name), limit: 60)
            return "*\(name)*\n\(SlackMarkup.escaped(detail.value, limit: Limit.field - name.utf16.count - 3))"
        }
        if !fields.isEmpty { blocks.append(.fields(fields)) }
        for detail in details.filter({ $0.isCode && !$0.value.isEmpty }).prefix(3) {
            let name = SlackMarkup.escaped(MessageWording.singleLine(detail.name), limit: 60)
            blocks.append(.section("*\(name)*\n" + SlackMarkup.code(detail.value, limit: Limit.code)))
        }
    }

    private static func actions(_ actions: [IncidentFacts.Action]) -> String? {
        guard !actions.isEmpty else { return nil }
        var text = "*What to do*"
        for (index, action) in actions.enumerated() {
            var entry = "\n\(index + 1). " + SlackMarkup.escaped(MessageWording.singleLine(action.text), limit: 400)
            if let command = action.command {
                // A command that is cut in the middle does something else: it comes whole or not at all.
                let block = SlackMarkup.code(command, limit: .max)
                entry += block.utf16.count <= 1000 ? "\n" + block : " _(the statement is too long for here)_"
            }
            guard text.utf16.count + entry.utf16.count <= Limit.actions else {
                return text + "\n… and \(actions.count - index) more"
            }
            text += entry
        }
        return text
    }

    /// Lines under a heading; the newest stay when there are too many.
    private static func lines(_ heading: String, _ lines: [String], _ limit: Int) -> String? {
        guard !lines.isEmpty else { return nil }
        var kept: [String] = []
        var length = heading.utf16.count
        for line in lines.reversed() {
            let escaped = SlackMarkup.escaped(line, limit: 240)
            length += escaped.utf16.count + 1
            guard length <= limit else { break }
            kept.insert(escaped, at: 0)
        }
        return ([heading] + kept).joined(separator: "\n")
    }

    private static func plain(_ text: String, limit: Int) -> String {
        guard text.utf16.count > limit else { return text }
        var result = ""
        for character in text {
            guard result.utf16.count + character.utf16.count < limit else { break }
            result.append(character)
        }
        return result + "…"
    }
}

extension SlackMessage: Encodable {
    private enum CodingKeys: String, CodingKey {
        case text, blocks
        case unfurlsLinks = "unfurl_links"
    }

    /// As the webhook takes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(text, forKey: .text)
        try container.encode(blocks, forKey: .blocks)
        // A preview of the runbook's page would push the next message off the screen.
        try container.encode(false, forKey: .unfurlsLinks)
    }
}

extension SlackMessage.Block: Encodable {
    private enum CodingKeys: String, CodingKey {
        case type, text, fields, elements
    }

    private struct Text: Encodable {
        var type: String
        var text: String
        var emoji: Bool?
    }

    /// As Block Kit has it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .header(let text):
            try container.encode("header", forKey: .type)
            try container.encode(Text(type: "plain_text", text: text, emoji: false), forKey: .text)
        case .section(let text):
            try container.encode("section", forKey: .type)
            try container.encode(Text(type: "mrkdwn", text: text), forKey: .text)
        case .fields(let texts):
            try container.encode("section", forKey: .type)
            try container.encode(texts.map { Text(type: "mrkdwn", text: $0) }, forKey: .fields)
        case .context(let text):
            try container.encode("context", forKey: .type)
            try container.encode([Text(type: "mrkdwn", text: text)], forKey: .elements)
        }
    }
}
