/// All functions by name.
enum FunctionTable {
    enum Finding {
        case found(Function)
        /// Prometheus has it, we do not: native histograms and experiments.
        case notSupported
        case unknown
    }

    static func lookup(_ name: String) -> Finding {
        if let function = functions[name] { return .found(function) }
        return notSupported.contains(name) ? .notSupported : .unknown
    }

    static let functions: [String: Function] = {
        let families = [
            arithmetic, calendar, conversions, labelFunctions, overTime, rates, regressions, presence,
            [histogramQuantile],
        ]
        return Dictionary(families.joined().map { ($0.name, $0) }) { first, _ in first }
    }()

    private static let notSupported: Set<String> = [
        "double_exponential_smoothing", "histogram_avg", "histogram_count", "histogram_fraction",
        "histogram_stddev", "histogram_stdvar", "histogram_sum", "holt_winters", "info", "limit_ratio", "limitk",
        "mad_over_time",
        "first_over_time", "sort_by_label", "sort_by_label_desc", "ts_of_first_over_time", "ts_of_last_over_time",
        "ts_of_max_over_time", "ts_of_min_over_time",
    ]
}
