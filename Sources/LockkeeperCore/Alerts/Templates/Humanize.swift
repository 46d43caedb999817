import PromQL

/// Numbers for people, exactly as Prometheus's template functions write them.
enum Humanize {
    private static let large = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
    private static let small = ["m", "u", "n", "p", "f", "a", "z", "y"]

    /// `1234567` is `1.235M`.
    static func decimal(_ value: Double) -> String {
        if value == 0 || !value.isFinite { return FloatText.general(value, digits: 4) }
        if value.magnitude >= 1 { return scaled(value, by: 1000, large) }
        return fraction(value)
    }

    /// `1048576` is `1Mi`.
    static func binary(_ value: Double) -> String {
        if value.magnitude <= 1 || !value.isFinite { return FloatText.general(value, digits: 4) }
        return scaled(value, by: 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    }

    /// Seconds: `3661` is `1h 1m 1s`.
    static func duration(_ value: Double) -> String {
        if !value.isFinite { return FloatText.general(value, digits: 4) }
        if value == 0 { return FloatText.general(value, digits: 4) + "s" }
        guard value.magnitude >= 1 else { return fraction(value) + "s" }
        let sign = value < 0 ? "-" : ""
        let magnitude = value.magnitude
        guard magnitude < 9e18 else { return sign + FloatText.general(magnitude, digits: 4) + "s" }
        let whole = Int(magnitude)
        let (days, hours, minutes, seconds) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60, whole % 60)
        if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
        if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
        if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
        return sign + FloatText.general(magnitude, digits: 4) + "s"
    }

    /// `0.125` is `12.5%`.
    static func percentage(_ value: Double) -> String {
        FloatText.general(value * 100, digits: 4) + "%"
    }

    /// Seconds since the epoch as Go prints a time: `2015-01-02 03:04:05.678 +0000 UTC`. Nil beyond what 64 bits of
    /// nanoseconds hold.
    static func timestamp(_ value: Double) -> String? {
        if !value.isFinite { return FloatText.general(value, digits: 4) }
        guard value.magnitude < 9.2e9 else { return nil }
        let milliseconds = Int64((value * 1_000_000_000).rounded(.towardZero)) / 1_000_000
        let civil = CivilTime(Timestamp(microseconds: milliseconds * 1000))
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        var fraction = padded(civil.microsecond, 6)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let date = padded(civil.year, 4) + "-" + padded(civil.month) + "-" + padded(civil.day)
        let clock = padded(civil.hour) + ":" + padded(civil.minute) + ":" + padded(civil.second)
        return date + " " + clock + (fraction.isEmpty ? "" : "." + fraction) + " +0000 UTC"
    }

    private static func scaled(_ value: Double, by factor: Double, _ prefixes: [String]) -> String {
        var value = value
        var prefix = ""
        for next in prefixes {
            if value.magnitude < factor { break }
            prefix = next
            value /= factor
        }
        return FloatText.general(value, digits: 4) + prefix
    }

    private static func fraction(_ value: Double) -> String {
        var value = value
        var prefix = ""
        for next in small {
            if value.magnitude >= 1 { break }
            prefix = next
            value *= 1000
        }
        return FloatText.general(value, digits: 4) + prefix
    }
}
