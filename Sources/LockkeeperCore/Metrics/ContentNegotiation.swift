/// The forms in which the metrics can be had.
public enum ExpositionFormat: Sendable, Hashable, CaseIterable {
    case prometheusText
    case openMetrics
    /// OpenMetrics under the version number of its draft.
    case openMetricsDraft

    public var contentType: String {
        switch self {
        case .prometheusText: PrometheusText.contentType
        case .openMetrics: OpenMetricsText.contentType
        case .openMetricsDraft: OpenMetricsText.draftContentType
        }
    }

    /// The exposition in UTF-8.
    public func render(_ snapshot: MetricsSnapshot) -> [UInt8] {
        switch self {
        case .prometheusText: PrometheusText.render(snapshot)
        case .openMetrics, .openMetricsDraft: OpenMetricsText.render(snapshot)
        }
    }

    fileprivate var mediaType: (type: String, subtype: String, version: String) {
        switch self {
        case .prometheusText: ("text", "plain", "0.0.4")
        case .openMetrics: ("application", "openmetrics-text", "1.0.0")
        case .openMetricsDraft: ("application", "openmetrics-text", "0.0.1")
        }
    }
}

/// What a client wants, by its `Accept` and `Accept-Encoding` (RFC 9110, sections 12.5.1 and 12.5.3).
public enum ContentNegotiation {
    /// The form with the highest weight; among equals the one named most exactly, then the one named first. A client that names none of
    /// them gets the text format, as Prometheus wants it of exporters.
    ///
    /// - Parameter accept: the header's value, several of them joined by commas; `nil` without one.
    public static func format(accept: String?) -> ExpositionFormat {
        let ranges = parse(accept ?? "")
        var best: (format: ExpositionFormat, weight: Double, exactness: Int, position: Int)?
        for format in ExpositionFormat.allCases {
            // The most exact range that covers a form decides on it, so that `text/plain;q=0, */*` excludes plain text.
            let covering = ranges.indices.compactMap { position in
                exactness(of: ranges[position], for: format).map { (position: position, exactness: $0) }
            }
            guard let decisive = covering.max(by: { ($0.exactness, -$0.position) < ($1.exactness, -$1.position) })
            else { continue }
            let weight = ranges[decisive.position].weight
            guard weight > 0 else { continue }
            if let best,
                (best.weight, best.exactness, -best.position) >= (weight, decisive.exactness, -decisive.position)
            {
                continue
            }
            best = (format, weight, decisive.exactness, decisive.position)
        }
        return best?.format ?? .prometheusText
    }

    /// Whether the client takes gzip, and likes it no less than the plain body.
    ///
    /// - Parameter acceptEncoding: the header's value, several of them joined by commas; `nil` without one.
    public static func acceptsGzip(acceptEncoding: String?) -> Bool {
        let codings = parse(acceptEncoding ?? "")
        func weight(_ names: String...) -> Double? { codings.first { names.contains($0.name) }?.weight }
        guard let gzip = weight("gzip", "x-gzip") ?? weight("*"), gzip > 0 else { return false }
        return gzip >= weight("identity") ?? 0
    }

    /// One element of the list: `text/plain;version=0.0.4;q=0.5`.
    private struct WeightedElement {
        var name: String
        var parameters: [(name: String, value: String)] = []
        var weight = 1.0
    }

    /// 0 for `*/*`, 1 for `type/*`, 2 for the type, 3 with the version; `nil` if the range does not cover the format.
    private static func exactness(of range: WeightedElement, for format: ExpositionFormat) -> Int? {
        let (type, subtype, version) = format.mediaType
        switch range.name {
        case "*/*", "*": return 0
        case "\(type)/*": return 1
        case "\(type)/\(subtype)":
            // Other parameters ask for nothing that our names and encoding do not fulfil anyway: `charset`, and `escaping`, which says
            // what to do with names that are not legal of old.
            guard let wanted = range.parameters.first(where: { $0.name == "version" }) else { return 2 }
            return wanted.value == version ? 3 : nil
        default: return nil
        }
    }

    /// An element whose weight is not a number from 0 to 1 is left out.
    private static func parse(_ header: String) -> [WeightedElement] {
        split(header, at: ",").compactMap { text in
            let parts = split(text, at: ";")
            guard let name = parts.first.map({ trimmed($0).lowercased() }), !name.isEmpty else { return nil }
            var element = WeightedElement(name: name)
            for part in parts.dropFirst() {
                guard let equals = part.firstIndex(of: "=") else { continue }
                let parameter = trimmed(part[..<equals]).lowercased()
                let value = trimmed(part[part.index(after: equals)...])
                if parameter == "q" {
                    guard let weight = Double(value), (0...1).contains(weight) else { return nil }
                    element.weight = weight
                } else {
                    element.parameters.append((parameter, value.filter { $0 != "\"" }))
                }
            }
            return element
        }
    }

    /// Splits outside of quoted strings.
    private static func split(_ text: some StringProtocol, at separator: Character) -> [String] {
        var parts = [""]
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if character == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && character == "\\" && !isEscaped
            if character == separator, !isQuoted {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
