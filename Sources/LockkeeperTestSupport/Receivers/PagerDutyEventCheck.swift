public import Foundation

/// Checks an event against the schema of PagerDuty's Events API v2 (developer.pagerduty.com: "PD-CEF", "Send an Alert Event").
public struct PagerDutyEventCheck: Sendable {
    /// Everything that is wrong, each with its place.
    public private(set) var violations: [String] = []

    /// Checks the JSON of an event.
    public init(_ json: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            violations.append("the event is not a JSON object")
            return
        }
        keys(
            of: object,
            ["routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"])
        text(object["routing_key"], 32...32, "routing_key")
        text(object["dedup_key"], 1...255, "dedup_key")
        let action = object["event_action"] as? String ?? ""
        if !["trigger", "acknowledge", "resolve"].contains(action) { violations.append("event_action: \(action)") }
        if let payload = object["payload"] as? [String: Any] {
            check(payload)
        } else if object["payload"] != nil || action == "trigger" {
            violations.append("payload: not an object")
        }
        if let client = object["client"] { text(client, 1...255, "client") }
        if let url = object["client_url"] { self.url(url, "client_url") }
        if let links = object["links"] {
            for (index, link) in (links as? [[String: Any]] ?? [[:]]).enumerated() {
                keys(of: link, ["href", "text"], "links[\(index)].")
                url(link["href"], "links[\(index)].href")
                text(link["text"], 1...255, "links[\(index)].text")
            }
        }
    }

    private mutating func check(_ payload: [String: Any]) {
        keys(
            of: payload,
            ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"], "payload.")
        text(payload["summary"], 1...1024, "payload.summary")
        text(payload["source"], 1...255, "payload.source")
        let severity = payload["severity"] as? String ?? ""
        if !["critical", "error", "warning", "info"].contains(severity) {
            violations.append("payload.severity: \(severity)")
        }
        let iso = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/
        if let time = payload["timestamp"], (time as? String)?.wholeMatch(of: iso) == nil {
            violations.append("payload.timestamp: \(time)")
        }
        for key in ["component", "group", "class"] {
            if let value = payload[key] { text(value, 1...255, "payload.\(key)") }
        }
        if let details = payload["custom_details"], !(details is [String: String]) {
            violations.append("payload.custom_details: not an object of texts")
        }
    }

    private mutating func keys(of object: [String: Any], _ allowed: Set<String>, _ place: String = "") {
        for key in object.keys.sorted() where !allowed.contains(key) {
            violations.append("\(place)\(key): no such field")
        }
    }

    private mutating func text(_ value: Any?, _ length: ClosedRange<Int>, _ place: String) {
        guard let text = value as? String, length.contains(text.utf16.count) else {
            violations.append("\(place): not a text of \(length.lowerBound) to \(length.upperBound) characters")
            return
        }
    }

    private mutating func url(_ value: Any?, _ place: String) {
        guard let text = value as? String, text.hasPrefix("https://") || text.hasPrefix("http://") else {
            violations.append("\(place): not a URL")
            return
        }
    }
}
