internal import LockkeeperCore

/// The text/html part of a mail: tables and inline styles, which is what all mail readers show alike.
struct MailHTML {
    let body: String

    private static let font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
    private static let codeStyle =
        "margin:4px 0 10px;padding:8px 10px;background:#f3f3f6;border-radius:4px;white-space:pre-wrap;"
        + "word-break:break-word;font:13px/1.45 ui-monospace,Menlo,Consolas,monospace"

    init(_ notification: Notification, _ badge: Badge, _ wording: MessageWording) {
        let facts = notification.facts
        var parts: [String] = []
        if let reason = wording.reason { parts.append(Self.paragraph("<em>\(HTMLText.escaped(reason))</em>")) }
        if !facts.summary.isEmpty {
            parts.append(Self.paragraph(HTMLText.escaped(MessageWording.cut(facts.summary, to: MailText.valueLimit))))
        }
        if !facts.actions.isEmpty {
            parts.append(Self.heading("What to do"))
            let items = facts.actions.map { action in
                let command = action.command.map { Self.code($0) } ?? ""
                return
                    "<li style=\"margin:0 0 6px\">\(HTMLText.escaped(MessageWording.singleLine(action.text)))\(command)</li>"
            }
            parts.append("<ol style=\"margin:0 0 14px;padding-left:22px\">\n\(items.joined(separator: "\n"))\n</ol>")
        }
        let details = facts.details.filter { !$0.value.isEmpty }
        if !details.isEmpty {
            parts.append(Self.heading("Details"))
            parts.append(
                Self.table(
                    details.map { detail in
                        let value = MessageWording.cut(detail.value, to: MailText.valueLimit)
                        return (
                            HTMLText.escaped(detail.name), detail.isCode ? Self.code(value) : HTMLText.escaped(value)
                        )
                    }))
        }
        if !wording.alerts.isEmpty {
            parts.append(Self.heading(wording.alertsHeading))
            parts.append(Self.table(wording.alerts.map { (HTMLText.escaped($0.name), HTMLText.escaped($0.text)) }))
        }
        if !wording.timeline.isEmpty {
            parts.append(Self.heading("Timeline"))
            parts.append(Self.table(wording.timeline.map { (HTMLText.escaped($0.time), HTMLText.escaped($0.text)) }))
        }
        if !wording.links.isEmpty {
            let links = wording.links.map { link in
                "<a href=\"\(HTMLText.escaped(link.url))\" style=\"color:#1a5fb4\">\(HTMLText.escaped(link.label))</a>"
            }
            parts.append(Self.paragraph(links.joined(separator: " &nbsp;·&nbsp; ")))
        }
        let place = wording.place.isEmpty ? "" : "\(HTMLText.escaped(wording.place))<br>"
        body = """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>\(HTMLText.escaped(wording.title))</title></head>
            <body style="margin:0;padding:16px;background:#ffffff;color:#1c1b1f;\(Self.font);font-size:15px;line-height:1.45">
            <div style="max-width:680px">
            <div style="padding:10px 14px;background:\(badge.color);color:#ffffff;border-radius:6px 6px 0 0">
            <div style="font-size:12px;letter-spacing:1px">\(badge.symbol) \(badge.word)</div>
            <div style="font-size:18px;font-weight:600">\(HTMLText.escaped(wording.title))</div>
            </div>
            <div style="padding:14px;border:1px solid #d8d8de;border-top:0;border-radius:0 0 6px 6px">
            <p style="margin:0 0 14px;color:#5f5e66">\(place)\(wording.timeLabel) \(HTMLText.escaped(wording.time))</p>
            \(parts.joined(separator: "\n"))
            <p style="margin:14px 0 0;color:#77767d;font-size:12px">\(HTMLText.escaped(wording.footer))</p>
            </div>
            </div>
            </body>
            </html>

            """
    }

    private static func paragraph(_ html: String) -> String { "<p style=\"margin:0 0 14px\">\(html)</p>" }

    private static func heading(_ text: String) -> String {
        "<p style=\"margin:0 0 4px;font-weight:600\">\(text)</p>"
    }

    private static func code(_ text: String) -> String { "<pre style=\"\(codeStyle)\">\(HTMLText.escaped(text))</pre>" }

    private static func table(_ rows: [(String, String)]) -> String {
        let cells = rows.map { name, value in
            "<tr><td style=\"padding:1px 14px 1px 0;color:#5f5e66;vertical-align:top;white-space:nowrap\">\(name)</td>"
                + "<td style=\"padding:1px 0;vertical-align:top\">\(value)</td></tr>"
        }
        return "<table role=\"presentation\" cellspacing=\"0\" style=\"margin:0 0 14px;border-collapse:collapse\">\n"
            + cells.joined(separator: "\n") + "\n</table>"
    }
}
