/// Numbers as text, in the forms of Go's `strconv.FormatFloat`, which Prometheus uses everywhere: in label values,
/// in the exposition formats and in templates. Digits are correctly rounded from the exact binary value.
public enum FloatText {
    /// The fewest digits that read back as the same number, with an exponent below 1e-4 and from 1e+06:
    /// Go's `'g', -1` and `%v`. `0.1`, `1800`, `1e+06`, `NaN`, `+Inf`.
    public static func shortest(_ value: Double) -> String {
        special(value) ?? general(ExactDecimal(shortest: value), isNegative: value.sign == .minus, limit: 6)
    }

    /// The fewest digits, never with an exponent: Go's `'f', -1`.
    public static func plain(_ value: Double) -> String {
        if let text = special(value) { return text }
        let decimal = ExactDecimal(shortest: value)
        return fixed(
            decimal, decimals: max(decimal.digits.count - decimal.point, 0), isNegative: value.sign == .minus)
    }

    /// This many digits after the point: Go's `%.2f`.
    public static func fixed(_ value: Double, decimals: Int) -> String {
        if let text = special(value) { return text }
        var decimal = ExactDecimal(exactly: value)
        decimal.round(toDigits: decimal.point + decimals)
        return fixed(decimal, decimals: decimals, isNegative: value.sign == .minus)
    }

    /// One digit before the point, this many after it, and an exponent: Go's `%.2e`.
    public static func scientific(_ value: Double, decimals: Int) -> String {
        if let text = special(value) { return text }
        var decimal = ExactDecimal(exactly: value)
        decimal.round(toDigits: decimals + 1)
        return scientific(decimal, decimals: decimals, isNegative: value.sign == .minus)
    }

    /// The fewest digits with an exponent: Go's `'e', -1`.
    public static func scientific(_ value: Double) -> String {
        if let text = special(value) { return text }
        let decimal = ExactDecimal(shortest: value)
        return scientific(
            decimal, decimals: max(decimal.digits.count - 1, 0), isNegative: value.sign == .minus)
    }

    /// At most this many significant digits: Go's `%.4g`.
    public static func general(_ value: Double, digits: Int) -> String {
        if let text = special(value) { return text }
        var decimal = ExactDecimal(exactly: value)
        let wanted = max(digits, 1)
        decimal.round(toDigits: wanted)
        var limit = wanted
        if limit > decimal.digits.count, decimal.digits.count >= decimal.point { limit = decimal.digits.count }
        return general(decimal, isNegative: value.sign == .minus, limit: limit)
    }

    private static func special(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return nil
    }

    private static func general(_ decimal: ExactDecimal, isNegative: Bool, limit: Int) -> String {
        let exponent = decimal.point - 1
        if exponent < -4 || exponent >= limit {
            return scientific(decimal, decimals: max(decimal.digits.count - 1, 0), isNegative: isNegative)
        }
        return fixed(
            decimal, decimals: max(decimal.digits.count - decimal.point, 0), isNegative: isNegative)
    }

    private static func fixed(_ decimal: ExactDecimal, decimals: Int, isNegative: Bool) -> String {
        var result = isNegative ? "-" : ""
        if decimal.point <= 0 {
            result += "0"
        } else {
            for index in 0..<decimal.point { result += "\(decimal.digit(index))" }
        }
        if decimals > 0 {
            result += "."
            for index in 0..<decimals { result += "\(decimal.digit(decimal.point + index))" }
        }
        return result
    }

    private static func scientific(_ decimal: ExactDecimal, decimals: Int, isNegative: Bool) -> String {
        var result = isNegative ? "-" : ""
        result += "\(decimal.digit(0))"
        if decimals > 0 {
            result += "."
            for index in 1...decimals { result += "\(decimal.digit(index))" }
        }
        let exponent = decimal.digits.isEmpty ? 0 : decimal.point - 1
        let magnitude = String(exponent.magnitude)
        result += exponent < 0 ? "e-" : "e+"
        return result + (magnitude.utf8.count < 2 ? "0" : "") + magnitude
    }
}
