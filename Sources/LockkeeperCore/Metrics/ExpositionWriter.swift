/// What the two exposition formats have in common: lines appended to one buffer of bytes.
struct ExpositionWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether `le` and `# HELP` follow OpenMetrics.
    let isOpenMetrics: Bool

    init(isOpenMetrics: Bool, capacity: Int) {
        self.isOpenMetrics = isOpenMetrics
        bytes.reserveCapacity(capacity)
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ byte: Unicode.Scalar) {
        bytes.append(UInt8(ascii: byte))
    }

    /// A line of metadata such as `# TYPE name gauge`.
    mutating func appendMetadata(_ keyword: String, _ name: String, _ text: String, escapingQuotes: Bool = false) {
        append("# ")
        append(keyword)
        append(" ")
        append(name)
        append(" ")
        appendEscaped(text, escapingQuotes: escapingQuotes)
        append("\n")
    }

    mutating func appendSamples(of family: MetricFamily) {
        for sample in family.samples {
            switch sample.value {
            case .number(let value):
                append(family.name)
                appendLabels(sample.labels)
                append(" ")
                MetricNumber.append(value, to: &bytes)
                append("\n")
            case .histogram(let histogram):
                appendHistogram(family.name, sample.labels, histogram)
            }
        }
    }

    private mutating func appendHistogram(_ name: String, _ labels: [MetricLabel], _ histogram: HistogramAccumulator) {
        for (bound, count) in histogram.cumulativeBuckets {
            append(name)
            append("_bucket")
            appendLabels(labels, upperBound: bound)
            append(" ")
            MetricNumber.append(count, to: &bytes)
            append("\n")
        }
        append(name)
        append("_sum")
        appendLabels(labels)
        append(" ")
        MetricNumber.append(histogram.sum, to: &bytes)
        append("\n")
        append(name)
        append("_count")
        appendLabels(labels)
        append(" ")
        MetricNumber.append(histogram.count, to: &bytes)
        append("\n")
    }

    private mutating func appendLabels(_ labels: [MetricLabel], upperBound: Double? = nil) {
        guard !labels.isEmpty || upperBound != nil else { return }
        var separator: Unicode.Scalar = "{"
        for label in labels {
            append(separator)
            append(label.name)
            append("=\"")
            appendEscaped(label.value, escapingQuotes: true)
            append("\"")
            separator = ","
        }
        if let upperBound {
            append(separator)
            append("le=\"")
            if isOpenMetrics || !upperBound.isFinite {
                append(MetricNumber.canonical(upperBound))
            } else {
                MetricNumber.append(upperBound, to: &bytes)
            }
            append("\"")
        }
        append("}")
    }

    /// Both formats escape backslash and line feed everywhere, and the quote in label values; OpenMetrics escapes it in HELP too.
    private mutating func appendEscaped(_ text: String, escapingQuotes: Bool) {
        var text = text
        text.withUTF8 { utf8 in
            var start = utf8.startIndex
            for index in utf8.indices {
                let escaped: Unicode.Scalar
                switch utf8[index] {
                case UInt8(ascii: "\\"): escaped = "\\"
                case UInt8(ascii: "\n"): escaped = "n"
                case UInt8(ascii: "\"") where escapingQuotes: escaped = "\""
                default: continue
                }
                bytes.append(contentsOf: utf8[start..<index])
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(ascii: escaped))
                start = index + 1
            }
            bytes.append(contentsOf: utf8[start...])
        }
    }
}
