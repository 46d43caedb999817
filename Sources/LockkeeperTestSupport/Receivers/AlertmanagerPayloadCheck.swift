public import Foundation

/// Checks a webhook payload against Alertmanager's version "4" (prometheus.io: Alerting, Configuration, `<webhook_config>`).
public struct AlertmanagerPayloadCheck: Sendable {
    /// Everything that is wrong, each with its place.
    public private(set) var violations: [String] = []

    /// Checks the JSON of a payload. Additional fields are allowed, as receivers of that format ignore them.
    public init(_ json: Data) {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            violations.append("the payload is not a JSON object")
            return
        }
        if object["version"] as? String != "4" { violations.append("version: not the text 4") }
        for key in ["groupKey", "receiver", "externalURL"] where !(object[key] is String) {
            violations.append("\(key): not a text")
        }
        if !(object["truncatedAlerts"] is Int) { violations.append("truncatedAlerts: not a number") }
        checkStatus(object["status"], "status")
        for key in ["groupLabels", "commonLabels", "commonAnnotations"] { checkTexts(object[key], key) }
        guard let alerts = object["alerts"] as? [[String: Any]], !alerts.isEmpty else {
            violations.append("alerts: not an array with at least one object")
            return
        }
        for (index, alert) in alerts.enumerated() {
            let place = "alerts[\(index)]"
            checkStatus(alert["status"], "\(place).status")
            checkTexts(alert["labels"], "\(place).labels")
            checkTexts(alert["annotations"], "\(place).annotations")
            for key in ["startsAt", "endsAt"] { checkTime(alert[key], "\(place).\(key)") }
            for key in ["generatorURL", "fingerprint"] where !(alert[key] is String) {
                violations.append("\(place).\(key): not a text")
            }
            if (alert["labels"] as? [String: String])?["alertname"] == nil {
                violations.append("\(place).labels.alertname: missing")
            }
        }
        // As Alertmanager does: a group is resolved when all of its alerts are.
        let anyFires = alerts.contains { $0["status"] as? String == "firing" }
        if object["status"] as? String != (anyFires ? "firing" : "resolved") {
            violations.append("status: does not agree with the alerts'")
        }
    }

    private mutating func checkStatus(_ value: Any?, _ place: String) {
        if value as? String != "firing", value as? String != "resolved" {
            violations.append("\(place): neither firing nor resolved")
        }
    }

    private mutating func checkTexts(_ value: Any?, _ place: String) {
        if !(value is [String: String]) { violations.append("\(place): not an object of texts") }
    }

    private mutating func checkTime(_ value: Any?, _ place: String) {
        // RFC 3339; "0001-01-01T00:00:00Z" is Go's zero time, an end that is not known.
        let pattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/
        guard let text = value as? String, text.wholeMatch(of: pattern) != nil else {
            violations.append("\(place): not a time of RFC 3339")
            return
        }
    }
}
