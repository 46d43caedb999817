/// What Prometheus's classic data model takes as a name
/// (https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels).
public enum LabelName {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    public static func isLabelName(_ text: String) -> Bool {
        isName(text, colons: false)
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    public static func isMetricName(_ text: String) -> Bool {
        isName(text, colons: true)
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        var isFirst = true
        for byte in text.utf8 {
            let accepted =
                byte.isASCIILetterOrUnderscore || (colons && byte == UInt8(ascii: ":"))
                || (!isFirst && byte.isASCIIDigit)
            if !accepted { return false }
            isFirst = false
        }
        return !isFirst
    }
}

extension UInt8 {
    var isASCIIDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    var isASCIILetterOrUnderscore: Bool {
        let lower = self | 0x20
        return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
    }
}
