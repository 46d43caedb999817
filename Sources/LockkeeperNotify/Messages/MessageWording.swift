internal import LockkeeperCore

/// What the messages of all channels say in the same words.
struct MessageWording: Sendable {
    private let notification: Notification

    init(_ notification: Notification) { self.notification = notification }

    /// The headline on one line.
    var title: String {
        let title = Self.singleLine(notification.title)
        // The incident book's titles of tests may say so themselves.
        return notification.isTest && !title.hasPrefix("TEST") ? "TEST: \(title)" : title
    }

    /// `app-production, database app (env=production)`; "" for what is on no target.
    var place: String {
        let facts = notification.facts
        var text = facts.target
        if !facts.database.isEmpty {
            text += text.isEmpty ? "database \(facts.database)" : ", database \(facts.database)"
        }
        let labels = facts.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !labels.isEmpty { text += "\(text.isEmpty ? "" : " ")(\(labels.joined(separator: ", ")))" }
        return Self.singleLine(text)
    }

    /// What stands before `time`.
    var timeLabel: String { notification.maintenance == nil ? "since" : "planned for" }

    /// `2026-11-23 02:16:08 UTC (31m 2s)`, or with the end where it is over; of maintenance the planned time.
    var time: String {
        if let maintenance = notification.maintenance {
            return "\(maintenance.readable) (\((maintenance.end - maintenance.begin).readable))"
        }
        let length = notification.duration.readable
        return notification.isResolved
            ? "\(notification.since.readable), lasted \(length)" : "\(notification.since.readable) (for \(length))"
    }

    /// Why this message comes, where that is not plain from the rest.
    var reason: String? {
        switch notification.reason {
        case .escalated: "The severity rose to \(notification.severity.rawValue)."
        case .deescalated: "The severity fell to \(notification.severity.rawValue); it is not over yet."
        case .changed: notification.maintenance == nil ? joined : "The plan has changed."
        case .acknowledged:
            notification.acknowledgement.map { acknowledgement in
                let comment = acknowledgement.comment.isEmpty ? "." : ": \(acknowledgement.comment)"
                return Self.singleLine("\(acknowledgement.author) is looking after it\(comment)")
            } ?? "Somebody is looking after it."
        case .reminder: "It still goes on, and nobody has acknowledged it."
        case .test: "This is a test message. Nothing is wrong, and nobody has to do anything."
        case .opened, .resolved: nil
        }
    }

    /// `2 more alerts have joined: slot a lags; slot b lags`
    private var joined: String {
        let texts = notification.joined
        let named = texts.prefix(3).map(Self.singleLine).joined(separator: "; ") + (texts.count > 3 ? "; …" : "")
        return switch texts.count {
        case 0: "Another alert has joined."
        case 1: "Another alert has joined: \(named)"
        default: "\(texts.count) more alerts have joined: \(named)"
        }
    }

    /// Over the alerts.
    var alertsHeading: String { notification.isResolved ? "Alerts that fired" : "Alerts" }

    /// The alerts worth naming: not the one that is the whole incident.
    var alerts: [(name: String, text: String)] {
        guard notification.facts.run != nil || notification.alerts.count > 1 else { return [] }
        return notification.alerts.map { alert in
            let summary = alert.annotations["summary"].map { ": \(Self.singleLine($0))" } ?? ""
            return (alert.name, "(\(alert.severity.rawValue))\(summary)")
        }
    }

    /// The timeline's lines, unless there is only the one that says what the message says.
    var timeline: [(time: String, text: String)] {
        guard notification.timeline.count > 1 else { return [] }
        let today = notification.at.readable.prefix(10)
        return notification.timeline.map { entry in
            let written = entry.at.readable
            return (written.hasPrefix(today) ? String(written.dropFirst(11)) : written, Self.singleLine(entry.text))
        }
    }

    /// The links that may stand in a message: only web addresses, whatever an annotation says.
    var links: [(label: String, url: String)] {
        let all = [("Open the incident", notification.link), ("Runbook", notification.facts.runbookURL)]
        return all.compactMap { label, url in
            guard let url, url.hasPrefix("https://") || url.hasPrefix("http://"),
                url.unicodeScalars.allSatisfy({
                    $0.value > 0x20 && $0.value < 0x7F && !"<>|\"\\".unicodeScalars.contains($0)
                })
            else { return nil }
            return (label, url)
        }
    }

    /// `lockkeeper 1.0 on watch-1 · incident run-…`
    var footer: String { "\(Self.singleLine(notification.sender)) · incident \(notification.incidentID)" }

    /// The text with line breaks and other control characters made spaces.
    static func singleLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: if line.last != " " { line.append(" ") }
            default: line.unicodeScalars.append(scalar)
            }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// At most so many UTF-16 units, with an ellipsis in place of what was cut off; no character is cut in two.
    static func cut(units text: String, to limit: Int) -> String {
        guard text.utf16.count > limit else { return text }
        var result = ""
        var length = 1
        for character in text {
            length += character.utf16.count
            guard length <= limit else { break }
            result.append(character)
        }
        return result + "…"
    }

    /// At most so many characters, with an ellipsis in place of what was cut off.
    static func cut(_ text: String, to limit: Int) -> String {
        text.count <= limit ? text : text.prefix(max(limit - 1, 0)) + "…"
    }
}
