import PromQL

/// A number that survives JSON, which has no NaN and no infinities: these are stored as text. NaN equals itself.
struct StorableNumber: Sendable, Hashable, Codable {
    var value: Double

    init(value: Double) {
        self.value = value
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            value = number
        } else {
            value = Double(try container.decode(String.self)) ?? .nan
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if value.isFinite {
            try container.encode(value)
        } else {
            try container.encode(FloatText.shortest(value))
        }
    }

    static func == (left: StorableNumber, right: StorableNumber) -> Bool {
        left.value == right.value || (left.value.isNaN && right.value.isNaN)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(value.isNaN ? Double.nan.bitPattern : (value == 0 ? 0 : value.bitPattern))
    }
}
