/// What of Prometheus's HTTP API the agent answers (https://prometheus.io/docs/prometheus/latest/querying/api/), so that
/// Grafana and `promtool query` can read it.
enum PrometheusEndpoint: Hashable {
    case query
    case queryRange
    case series
    case labelNames
    case labelValues(String)
    case rules
    case alerts

    /// - Parameter names: the parts of the path behind `/api/v1/`.
    init?(_ names: ArraySlice<String>) {
        switch Array(names) {
        case ["query"]: self = .query
        case ["query_range"]: self = .queryRange
        case ["series"]: self = .series
        case ["labels"]: self = .labelNames
        case ["rules"]: self = .rules
        case ["alerts"]: self = .alerts
        case let names where names.count == 3 && names[0] == "label" && names[2] == "values" && !names[1].isEmpty:
            self = .labelValues(names[1])
        default: return nil
        }
    }

    /// Whether the parameters may come as a form too, as Grafana sends them. It changes nothing, so it needs no token.
    var takesForm: Bool {
        switch self {
        case .query, .queryRange, .series, .labelNames: true
        case .labelValues, .rules, .alerts: false
        }
    }
}
