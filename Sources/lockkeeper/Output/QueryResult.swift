import FoundationEssentials
import LockkeeperCore
import PromQL

/// What a query gives, as Prometheus's API answers it, as lines for people.
struct QueryResult: Decodable {
    /// One line for each sample: `up{job="node"} => 1 @[2026-11-23T20:50:13.000Z]`.
    let lines: [String]

    private enum CodingKeys: String, CodingKey { case resultType, result }

    private struct Series: Decodable {
        var metric: Labels
        var value: Point?
        var values: [Point]?
    }

    private struct Point: Decodable {
        var time: Double
        var text: String

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            time = try container.decode(Double.self)
            guard time.magnitude < 9e12 else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no time: \(time) seconds")
            }
            text = try container.decode(String.self)
        }

        var line: String { "\(text) @[\(Timestamp(seconds: time).rfc3339)]" }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .resultType) {
        case "scalar", "string":
            lines = [try container.decode(Point.self, forKey: .result).line]
        default:
            lines = try container.decode([Series].self, forKey: .result).flatMap { series in
                ((series.values ?? []) + (series.value.map { [$0] } ?? [])).map { "\(series.metric) => \($0.line)" }
            }
        }
    }
}
