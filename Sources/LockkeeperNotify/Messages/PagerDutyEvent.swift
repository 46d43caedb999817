public import LockkeeperCore

/// An event for PagerDuty (developer.pagerduty.com: Events API v2, "Send an Alert Event").
///
/// Everything about one incident carries the same `dedup_key`, so that PagerDuty makes one incident of it and a repeated
/// event changes nothing.
public struct PagerDutyEvent: Sendable, Hashable {
    /// What PagerDuty is to do with the incident.
    public enum Action: String, Sendable, Hashable, Codable, CaseIterable {
        case trigger, acknowledge, resolve
    }

    public let action: Action
    /// The incident's key.
    public let dedupKey: String
    private let routingKey: String
    private let payload: Payload
    private let link: String?
    private let links: [Link]

    /// PagerDuty's limits in characters; UTF-16 units, which are never fewer.
    private enum Limit {
        static let dedupKey = 255
        /// Of the parts of the payload that have no limit in the documentation.
        static let part = 255
        static let summary = 1024
        static let detail = 4000
    }

    private struct Payload: Sendable, Hashable, Encodable {
        var summary: String
        var source: String
        var severity: String
        var timestamp: String
        var component: String?
        var group: String?
        var `class`: String
        var customDetails: [String: String]

        private enum CodingKeys: String, CodingKey {
            case summary, source, severity, timestamp, component, group, `class`
            case customDetails = "custom_details"
        }
    }

    private struct Link: Sendable, Hashable, Encodable {
        var href: String
        var text: String
    }

    /// Renders what a delivery says.
    ///
    /// - Parameter action: one of ``actions(for:)``.
    public init(_ delivery: Delivery, _ action: Action, routingKey: String) {
        let notification = delivery.notification
        let wording = MessageWording(notification)
        let facts = notification.facts
        self.action = action
        self.routingKey = routingKey
        dedupKey = Self.dedupKey(notification.incidentKey)
        link = wording.links.first { $0.url == notification.link }?.url
        links = wording.links.map { Link(href: $0.url, text: $0.label) }
        payload = Payload(
            summary: MessageWording.cut(units: wording.title.isEmpty ? "Lockkeeper" : wording.title, to: Limit.summary),
            source: Self.part(facts.target) ?? Self.part(notification.sender) ?? "lockkeeper",
            severity: Self.severity(of: notification), timestamp: notification.at.rfc3339,
            component: Self.part(facts.database),
            group: Self.part(
                facts.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")),
            class: facts.run == nil
                ? notification.alerts.first.flatMap { Self.part($0.name) } ?? "lockkeeper" : "migration",
            customDetails: Self.details(of: notification, wording))
    }

    /// What PagerDuty is to be sent for a delivery, in this order.
    ///
    /// An end of which PagerDuty never knew the beginning resolves nothing there. If it is a bad one, somebody has to see to it: it is a
    /// page of its own, which that person resolves.
    public static func actions(for delivery: Delivery) -> [Action] {
        let notification = delivery.notification
        // A test shall leave nothing open behind it.
        if notification.isTest { return [.trigger, .resolve] }
        // Nobody is to be called for it.
        if notification.maintenance != nil { return [] }
        switch notification.reason {
        case .acknowledged: return [.acknowledge]
        case .resolved: return [delivery.sequence == 1 && Badge(notification).isBad ? .trigger : .resolve]
        case .opened, .escalated, .deescalated, .changed, .reminder, .test: return [.trigger]
        }
    }

    /// The body of the request. The same event gives the same bytes.
    public func json() throws -> [UInt8] { try MessageJSON.encode(self) }

    /// Incidents' keys are short; one that is not must still differ from others.
    private static func dedupKey(_ key: String) -> String {
        key.utf16.count <= Limit.dedupKey ? key : StableIdentifier.derive(from: key)
    }

    /// `nil` for nothing: PagerDuty takes no empty texts.
    private static func part(_ text: String) -> String? {
        let line = MessageWording.cut(units: MessageWording.singleLine(text), to: Limit.part)
        return line.isEmpty ? nil : line
    }

    private static func severity(of notification: Notification) -> String {
        if notification.isResolved, Badge(notification).isBad { return "critical" }
        return switch notification.severity {
        case .critical: "critical"
        case .warning: "warning"
        case .info: "info"
        }
    }

    private static func details(of notification: Notification, _ wording: MessageWording) -> [String: String] {
        var details: [String: String] = [:]
        func add(_ name: String, _ value: String) {
            let name = MessageWording.cut(units: MessageWording.singleLine(name), to: 80)
            if !value.isEmpty, details[name] == nil {
                details[name] = MessageWording.cut(units: value, to: Limit.detail)
            }
        }
        add("Summary", notification.facts.summary)
        add("Why now", wording.reason ?? "")
        add(
            "What to do",
            notification.facts.actions.enumerated().map { index, action in
                "\(index + 1). " + [action.text, action.command].compactMap { $0 }.joined(separator: ": ")
            }.joined(separator: "\n"))
        for detail in notification.facts.details.prefix(20) { add(detail.name, detail.value) }
        add(wording.alertsHeading, wording.alerts.map { "\($0.name) \($0.text)" }.joined(separator: "\n"))
        add("Timeline", wording.timeline.map { "\($0.time)  \($0.text)" }.joined(separator: "\n"))
        add("Sent by", wording.footer)
        return details
    }
}

extension PagerDutyEvent: Encodable {
    private enum CodingKeys: String, CodingKey {
        case payload, client, links
        case routingKey = "routing_key"
        case action = "event_action"
        case dedupKey = "dedup_key"
        case clientURL = "client_url"
    }

    /// As the API takes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(routingKey, forKey: .routingKey)
        try container.encode(action, forKey: .action)
        try container.encode(dedupKey, forKey: .dedupKey)
        // The other actions look at nothing else.
        guard action == .trigger else { return }
        try container.encode(payload, forKey: .payload)
        try container.encode("Lockkeeper", forKey: .client)
        try container.encodeIfPresent(link, forKey: .clientURL)
        if !links.isEmpty { try container.encode(links, forKey: .links) }
    }
}
