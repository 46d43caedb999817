import PromQL

/// What a template computes with.
enum TemplateValue: Sendable {
    /// Go's untyped nil.
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case labels(Labels)
    case sample(VectorSample)
    case samples([VectorSample])
    /// The dot at the beginning, with its fields `Labels`, `Value`, `ExternalLabels`, `ExternalURL`.
    case root

    /// Go's idea of truth: not zero and not empty.
    var isTrue: Bool {
        switch self {
        case .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .labels(let labels): !labels.isEmpty
        case .samples(let samples): !samples.isEmpty
        case .sample, .root: true
        }
    }

    /// As `{{ . }}` prints it.
    var text: String {
        switch self {
        case .none: return "<no value>"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .float(let value): return FloatText.shortest(value)
        case .string(let text): return text
        case .labels(let labels): return "map[" + labels.map { $0.name + ":" + $0.value }.joined(separator: " ") + "]"
        case .sample(let sample):
            return "{" + TemplateValue.labels(sample.labels).text + " " + FloatText.shortest(sample.value) + "}"
        case .samples(let samples):
            return "[" + samples.map { TemplateValue.sample($0).text }.joined(separator: " ") + "]"
        case .root: return "<root>"
        }
    }

    /// As Go's messages name the type.
    var typeName: String {
        switch self {
        case .none: "<nil>"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float64"
        case .string: "string"
        case .labels: "map[string]string"
        case .sample: "*template.sample"
        case .samples: "template.queryResult"
        case .root: "struct"
        }
    }
}
