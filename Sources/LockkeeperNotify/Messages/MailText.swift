internal import LockkeeperCore

/// The text/plain part of a mail.
struct MailText {
    /// A statement of many pages helps nobody; the page behind the link has it all.
    static let valueLimit = 4000

    let body: String

    init(_ notification: Notification, _ badge: Badge, _ wording: MessageWording) {
        let facts = notification.facts
        var lines = ["\(badge.word): \(wording.title)", ""]
        if !wording.place.isEmpty { lines.append("Where:  \(wording.place)") }
        lines += ["\(wording.timeLabel.prefix(1).uppercased())\(wording.timeLabel.dropFirst()):  \(wording.time)", ""]
        if let reason = wording.reason { lines += [reason, ""] }
        if !facts.summary.isEmpty { lines += [MessageWording.cut(facts.summary, to: Self.valueLimit), ""] }
        if !facts.actions.isEmpty {
            lines.append("WHAT TO DO")
            for (index, action) in facts.actions.enumerated() {
                lines.append("  \(index + 1). \(MessageWording.singleLine(action.text))")
                if let command = action.command { lines += Self.block(command, indent: 8) }
            }
            lines.append("")
        }
        let details = facts.details.filter { !$0.value.isEmpty }
        if !details.isEmpty {
            lines.append("DETAILS")
            for detail in details {
                let name = MessageWording.singleLine(detail.name)
                let value = MessageWording.cut(detail.value, to: Self.valueLimit)
                if detail.isCode || value.contains(where: \.isNewline) {
                    lines.append("  \(name):")
                    lines += Self.block(value, indent: 8)
                } else {
                    lines.append("  \(name): \(value)")
                }
            }
            lines.append("")
        }
        if !wording.alerts.isEmpty {
            lines += [wording.alertsHeading.uppercased()] + wording.alerts.map { "  \($0.name) \($0.text)" } + [""]
        }
        if !wording.timeline.isEmpty {
            lines += ["TIMELINE"] + wording.timeline.map { "  \($0.time)  \($0.text)" } + [""]
        }
        if !wording.links.isEmpty { lines += wording.links.map { "\($0.label): \($0.url)" } + [""] }
        // The line "-- " begins a signature, which readers fold away (RFC 3676, section 4.3).
        lines += ["-- ", wording.footer, ""]
        body = lines.joined(separator: "\n")
    }

    private static func block(_ text: String, indent: Int) -> [String] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
            String(repeating: " ", count: indent) + $0
        }
    }
}
