/// The aggregation operators (https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators).
enum AggregationOperator: String, Sendable, CaseIterable {
    case sum, min, max, avg, group, stddev, stdvar, count
    case countValues = "count_values"
    case bottomk, topk, quantile

    /// The type of the parameter that stands before the vector, if there is one.
    var parameterType: ValueType? {
        switch self {
        case .topk, .bottomk, .quantile: .scalar
        case .countValues: .string
        default: nil
        }
    }
}
