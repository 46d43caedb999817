import FoundationEssentials
import LockkeeperCore
import PromQL

/// A successful answer of Prometheus's API.
struct PrometheusAnswer<Data: Encodable>: Encodable {
    let status = "success"
    let data: Data

    func encoded() throws -> [UInt8] { Array(try JSONEncoder.prometheus.encode(self)) }
}

/// `data` of a query.
struct QueryAnswer: Encodable {
    let resultType: String
    let result: Result

    enum Result: Encodable {
        case point(Point)
        case text(TextPoint)
        case series([Series])

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .point(let point): try point.encode(to: encoder)
            case .text(let point): try point.encode(to: encoder)
            case .series(let series): try series.encode(to: encoder)
            }
        }
    }

    struct Series: Encodable {
        let metric: Labels
        var value: Point?
        var values: [Point]?
    }

    /// `[1435781451.781, "1"]`
    struct Point: Encodable {
        /// Milliseconds since the epoch.
        let time: Int64
        let value: Double

        func encode(to encoder: any Encoder) throws {
            try TextPoint(time: time, text: FloatText.plain(value)).encode(to: encoder)
        }
    }

    struct TextPoint: Encodable {
        /// Milliseconds since the epoch.
        let time: Int64
        let text: String

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(Double(time) / 1000)
            try container.encode(text)
        }
    }

    /// - Parameter time: of the evaluation, in milliseconds since the epoch.
    init(_ value: Value, at time: Int64) {
        switch value {
        case .scalar(let number):
            resultType = "scalar"
            result = .point(Point(time: time, value: number))
        case .string(let text):
            resultType = "string"
            result = .text(TextPoint(time: time, text: text))
        case .vector(let samples):
            resultType = "vector"
            result = .series(samples.map { Series(metric: $0.labels, value: Point(time: time, value: $0.value)) })
        case .matrix(let series):
            resultType = "matrix"
            result = .series(
                series.map { series in
                    Series(
                        metric: series.labels,
                        values: series.samples.map { Point(time: $0.timestamp, value: $0.value) })
                })
        }
    }
}

/// `data` of `/api/v1/alerts`.
struct AlertsAnswer: Encodable {
    let alerts: [Alert]

    struct Alert: Encodable {
        let labels: Labels
        let annotations: [String: String]
        let state: String
        let activeAt: String
        /// Since when it fires on although its condition is gone.
        let keepFiringSince: String?
        let value: String

        init(_ alert: AlertInstance) {
            labels = alert.labels
            annotations = alert.annotations
            state = alert.state.rawValue
            activeAt = alert.activeAt.rfc3339
            keepFiringSince = alert.keepFiringSince?.rfc3339
            value = FloatText.scientific(alert.value)
        }
    }

    init(_ groups: [RuleGroupStatus]) {
        alerts = groups.flatMap { $0.rules.flatMap { $0.alerts.filter(\.isActive).map(Alert.init) } }
    }
}

/// `data` of `/api/v1/rules`.
struct RulesAnswer: Encodable {
    let groups: [Group]

    struct Group: Encodable {
        let name: String
        let file: String
        let rules: [Rule]
        let interval: Double
        let limit: Int
        let evaluationTime: Double
        let lastEvaluation: String
    }

    struct Rule: Encodable {
        var state: String?
        let name: String
        let query: String
        var duration: Double?
        var keepFiringFor: Double?
        let labels: [String: String]
        var annotations: [String: String]?
        var alerts: [AlertsAnswer.Alert]?
        let health: String
        let lastError: String?
        let evaluationTime: Double
        let lastEvaluation: String
        let type: String
    }

    /// Which rules are wanted.
    struct Selection {
        var type: String?
        var names: [String] = []
        var groups: [String] = []
        var files: [String] = []
        var excludesAlerts = false

        fileprivate func wants(_ rule: LockkeeperCore.Rule) -> Bool {
            let isAlert = if case .alerting = rule { true } else { false }
            return (type == nil || (type == "alert") == isAlert) && (names.isEmpty || names.contains(rule.name))
        }

        fileprivate func wants(_ group: RuleGroup) -> Bool {
            (groups.isEmpty || groups.contains(group.name)) && (files.isEmpty || files.contains(group.file))
        }
    }

    init(_ status: RulesStatus, _ selection: Selection = Selection()) {
        groups = status.groups.filter { selection.wants($0.group) }.compactMap { group in
            let rules = group.rules.filter { selection.wants($0.rule) }
            // A group of which nothing is wanted is left out, as in Prometheus.
            guard !rules.isEmpty || group.rules.isEmpty else { return nil }
            return Group(
                name: group.group.name, file: group.group.file,
                rules: rules.map { Rule($0, excludesAlerts: selection.excludesAlerts) },
                interval: (group.group.interval ?? status.interval).inSeconds, limit: group.group.limit,
                evaluationTime: group.evaluationTime.inSeconds, lastEvaluation: Rule.moment(group.lastEvaluation))
        }
    }
}

extension RulesAnswer.Rule {
    init(_ status: RuleStatus, excludesAlerts: Bool) {
        health = status.lastEvaluation == nil ? "unknown" : status.lastError == nil ? "ok" : "err"
        lastError = status.lastError
        evaluationTime = status.evaluationTime.inSeconds
        lastEvaluation = Self.moment(status.lastEvaluation)
        name = status.rule.name
        switch status.rule {
        case .recording(let rule):
            type = "recording"
            query = rule.expression.description
            labels = rule.labels
        case .alerting(let rule):
            type = "alerting"
            query = rule.expression.description
            duration = rule.hold.inSeconds
            keepFiringFor = rule.keepFiringFor.inSeconds
            labels = rule.labels.mapValues(\.source)
            annotations = rule.annotations.mapValues(\.source)
            let states = Set(status.alerts.map(\.state))
            state = states.contains(.firing) ? "firing" : states.contains(.pending) ? "pending" : "inactive"
            if !excludesAlerts { alerts = status.alerts.filter(\.isActive).map(AlertsAnswer.Alert.init) }
        }
    }

    /// Go's zero time for never.
    fileprivate static func moment(_ time: Timestamp?) -> String { time?.rfc3339 ?? "0001-01-01T00:00:00Z" }
}

extension JSONEncoder {
    /// Names of labels stay as they are.
    static var prometheus: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
