/// Numbers as the exposition formats write them: as short as they can be while reading back the same.
enum MetricNumber {
    /// The form that OpenMetrics 1.0 wants of `le` ("Canonical numbers") and that Prometheus 3 keeps: always with a fraction or exponent.
    static func canonical(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }

    /// The usual form: whole numbers without a fraction.
    static func append(_ value: Double, to bytes: inout [UInt8]) {
        // Beyond 2^53 not every whole number is a Double, and the exponent is shorter. An Int64 has no negative zero.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53, whole != 0 || value.sign == .plus {
            if whole < 0 { bytes.append(UInt8(ascii: "-")) }
            append(whole.magnitude, to: &bytes)
        } else {
            let text = canonical(value)
            bytes.append(contentsOf: text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...])
        }
    }

    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        guard value >= 10 else {
            bytes.append(UInt8(ascii: "0") + UInt8(value))
            return
        }
        let start = bytes.count
        var rest = value
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }
}
