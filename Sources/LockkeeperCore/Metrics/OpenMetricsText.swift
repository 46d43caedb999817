/// The text format of OpenMetrics 1.0.
///
/// Source: the OpenMetrics specification, "Text format". It differs from Prometheus's in this: TYPE, UNIT, HELP in this order; HELP
/// escapes the quote too; the families of counters and infos are named without `_total` and `_info`; `le` is a canonical number;
/// the exposition ends with `# EOF`, so that one cut off is known as such.
public enum OpenMetricsText {
    public static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    /// What scrapers before Prometheus 2.32 ask for: the same text, of the specification's draft.
    public static let draftContentType = "application/openmetrics-text; version=0.0.1; charset=utf-8"

    /// The exposition in UTF-8.
    public static func render(_ snapshot: MetricsSnapshot) -> [UInt8] {
        var writer = ExpositionWriter(isOpenMetrics: true, capacity: 16_384)
        for family in snapshot.families {
            let name = family.descriptor.familyName
            writer.appendMetadata("TYPE", name, family.type.rawValue)
            if let unit = family.unit { writer.appendMetadata("UNIT", name, unit.rawValue) }
            writer.appendMetadata("HELP", name, family.help, escapingQuotes: true)
            writer.appendSamples(of: family)
        }
        writer.append("# EOF\n")
        return writer.bytes
    }
}
