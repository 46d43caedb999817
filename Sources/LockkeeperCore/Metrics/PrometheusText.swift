/// The text format 0.0.4 of Prometheus.
///
/// Source: Prometheus documentation, "Exposition formats". HELP escapes backslash and line feed; label values the quote too. No
/// timestamps are sent: the values are those of the moment of the scrape.
public enum PrometheusText {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The exposition in UTF-8.
    public static func render(_ snapshot: MetricsSnapshot) -> [UInt8] {
        var writer = ExpositionWriter(isOpenMetrics: false, capacity: 16_384)
        for family in snapshot.families {
            writer.appendMetadata("HELP", family.name, family.help)
            writer.appendMetadata("TYPE", family.name, typeName(of: family.type))
            writer.appendSamples(of: family)
        }
        return writer.bytes
    }

    private static func typeName(of type: MetricType) -> String {
        switch type {
        case .info, .gauge: "gauge"
        case .counter: "counter"
        case .histogram: "histogram"
        }
    }
}
